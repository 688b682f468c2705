// First in, first out, with no cost for the length: a list with a head that moves.

export class Fifo<T> {
  #items: T[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined as T;
    this.#head += 1;
    if (this.#head * 2 > this.#items.length && this.#head > 32) this.#compact();
    return item;
  }

  at(index: number): T | undefined {
    return this.#items[this.#head + index];
  }

  some(matches: (item: T) => boolean): boolean {
    for (const item of this) if (matches(item)) return true;
    return false;
  }

  /** Takes out all that match, and gives them. */
  remove(matches: (item: T) => boolean): T[] {
    const removed: T[] = [];
    const kept: T[] = [];
    for (const item of this) (matches(item) ? removed : kept).push(item);
    if (removed.length > 0) {
      this.#items = kept;
      this.#head = 0;
    }
    return removed;
  }

  /** Moves all of another in front of what is here. */
  putBefore(other: Fifo<T>): void {
    this.#items = [...other, ...this];
    this.#head = 0;
    other.#items = [];
    other.#head = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) yield this.#items[at] as T;
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head);
    this.#head = 0;
  }
}
