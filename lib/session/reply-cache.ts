// The answers to requests, for a while: a request that comes again, with the same number, is not handled again but
// gets the same answer. It comes again when the session in which it was asked was forgotten.
//
//   begin ─▶ running ─answered▶ answered ─(age, count, bytes)▶ gone

import type { Clock } from '../base/clock.ts';
import type { Message } from '../message/index.ts';

export interface ReplyLimits {
  /** How long an answer is kept, in ms. */
  readonly age: number;
  /** Most requests known at the same time; the oldest goes first. */
  readonly count: number;
  /** Most bytes of all answers. */
  readonly bytes: number;
}

/** Whom an answer goes to. */
export interface Asker {
  send(message: Message<unknown>): unknown;
}

interface Known {
  asker: Asker;
  answer: Message<unknown> | undefined;
  bytes: number;
  /** When it was asked, or answered. */
  since: number;
}

/** Numbers that are unique in the world are remembered; others (an old peer's 1, 2, 3) are not. */
const uniqueNumber = /^[\w-]{12}\.\d{1,16}$/;

/** Whether nobody else in the world gives this number to a request. */
export function isUniqueNumber(number: string): boolean {
  return uniqueNumber.test(number);
}

export class ReplyCache {
  readonly #limits: ReplyLimits;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();
  #bytes = 0;

  constructor(limits: ReplyLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get size(): number {
    return this.#known.size;
  }

  /** Whether this request was asked, and is not forgotten. */
  knows(number: string): boolean {
    return this.#known.has(number);
  }

  /** A request came: true where it was asked before. Then it is answered from here, now or when the answer is there. */
  repeats(number: string, asker: Asker): boolean {
    if (!isUniqueNumber(number)) return false;
    this.#forgetOld(this.#known.has(number) ? 0 : 1);
    const known = this.#known.get(number);
    if (known === undefined) {
      this.#known.set(number, { asker, answer: undefined, bytes: 0, since: this.#clock.now() });
      return false;
    }
    known.asker = asker;
    if (known.answer !== undefined) asker.send(known.answer);
    return true;
  }

  /** An answer goes out. Gives who asked for it last, where that is another one than `asker`. */
  answered(number: string, answer: Message<unknown>, bytes: number, asker: Asker): Asker | undefined {
    const known = this.#known.get(number);
    if (known === undefined || known.answer !== undefined) return undefined;
    // It is as old as its answer: the oldest stand first.
    this.#known.delete(number);
    this.#known.set(number, known);
    known.answer = answer;
    known.bytes = bytes;
    known.since = this.#clock.now();
    this.#bytes += bytes;
    this.#forgetOld(0);
    return known.asker === asker ? undefined : known.asker;
  }

  /** Makes room for so many more. */
  #forgetOld(more: 0 | 1): void {
    const limits = this.#limits;
    const now = this.#clock.now();
    for (const [number, { since, bytes, answer }] of this.#known) {
      const fits = this.#known.size + more <= limits.count && this.#bytes <= limits.bytes;
      if (fits && answer === undefined) continue;
      if (fits && now - since < limits.age) return;
      this.#known.delete(number);
      this.#bytes -= bytes;
    }
  }
}
