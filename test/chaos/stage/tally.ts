// Counting at the end of the way: messages of one link carry numbers from 0 on, without a gap.

/** Of arrivals within so many ms the first is remembered. */
const grain = 10;

export interface Counts {
  readonly received: number;
  readonly distinct: number;
  readonly duplicated: number;
  /** Arrived after one with a higher number. */
  readonly reordered: number;
}

export class Tally {
  #seen = new Uint8Array(1_024);
  #received = 0;
  #distinct = 0;
  #reordered = 0;
  #highest = -1;
  #last = 0;
  /** When something came, by the clock of the system: to the grain. */
  readonly arrivals: number[] = [];

  take(number: number): void {
    this.#received += 1;
    const now = Date.now();
    if (now - this.#last >= grain) {
      this.arrivals.push(now);
      this.#last = now;
    }
    if (number >= this.#seen.length) this.#grow(number);
    if (this.#seen[number] === 1) return;
    this.#seen[number] = 1;
    this.#distinct += 1;
    if (number < this.#highest) this.#reordered += 1;
    else this.#highest = number;
  }

  has(number: number): boolean {
    return this.#seen[number] === 1;
  }

  get counts(): Counts {
    const duplicated = this.#received - this.#distinct;
    return { received: this.#received, distinct: this.#distinct, duplicated, reordered: this.#reordered };
  }

  #grow(number: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#seen.length, number + 1));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}
