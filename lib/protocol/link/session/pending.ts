// Requests that wait for their answer. Each has a deadline; one timer looks after all of them, since nearly all are
// answered long before. One that was given up is remembered for a while: its answer may still come, and is no fault of
// the other side.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { TimeoutError } from '../../../base/errors.ts';

interface Waiting {
  readonly type: string;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** On the clock. */
  readonly due: number;
  readonly timeout: number;
  /** Lets go of the signal. */
  readonly release: (() => void) | undefined;
}

/** So many requests that were given up are remembered. */
const remembered = 1_000;
/** A look at the deadlines goes over all that waits: for so many, there is a millisecond between two looks. */
const looked = 1_000;

export interface Wait {
  /** Longest wait in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

export class Pending {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  readonly #given = new Set<number>();
  #idle: (() => void)[] = [];
  #aside = '';
  /** When the deadlines are looked at next. */
  #look = Number.POSITIVE_INFINITY;
  #cancel: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The answer to the message with this number; `type` is that of the answer. */
  open(seq: number, type: string, { timeout, signal }: Wait): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const due = this.#clock.now() + timeout;
      const release = signal && this.#heed(signal, seq);
      this.#waiting.set(seq, { type, resolve, reject, due, timeout, release });
      if (due < this.#look) this.#watch(due, timeout);
    });
  }

  /** Whether this answer is waited for (or was, until a moment ago). */
  awaits(seq: number, type: string): boolean {
    return this.#waiting.get(seq)?.type === type || this.#given.has(seq);
  }

  resolve(seq: number, data: unknown): void {
    this.#take(seq)?.resolve(data);
  }

  reject(seq: number, error: unknown): void {
    this.#take(seq)?.reject(error);
  }

  /** Nothing more will be answered. */
  rejectAll(reason: (type: string) => Error): void {
    for (const [seq, { type }] of [...this.#waiting]) this.reject(seq, reason(type));
    this.#unwatch();
  }

  /** Resolves as soon as nothing is waited for, but what is of the type `aside`. */
  idle(aside: string): Promise<void> {
    this.#aside = aside;
    if (this.#isIdle) return Promise.resolve();
    return new Promise(resolve => {
      this.#idle.push(resolve);
    });
  }

  get #isIdle(): boolean {
    for (const { type } of this.#waiting.values()) if (type !== this.#aside) return false;
    return true;
  }

  /** Gives up when the signal says so; what is given lets go of it. */
  #heed(signal: AbortSignal, seq: number): () => void {
    const aborted = (): void => this.#giveUp(seq, signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    return () => signal.removeEventListener('abort', aborted);
  }

  #watch(at: number, time: number): void {
    this.#unwatch();
    this.#look = at;
    this.#cancel = this.#clock.after(time, () => this.#late());
  }

  #unwatch(): void {
    this.#cancel?.();
    this.#look = Number.POSITIVE_INFINITY;
  }

  /** Gives up what is late, and waits for the next deadline. */
  #late(): void {
    this.#look = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [seq, { type, due, timeout }] of this.#waiting) {
      if (due > now) next = Math.min(next, due);
      else this.#giveUp(seq, new TimeoutError('REQUEST_TIMEOUT', `no ${type} within ${timeout} ms`));
    }
    if (next >= this.#look) return;
    const time = Math.max(next - now, this.#waiting.size / looked);
    this.#watch(now + time, time);
  }

  #giveUp(seq: number, error: unknown): void {
    this.#given.add(seq);
    for (const oldest of this.#given) {
      if (this.#given.size <= remembered) break;
      this.#given.delete(oldest);
    }
    this.reject(seq, error);
  }

  #take(seq: number): Waiting | undefined {
    const waiting = this.#waiting.get(seq);
    if (waiting === undefined) {
      this.#given.delete(seq);
      return undefined;
    }
    this.#waiting.delete(seq);
    waiting.release?.();
    if (this.#idle.length > 0 && this.#isIdle) for (const idle of this.#idle.splice(0)) idle();
    return waiting;
  }
}
