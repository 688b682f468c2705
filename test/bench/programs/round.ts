// What a receiver counts in one round.

import type { Figures } from '../child.ts';

/** Counts the messages of a round, and keeps the time from the first to the last; what each is worth is added up. */
export class Round {
  #left = 0;
  #start = 0;
  #sum = 0;
  #done: (figures: Figures) => void = () => undefined;

  /** Resolves after so many messages. */
  of(count: number): Promise<Figures> {
    this.#left = count;
    this.#start = 0;
    this.#sum = 0;
    return new Promise(resolve => {
      this.#done = resolve;
    });
  }

  begin(): void {
    if (this.#start === 0) this.#start = performance.now();
  }

  count(worth: number): void {
    this.#sum += worth;
    this.#left -= 1;
    if (this.#left === 0) this.#done({ milliseconds: performance.now() - this.#start, sum: this.#sum });
  }
}
