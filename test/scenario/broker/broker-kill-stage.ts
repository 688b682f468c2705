// Services and their broker as processes of their own that can be killed, and what they said before they were.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

export const child = 'test/scenario/broker/broker-child';

export function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'broker-kill-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** "LIFE NUMBER" behind a word; a line that was cut off by its death counts for nothing. */
export function said(programs: readonly Program[], word: string): string[] {
  return programs.flatMap(({ out }) =>
    [...out.matchAll(new RegExp(`^${word} (\\d+ \\d+)`, 'gm'))].map(([, name = '']) => name),
  );
}

/** Of those that were handled, those that came marked as possible repeats. */
export function markedAgain(programs: readonly Program[]): string[] {
  return programs.flatMap(({ out }) => [...out.matchAll(/^handled (\d+ \d+) again$/gm)].map(([, name = '']) => name));
}

export const short = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 50 + Math.random() * 200));

export async function kill(program: Program | undefined, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  program?.child.kill(signal);
  await program?.ended;
}

export class Cast {
  readonly brokers: Program[] = [];
  readonly workers: Program[] = [];
  readonly #t: Test;
  readonly #words: string[];
  readonly #server: string;
  readonly address: string;
  /** What its workers remember through a crash. */
  once: object | undefined;

  /** `more`: words for its broker. */
  constructor(t: Test, server = 'host', more: readonly string[] = []) {
    const directory = folder(t);
    this.#t = t;
    this.#server = server;
    this.address = `unix:${join(directory, 'broker.sock')}`;
    const places = ['--unix', join(directory, 'broker.sock'), '--tcp', 'none', '--signal', 'none'];
    const kept = ['--services', 'worker', '--data-path', join(directory, 'kept')];
    this.#words = [...places, ...kept, '--server-name', server, ...more];
  }

  async broker(): Promise<void> {
    const program = start(this.#t, 'tools/communicatord', this.#words);
    this.brokers.push(program);
    await program.says(new RegExp(`broker ${this.#server} is open`));
  }

  async worker(): Promise<void> {
    const program = start(this.#t, child, ['worker', JSON.stringify({ broker: this.address, once: this.once })]);
    this.workers.push(program);
    await until('the worker has started', () => /^state started$/m.test(program.out));
  }
}

export function missing(wanted: readonly string[], handled: readonly string[]): string[] {
  const got = new Set(handled);
  return wanted.filter(name => !got.has(name));
}

export function twice(handled: readonly string[]): string[] {
  return handled.filter((name, at) => handled.indexOf(name) !== at);
}

/** So many are confirmed to the boss, while the one or the other is killed so many times and started again. */
export async function confirmedThrough(
  t: Test,
  victim: 'broker' | 'worker',
  { asks = false, count = 1_500, rounds = 6, once = undefined as object | undefined } = {},
): Promise<{ cast: Cast; boss: Program; count: number; handled: string[] }> {
  const cast = new Cast(t);
  cast.once = once;
  await cast.broker();
  await cast.worker();
  const boss = start(t, child, ['boss', JSON.stringify({ broker: cast.address, count, asks })]);
  for (let round = 0; round < rounds; round += 1) {
    await short();
    await kill(cast[`${victim}s`].at(-1), round % 3 === 2 ? 'SIGTERM' : 'SIGKILL');
    await cast[victim]();
  }
  const ended = (): number => said([boss], 'confirmed').length + said([boss], 'failed').length;
  await until('all have an end', () => ended() === count, 60_000);
  const handled = said(cast.workers, 'handled');
  t.same(missing(said([boss], 'confirmed'), handled), []);
  return { cast, boss, count, handled };
}
