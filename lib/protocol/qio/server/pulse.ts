// Time for many clients, with one timer each: a deadline of the same length for whoever asks for one, and a tick for all.

import type { Cancel, Clock } from '../../../base/clock.ts';

/** Deadlines of one length stand in the order in which they are due, so only the first has a timer. */
export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #late: (one: T) => void;
  readonly #due = new Map<T, number>();
  #cancel: Cancel | undefined;

  constructor(clock: Clock, ms: number, late: (one: T) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#late = late;
  }

  /** Begins, or begins anew. */
  set(one: T): void {
    this.#due.delete(one);
    this.#due.set(one, this.#clock.now() + this.#ms);
    this.#cancel ??= this.#clock.after(this.#ms, () => this.#look());
  }

  clear(one: T): void {
    if (!this.#due.delete(one) || this.#due.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    const now = this.#clock.now();
    this.#cancel = undefined;
    for (const [one, due] of this.#due) {
      if (due > now) break;
      this.#due.delete(one);
      this.#late(one);
    }
    const [next] = this.#due.values();
    if (next !== undefined) this.#cancel ??= this.#clock.after(next - now, () => this.#look());
  }
}

/** Calls `run` each `ms`, until the result is called. */
export function every(clock: Clock, ms: number, run: () => void): Cancel {
  const again = (): void => {
    cancel = clock.after(ms, again);
    run();
  };
  let cancel = clock.after(ms, again);
  return () => cancel();
}
