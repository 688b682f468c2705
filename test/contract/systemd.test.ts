// Sockets that were passed by a service manager. The contract runs in a process that was started with them.

import { mkdtempSync, openSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { HeldSocket } from '../../examples/upgrade-holder.ts';
import { holdTcp } from '../../examples/upgrade-holder.ts';
import { holdUdp, holdUnix, startWithSockets } from '../support/activation.ts';

/** The contract asks for so many places. */
const places = 40;

t.test('a process with sockets from its manager', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-systemd-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const numbers = Array.from({ length: places }, (_, index) => index + 1);
  const connection = await connectedSocket();
  t.teardown(connection.close);
  const files = [
    ...numbers.map(number => holdUnix(`unix-${number}`, join(folder, `unix-${number}`))),
    holdUnix('file', join(folder, 'file')),
    holdUnix('wrong-file', join(folder, 'wrong-file')),
  ];
  const others = [
    ...numbers.map(number => holdTcp(`tcp-${number}`)),
    ...['named', 'closing', 'twice', 'twice', 'wrong-stream'].map(name => holdTcp(name)),
    holdUdp('packets'),
    holdUdp('packets-6', '::1'),
    holdUdp('wrong-packets'),
  ];
  const text: HeldSocket = { name: 'text', fd: openSync(join(folder, 'text'), 'w'), port: 0, close: () => undefined };
  const sockets = [holdTcp('numbered'), ...files, ...others, text, connection];
  const program = startWithSockets(t, 'test/contract/systemd-inside', sockets, ['3']);
  for (const socket of [...sockets.slice(0, 1), ...others]) socket.close();
  const { code } = await program.ended;
  for (const socket of files) socket.close();
  // What it says of its tests, each with the tests inside of it.
  const results = [...program.out.matchAll(/^ {0,4}((?:not )?ok) \d+ - (.*?)(?: \{| #|$)/gm)];
  for (const [, verdict, name] of results) t.equal(verdict, 'ok', name ?? '');
  t.ok(results.length > 50, `${results.length} tests ran`);
  t.equal(
    code,
    0,
    program.out
      .split('\n')
      .filter(line => /not ok|message:|expected|actual/.test(line))
      .slice(0, 20)
      .join('\n') + program.err,
  );
});

/** One end of a connection, which is no place to listen on. */
async function connectedSocket(): Promise<HeldSocket> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  await new Promise(resolve => socket.once('connect', resolve));
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const close = (): void => {
    socket.destroy();
    server.close();
  };
  return { name: 'connection', fd, port: 0, close };
}
