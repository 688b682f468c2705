// Letters that wait for one service, in their order.

import type { Letter } from './letter.ts';

export class LetterRow {
  #letters: Letter[] = [];
  /** Those before it are gone. */
  #head = 0;

  get length(): number {
    return this.#letters.length - this.#head;
  }

  /** To its place: what comes back goes before all that is younger. */
  insert(letter: Letter): void {
    if (this.length === 0 || (this.#letters.at(-1) as Letter).place < letter.place) {
      this.#letters.push(letter);
      return;
    }
    // Nobody looks for one with so low a place.
    letter.own();
    const left = this.#left();
    let at = left.length;
    while (at > 0 && (left[at - 1] as Letter).place > letter.place) at -= 1;
    left.splice(at, 0, letter);
    this.#become(left);
  }

  /** The oldest; there is one. */
  shift(): Letter {
    const letter = this.#letters[this.#head] as Letter;
    this.#letters[this.#head] = undefined as unknown as Letter;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#letters.length) this.#become(this.#left());
    return letter;
  }

  /** Takes out those that are chosen, asked from the youngest on; gives them in their order. */
  remove(isChosen: (letter: Letter) => boolean): Letter[] {
    if (this.length === 0) return [];
    const removed: Letter[] = [];
    const kept: Letter[] = [];
    for (const letter of this.#left().reverse()) (isChosen(letter) ? removed : kept).push(letter);
    if (removed.length > 0) this.#become(kept.reverse());
    return removed.reverse();
  }

  *[Symbol.iterator](): IterableIterator<Letter> {
    for (let at = this.#head; at < this.#letters.length; at += 1) yield this.#letters[at] as Letter;
  }

  #left(): Letter[] {
    return this.#letters.slice(this.#head);
  }

  #become(letters: Letter[]): void {
    this.#letters = letters;
    this.#head = 0;
  }
}
