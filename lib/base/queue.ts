// A first-in-first-out queue that can never grow without end: its limits and what happens at each are stated.

import type { Clock } from './clock.ts';
import { LimitError } from './errors.ts';

/** What happens to a message when the queue is full. */
export type FullPolicy = 'reject' | 'drop-oldest' | 'drop-newest';

export interface QueueLimits {
  /** Most entries. @default 10_000 */
  readonly count: number;
  /** Most bytes of all entries. @default 16 MiB */
  readonly bytes: number;
  /** Longest wait of an entry in ms. @default 300_000 */
  readonly age: number;
  /** What happens when full: the caller gets a LimitError, or the oldest or the newest is dropped. @default 'reject' */
  readonly whenFull: FullPolicy;
}

/** The limits of an outbox: 10,000 messages, 16 MiB, 5 minutes, and `reject`. */
export const queueDefaults: QueueLimits = {
  count: 10_000,
  bytes: 16 * 1024 * 1024,
  age: 300_000,
  whenFull: 'reject',
};

interface Entry<T> {
  readonly item: T;
  readonly bytes: number;
  readonly since: number;
}

/** Told of each entry that leaves without being taken. */
export type Dropped<T> = (item: T, reason: LimitError) => void;

export class BoundedQueue<T> {
  readonly #limits: QueueLimits;
  readonly #clock: Clock;
  readonly #dropped: Dropped<T>;
  #entries: Entry<T>[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: QueueLimits, clock: Clock, dropped: Dropped<T>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#dropped = dropped;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Milliseconds until the oldest entry expires; undefined when empty. */
  get nextExpiry(): number | undefined {
    const oldest = this.#entries[this.#head];
    return oldest && Math.max(0, oldest.since + this.#limits.age - this.#clock.now());
  }

  /**
   * Takes an item, or lets the policy decide.
   * @throws LimitError OUTBOX_FULL under `reject`, and for an item larger than the whole queue.
   */
  push(item: T, bytes: number): void {
    this.expire();
    const { count, whenFull } = this.#limits;
    if (bytes > this.#limits.bytes || count === 0) throw this.#full('it does not fit at all');
    while (this.length >= count || this.#bytes + bytes > this.#limits.bytes) {
      if (whenFull === 'reject') throw this.#full('refused');
      if (whenFull === 'drop-newest') return this.#dropped(item, this.#drop('the newest is dropped'));
      const oldest = this.shift();
      if (oldest !== undefined) this.#dropped(oldest, this.#drop('the oldest is dropped'));
    }
    this.#entries.push({ item, bytes, since: this.#clock.now() });
    this.#bytes += bytes;
  }

  /** Takes out the oldest. */
  shift(): T | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#head += 1;
    this.#bytes -= entry.bytes;
    if (this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry.item;
  }

  /** Takes an item out wherever it stands; false where it is not here. */
  remove(item: T): boolean {
    const at = this.#entries.findIndex((entry, index) => index >= this.#head && entry.item === item);
    const [entry] = at < 0 ? [] : this.#entries.splice(at, 1);
    if (entry === undefined) return false;
    this.#bytes -= entry.bytes;
    return true;
  }

  /** Drops what has waited too long, and reports each. */
  expire(): void {
    while (this.nextExpiry === 0) {
      const item = this.shift();
      if (item === undefined) return;
      this.#dropped(item, new LimitError('EXPIRED', `not sent within ${this.#limits.age} ms`));
    }
  }

  #full(what: string): LimitError {
    return new LimitError('OUTBOX_FULL', `outbox full (${this.length} messages, ${this.#bytes} bytes): ${what}`);
  }

  #drop(what: string): LimitError {
    return new LimitError('DROPPED', `outbox full (${this.length} messages, ${this.#bytes} bytes): ${what}`);
  }
}
