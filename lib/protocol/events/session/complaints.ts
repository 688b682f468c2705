// What others do wrong, counted by kind; logged at once, and then at most once a second, so that nobody fills a disk.

import type { Clock } from '../../../base/clock.ts';

/** From one line about a kind to the next, in ms. */
const pause = 1_000;

export class Complaints<K extends string> {
  readonly counts: Record<K, number>;
  readonly #last: Partial<Record<K, number>> = {};
  readonly #log: (kind: K, text: string, count: number) => void;

  constructor(kinds: readonly K[], log: (kind: K, text: string, count: number) => void) {
    this.counts = Object.fromEntries(kinds.map(kind => [kind, 0])) as Record<K, number>;
    this.#log = log;
  }

  add(kind: K, text: string, clock: Clock): void {
    this.counts[kind] += 1;
    const now = clock.now();
    if (now - (this.#last[kind] ?? Number.NEGATIVE_INFINITY) < pause) return;
    this.#last[kind] = now;
    this.#log(kind, text, this.counts[kind]);
  }
}
