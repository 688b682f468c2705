// Programs that are started with sockets, as a service manager does it.

import dgram from 'node:dgram';
import net from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { BoundHandle, HeldSocket } from '../../examples/upgrade-holder.ts';
import { held, startWith } from '../../examples/upgrade-holder.ts';
import { Program } from './programs.ts';

type MakeHandle = (...words: readonly (string | number | undefined)[]) => BoundHandle | number;

export function holdUnix(name: string, path: string): HeldSocket {
  return held(name, (net as unknown as { readonly _createServerHandle: MakeHandle })._createServerHandle(path, -1, -1));
}

export function holdUdp(name: string, host = '127.0.0.1'): HeldSocket {
  const { _createSocketHandle } = dgram as unknown as { readonly _createSocketHandle: MakeHandle };
  const type = host.includes(':') ? 'udp6' : 'udp4';
  process.noDeprecation = true; // there is no other way to bind one and not read from it
  return held(name, _createSocketHandle(host, 0, type, undefined, 0));
}

/** A compiled program with sockets, that is killed at the end of the test, if it lives that long. */
export function startWithSockets(
  t: Test,
  path: string,
  sockets: readonly HeldSocket[],
  words: readonly string[] = [],
  environment: Readonly<Record<string, string | undefined>> = {},
): Program {
  const file = join(process.cwd(), 'dist', `${path}.js`);
  const clean = { NODE_V8_COVERAGE: '', NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined };
  const program = new Program(startWith(sockets, [file, ...words], { ...clean, ...environment }));
  t.teardown(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
  });
  return program;
}
