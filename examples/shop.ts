// The shop: a broker and three services, each a process of its own; two orders from the command line, one of them while
// shipping is not there. Everything is ended in good order. The socket is in a folder of its own, so it runs beside anything.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Nothing of it takes longer, in ms. */
const deadline = 30_000;
const folder = mkdtempSync(join(tmpdir(), 'shop-'));
const socket = join(folder, 'broker.sock');
const running: ChildProcess[] = [];

function start(program: string, ...words: string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
  process.stdout.write(`$ node dist/${program}.js ${words.join(' ')}\n`);
  const child = spawn(process.execPath, [path, ...words], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, COMMUNICATOR_LISTEN: `cd://${socket}` },
  });
  running.push(child);
  return child;
}

/** Waits until the program has said this on its standard error. */
async function says(child: ChildProcess, pattern: RegExp): Promise<void> {
  if (child.stderr === null) throw new Error('there is no standard error');
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) if (pattern.test(line)) break;
  child.stderr.resume();
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function service(name: string): Promise<ChildProcess> {
  const child = start(`examples/shop-${name}`);
  await says(child, /registered/);
  return child;
}

async function order(number: number, item: string): Promise<void> {
  const parameters = [`order=${number}`, `item=${item}`, 'count=2'].flatMap(one => ['-p', one]);
  await ended(
    start('tools/ed-signal', '--host', `unix:${socket}`, '--type', 'tcp', '--reply', 'orders/ORDER', ...parameters),
  );
}

const watchdog = setTimeout(() => {
  process.stderr.write(`the shop took longer than ${deadline} ms\n`);
  process.exit(1);
}, deadline);
try {
  const words = ['--unix', socket, '--tcp', 'none', '--signal', 'none', '--server-name', 'shop'];
  const broker = start('tools/communicatord', ...words, '--data-path', join(folder, 'kept'));
  await says(broker, /broker shop is open/);
  const shipping = await service('shipping');
  const others = [await service('stock'), await service('orders')];
  await order(1, 'tea');
  await order(2, 'coffee');
  shipping.kill();
  await ended(shipping);
  const third = order(3, 'tea');
  const again = await service('shipping');
  await third;
  for (const child of [again, ...others, broker]) {
    child.kill();
    const code = await ended(child);
    if (code !== 0) throw new Error(`a program ended with code ${code}`);
  }
  process.stdout.write('The shop is closed.\n');
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  clearTimeout(watchdog);
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
