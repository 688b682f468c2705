// A stock that is shared fairly. While there is plenty, anybody may take; under pressure each has its share, and no more.

export class FairPool {
  readonly #total: number;
  readonly #pressure: number;
  readonly #share: number;
  #used = 0;

  /** `pressure` is a percentage of `total`. */
  constructor(total: number, pressure: number, share: number) {
    this.#total = total;
    this.#pressure = (total * pressure) / 100;
    this.#share = share;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes one for somebody who has `has` already; false where there is none for them. */
  take(has: number): boolean {
    if (this.#used >= this.#total) return false;
    if (this.#used >= this.#pressure && has >= this.#share) return false;
    this.#used += 1;
    return true;
  }

  give(): void {
    this.#used -= 1;
  }
}
