// Runs the compiled programs as a user would, and lets a test wait for what they say.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Test } from 'tap';
import { until } from './world.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program on a machine that does much else may take so many ms to say something. */
const startTime = 30_000;

export class Program {
  out = '';
  err = '';
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.child.stdout?.on('data', chunk => {
      this.out += String(chunk);
    });
    this.child.stderr?.on('data', chunk => {
      this.err += String(chunk);
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }) as Ended);
  }

  /** Waits until the standard error matches; gives the first group. */
  async says(pattern: RegExp): Promise<string> {
    const gone = this.ended.then(() => 'ended' as const);
    let state: 'running' | 'ended' = 'running';
    void gone.then(ended => {
      state = ended;
    });
    await until(`${String(pattern)} in:\n${this.err}`, () => pattern.test(this.err) || state === 'ended', startTime);
    const found = pattern.exec(this.err);
    if (found === null) throw new Error(`it ended without ${String(pattern)}:\n${this.err}`);
    return found[1] ?? '';
  }
}

/** A program that is killed at the end of the test, if it lives that long. */
export function start(t: Test, path: string, words: readonly string[], environment = {}): Program {
  const file = join(process.cwd(), 'dist', `${path}.js`);
  const child = spawn(process.execPath, [file, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '', ...environment },
  });
  const program = new Program(child);
  t.teardown(async () => {
    program.child.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

/** The example daemon on ports of the system's choice. */
export async function startServer(
  t: Test,
  ...words: string[]
): Promise<{ server: Program; address: string; udp: string }> {
  const ports = ['--listen', '127.0.0.1:0', '--log-rotate-listen', '127.0.0.1:0'];
  const server = start(t, 'examples/server', [...ports, ...words]);
  const address = await server.says(/listening on tcp:\/\/(\S+)/);
  const udp = await server.says(/bound to udp:\/\/(\S+)/);
  return { server, address, udp };
}

/** Runs ed-signal to its end. */
export function edSignal(t: Test, ...words: string[]): Promise<Run> {
  return run(t, 'tools/ed-signal', words);
}

/** Runs ed-qio to its end. */
export function edQio(t: Test, ...words: string[]): Promise<Run> {
  return run(t, 'tools/ed-qio', words);
}

/** `ed-qio serve` on a port of the system's choice. */
export async function serveQio(t: Test, ...words: string[]): Promise<{ server: Program; url: string }> {
  const server = start(t, 'tools/ed-qio', ['serve', '--port', '0', ...words]);
  return { server, url: `ws://${await server.says(/listening on any:\/\/(\S+)/)}/` };
}

type Run = Ended & { readonly out: string; readonly err: string };

async function run(t: Test, path: string, words: readonly string[]): Promise<Run> {
  const program = start(t, path, words);
  const ended = await program.ended;
  return { ...ended, out: program.out, err: program.err };
}
