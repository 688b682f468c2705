// Services and their broker as processes of their own, killed at arbitrary moments: what was confirmed or stored was handled.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Program } from '../support/programs.ts';
import { start } from '../support/programs.ts';
import { until } from '../support/world.ts';

const child = 'test/scenario/broker-child';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'broker-kill-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** "LIFE NUMBER" behind a word; a line that was cut off by its death counts for nothing. */
function said(programs: readonly Program[], word: string): string[] {
  return programs.flatMap(({ out }) =>
    [...out.matchAll(new RegExp(`^${word} (\\d+ \\d+)`, 'gm'))].map(([, name = '']) => name),
  );
}

const short = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 50 + Math.random() * 200));

async function kill(program: Program | undefined, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  program?.child.kill(signal);
  await program?.ended;
}

class Cast {
  readonly brokers: Program[] = [];
  readonly workers: Program[] = [];
  readonly #t: Test;
  readonly #words: string[];
  readonly address: string;

  constructor(t: Test) {
    const directory = folder(t);
    this.#t = t;
    this.address = `unix:${join(directory, 'broker.sock')}`;
    const places = ['--unix', join(directory, 'broker.sock'), '--tcp', 'none', '--signal', 'none'];
    this.#words = [...places, '--server-name', 'host', '--services', 'worker', '--data-path', join(directory, 'kept')];
  }

  async broker(): Promise<void> {
    const program = start(this.#t, 'tools/communicatord', this.#words);
    this.brokers.push(program);
    await program.says(/broker host is open/);
  }

  async worker(): Promise<void> {
    const program = start(this.#t, child, ['worker', JSON.stringify({ broker: this.address })]);
    this.workers.push(program);
    await until('the worker has started', () => /^state started$/m.test(program.out));
  }
}

function missing(wanted: readonly string[], handled: readonly string[]): string[] {
  const got = new Set(handled);
  return wanted.filter(name => !got.has(name));
}

function twice(handled: readonly string[]): string[] {
  return handled.filter((name, at) => handled.indexOf(name) !== at);
}

/** So many are confirmed to the boss, while the one or the other is killed six times and started again. */
async function confirmedThrough(
  t: Test,
  victim: 'broker' | 'worker',
): Promise<{ cast: Cast; boss: Program; count: number; handled: string[] }> {
  const cast = new Cast(t);
  await cast.broker();
  await cast.worker();
  const count = 1_500;
  const boss = start(t, child, ['boss', JSON.stringify({ broker: cast.address, count })]);
  for (let round = 0; round < 6; round += 1) {
    await short();
    await kill(cast[`${victim}s`].at(-1), round % 3 === 2 ? 'SIGTERM' : 'SIGKILL');
    await cast[victim]();
  }
  await until('all are confirmed', () => said([boss], 'confirmed').length === count, 60_000);
  const handled = said(cast.workers, 'handled');
  t.same(missing(said([boss], 'confirmed'), handled), []);
  return { cast, boss, count, handled };
}

t.test('the broker is killed again and again: all is handled once, in order, and confirmed', async t => {
  const { boss, count, handled } = await confirmedThrough(t, 'broker');
  t.same(twice(handled), [], 'nothing was handled twice');
  t.same(
    handled.map(name => Number(name.split(' ')[1])),
    Array.from({ length: count }, (_, number) => number),
    'in order',
  );
  t.same(said([boss], 'failed'), []);
});

t.test('the worker is killed again and again: what was confirmed was handled, and all is', async t => {
  const { cast, count, handled } = await confirmedThrough(t, 'worker');
  const again = twice(handled);
  t.ok(
    again.length < count / 4,
    `${again.length} were handled by one process and again by the next: it died unconfirmed`,
  );
  for (const worker of cast.workers) t.same(twice(said([worker], 'handled')), [], 'never twice by the same process');
});

t.test('sender, worker and broker are all killed: nothing is lost that was stored', async t => {
  const cast = new Cast(t);
  const directory = folder(t);
  await cast.broker();
  await cast.worker();
  const stored: string[] = [];
  for (let life = 0; life < 6; life += 1) {
    const boss = start(t, child, ['boss', JSON.stringify({ broker: cast.address, directory, life, count: 2_000 })]);
    await until('the first is stored', () => said([boss], 'stored').length > 0);
    await short();
    if (life % 2 === 0) {
      await kill(cast.brokers.at(-1));
      await cast.broker();
    } else {
      await kill(cast.workers.at(-1));
      await cast.worker();
    }
    await short();
    await kill(boss);
    stored.push(...said([boss], 'stored'));
  }
  start(t, child, ['boss', JSON.stringify({ broker: cast.address, directory, life: 6, count: 1 })]);
  await until('the last one came', () => said(cast.workers, 'handled').includes('6 0'), 60_000);
  t.ok(stored.length > 100, `${stored.length} were stored`);
  t.same(missing(stored, said(cast.workers, 'handled')), []);
});
