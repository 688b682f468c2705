// The demo: starts the daemon, runs the client through the whole talk with trace on, sends QUIT with ed-signal,
// and waits for the daemon to end. Ports are the system's choice, so it runs beside anything.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Nothing of the demo takes longer, in ms. */
const deadline = 10_000;

function start(program: string, ...words: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
  process.stdout.write(`\n$ node dist/${program}.js ${words.join(' ')}\n`);
  const child = spawn(process.execPath, [path, ...words], { stdio: ['ignore', 'inherit', 'pipe'] });
  child.stderr?.pipe(process.stderr);
  return child;
}

/** The address that the daemon says it listens on. */
async function listening(daemon: ChildProcess): Promise<string> {
  if (daemon.stderr === null) throw new Error('the daemon has no standard error');
  for await (const line of createInterface({ input: daemon.stderr })) {
    const [, address] = /listening on tcp:\/\/(\S+)/.exec(line) ?? [];
    if (address !== undefined) return address;
  }
  throw new Error('the daemon ended before it listened');
}

async function ended(child: ChildProcess, name: string): Promise<void> {
  const [code] = child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode];
  if (code !== 0) throw new Error(`${name} ended with code ${code}`);
}

const begin = performance.now();
const watchdog = setTimeout(() => {
  process.stderr.write(`the demo took longer than ${deadline} ms\n`);
  process.exit(1);
}, deadline);

const daemon = start('examples/server', '--trace', '--listen', '127.0.0.1:0', '--log-rotate-listen', '127.0.0.1:0');
try {
  const address = await listening(daemon);
  await ended(start('examples/client', '--trace', '--server', address, '--logrotate-listen', '127.0.0.1:0'), 'client');
  await ended(
    start('tools/ed-signal', '--trace', '--server', address, '--type', 'tcp', '--message', 'QUIT'),
    'ed-signal',
  );
  await ended(daemon, 'server');
  process.stdout.write(`\nThe whole talk took ${((performance.now() - begin) / 1000).toFixed(1)} s.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(watchdog);
  daemon.kill();
}
