// Sees that what waits for too long ends in time: one timer at the most, and none while nothing waits.

import type { Cancel, Clock } from '../../base/clock.ts';
import type { OutStream } from '../../session/index.ts';

export class Expiry {
  readonly #out: OutStream;
  readonly #clock: Clock;
  #cancel: Cancel | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor(out: OutStream, clock: Clock) {
    this.#out = out;
    this.#clock = clock;
  }

  /** Something more waits. */
  watch(): void {
    const next = this.#out.nextExpiry;
    if (next === undefined) return;
    const at = this.#clock.now() + next;
    if (at >= this.#at) return;
    this.end();
    this.#at = at;
    this.#cancel = this.#clock.after(Math.max(1, next), () => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#out.expire();
      this.watch();
    });
  }

  end(): void {
    this.#cancel?.();
    this.#at = Number.POSITIVE_INFINITY;
  }
}
