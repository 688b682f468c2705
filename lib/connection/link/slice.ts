// One turn's share of work, counted. The clock is read seldom while messages fly by, often when they are slow.

import type { Clock } from '../../base/clock.ts';
import type { Turns } from '../connection.ts';

/** Most messages between two looks at the clock. */
const longestStride = 32;

export class Slice {
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #until: number;
  #count = 0;
  #stride = 1;
  #check = 2;

  constructor(turns: Turns, clock: Clock, now: number) {
    this.#turns = turns;
    this.#clock = clock;
    this.#until = now + turns.milliseconds;
  }

  /** Counts one message; false when the slice is used up. */
  goesOn(): boolean {
    this.#count += 1;
    if (this.#count === this.#turns.messages) return false;
    if (this.#count < this.#check) return true;
    const left = this.#until - this.#clock.now();
    this.#stride = left > this.#turns.milliseconds / 2 ? Math.min(this.#stride * 2, longestStride) : 1;
    this.#check = this.#count + this.#stride;
    return left > 0;
  }
}
