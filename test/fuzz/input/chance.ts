// Chance that comes again: all that is random in a fuzzing run hangs on its seed.

import { seededRandom } from '../../../lib/testkit/random.ts';

export class Chance {
  readonly #random: () => number;

  /** The same words give the same chances. */
  constructor(...words: readonly (number | string)[]) {
    let seed = 0x811c9dc5;
    for (const letter of words.join(' ')) seed = Math.imul(seed ^ letter.charCodeAt(0), 0x01000193);
    this.#random = seededRandom(seed);
  }

  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  /** A whole number, both ends included; small ones come as often as large ones. */
  between(least: number, most: number): number {
    return Math.min(most, Math.floor(least * ((most + 1) / least) ** this.#random()));
  }

  /** True in one of so many cases. */
  oneIn(cases: number): boolean {
    return this.#random() * cases < 1;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Any bytes, a byte a character. */
  bytes(length: number): string {
    let text = '';
    for (let at = 0; at < length; at += 1) text += String.fromCharCode(this.below(256));
    return text;
  }

  hex(length: number): string {
    let text = '';
    for (let at = 0; at < length; at += 1) text += this.below(16).toString(16);
    return text;
  }
}
