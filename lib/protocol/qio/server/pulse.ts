// Time for many clients, with one timer each: a deadline of the same length for whoever asks for one, and a tick for all.

import type { Cancel, Clock } from '../../../base/clock.ts';
import type { Turns, Worker } from '../../../connection/index.ts';

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
    for (const [one, due] of this.#due) {
      if (due > now) break;
      this.#due.delete(one);
      this.#late(one);
    }
    // Whoever was late may have asked for another one meanwhile: the timer is for the first in any case.
    this.#cancel?.();
    const [next] = this.#due.values();
    this.#cancel = next === undefined ? undefined : this.#clock.after(next - now, () => this.#look());
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

/** How many are looked at between two looks at the clock. */
const stride = 16;

/** Goes round all of many, in turns: ten thousand heartbeats are no long wait for anybody. */
export class Round<T> implements Worker {
  readonly priority: number;
  readonly #all: Iterable<T>;
  readonly #visit: (one: T) => void;
  readonly #turns: Turns;
  readonly #clock: Clock;
  #left: Iterator<T> | undefined;

  constructor(all: Iterable<T>, visit: (one: T) => void, { turns, clock, priority }: RoundHost) {
    this.priority = priority;
    this.#all = all;
    this.#visit = visit;
    this.#turns = turns;
    this.#clock = clock;
  }

  /** Begins; where the last round is still under way, that one goes on. */
  go(): void {
    this.#left ??= this.#all[Symbol.iterator]();
    this.#turns.offer(this);
  }

  work(start: number): boolean {
    for (let count = 1; this.#left !== undefined; count += 1) {
      const { value, done } = this.#left.next();
      if (done === true) this.#left = undefined;
      else this.#visit(value);
      if (count % stride === 0 && this.#clock.now() - start >= this.#turns.milliseconds) break;
    }
    return this.#left !== undefined;
  }
}

export interface RoundHost {
  readonly turns: Turns;
  readonly clock: Clock;
  readonly priority: number;
}
