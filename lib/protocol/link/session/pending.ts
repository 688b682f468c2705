// Requests that wait for their answer. Each has a deadline. One that was given up is remembered for a while: its answer
// may still come, and is no fault of the other side.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { TimeoutError } from '../../../base/errors.ts';

interface Waiting {
  readonly type: string;
  readonly resolve: (data: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly over: () => void;
}

/** So many requests that were given up are remembered. */
const remembered = 1_000;

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

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** The answer to the message with this number; `type` is that of the answer. */
  open(seq: number, type: string, { timeout, signal }: Wait): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const text = `no ${type} within ${timeout} ms`;
      const cancel: Cancel = this.#clock.after(timeout, () =>
        this.#giveUp(seq, new TimeoutError('REQUEST_TIMEOUT', text)),
      );
      const aborted = (): void => this.#giveUp(seq, signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      const over = (): void => {
        cancel();
        signal?.removeEventListener('abort', aborted);
      };
      this.#waiting.set(seq, { type, resolve, reject, over });
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
    waiting.over();
    if (this.#idle.length > 0 && this.#isIdle) for (const idle of this.#idle.splice(0)) idle();
    return waiting;
  }
}
