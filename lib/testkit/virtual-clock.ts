// A clock that a test moves: nothing happens until it says so. Give it to a Communicator or a FaultProxy as `clock`.

import type { Cancel, Clock } from '../base/clock.ts';

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that stands still until `advance`. It begins at 0 ms, on the wall at 2026-01-01T00:00:00Z. */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  #due: Due[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  after(ms: number, run: () => void): Cancel {
    this.#order += 1;
    const due = { at: this.#now + ms, order: this.#order, run };
    this.#due.push(due);
    return () => {
      this.#due = this.#due.filter(one => one !== due);
    };
  }

  /** How many waits there are. */
  get waiting(): number {
    return this.#due.length;
  }

  /**
   * Moves on by `ms`, and lets everything that falls due happen in its order, promises included. What came over
   * sockets of the system may need longer than that: wait for it by a condition.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#due
        .filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)
        .at(0);
      if (next === undefined) break;
      this.#due = this.#due.filter(one => one !== next);
      this.#now = next.at;
      next.run();
      await settled();
    }
    this.#now = end;
  }
}

/** Lets promises, microtasks and so many rounds of the event loop go by. @default 20 rounds */
export async function settled(rounds = 20): Promise<void> {
  for (let round = 0; round < rounds; round += 1) await new Promise(resolve => setImmediate(resolve));
}
