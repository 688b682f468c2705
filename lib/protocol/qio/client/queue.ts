// Events that wait for a connection. Pure.

export class EventQueue {
  readonly #count: number;
  readonly #bytes: number;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #size = 0;

  constructor(count: number, bytes: number) {
    this.#count = count;
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False where it does not fit; it is not taken then, and what waits stays. */
  add(text: string): boolean {
    const size = this.#size + this.#encoder.encode(text).length;
    if (this.#waiting.length >= this.#count || size > this.#bytes) return false;
    this.#waiting.push(text);
    this.#size = size;
    return true;
  }

  /** All of them, in their order. */
  take(): readonly string[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#size = 0;
    return taken;
  }
}
