// The time of the process, shared out. A connection gets a slice (256 messages or 5 ms); who has more to do
// stands in line, and the loop lets timers and other sockets go first. The line is served by priority, and one
// round of it is short, so that a hundred busy connections do not add up to one long wait.

import type { Clock } from '../base/clock.ts';
import { asError } from '../base/errors.ts';
import type { Turns, Worker } from '../connection/index.ts';

export interface TurnLimits {
  /** Messages in one slice. @default 256 */
  readonly messages: number;
  /** Milliseconds in one slice. @default 5 */
  readonly milliseconds: number;
}

export const turnDefaults: TurnLimits = { messages: 256, milliseconds: 5 };

/** Milliseconds of one round of the loop that are given to workers, before timers and sockets are looked at. */
const roundTime = 10;

export class TurnTaker implements Turns {
  readonly messages: number;
  readonly milliseconds: number;
  readonly #clock: Clock;
  readonly #trouble: (error: Error) => void;
  #line: Worker[] = [];
  readonly #standing = new Set<Worker>();
  #round: 'none' | 'set' = 'none';
  #spent = 0;

  constructor({ messages, milliseconds }: TurnLimits, clock: Clock, trouble: (error: Error) => void) {
    this.messages = messages;
    this.milliseconds = milliseconds;
    this.#clock = clock;
    this.#trouble = trouble;
  }

  offer(worker: Worker): boolean {
    if (this.#standing.has(worker)) return false;
    if (this.#line.length === 0 && this.#spent < roundTime) {
      this.#serve(worker);
      return true;
    }
    this.#queue(worker);
    return false;
  }

  #serve(worker: Worker): void {
    const start = this.#clock.now();
    try {
      if (worker.work(start)) this.#queue(worker);
    } catch (error) {
      this.#trouble(asError(error));
    }
    this.#spent += this.#clock.now() - start;
    if (this.#spent >= roundTime / 2) this.#setRound();
  }

  #queue(worker: Worker): void {
    this.#standing.add(worker);
    this.#line.push(worker);
    this.#setRound();
  }

  #setRound(): void {
    if (this.#round === 'set') return;
    this.#round = 'set';
    setImmediate(() => this.#goRound());
  }

  #goRound(): void {
    this.#round = 'none';
    this.#spent = 0;
    if (this.#line.length === 0) return;
    const line = this.#line.sort((a, b) => a.priority - b.priority);
    this.#line = [];
    while (line.length > 0 && this.#spent < roundTime) {
      const worker = line.shift() as Worker;
      this.#standing.delete(worker);
      this.#serve(worker);
    }
    this.#line = [...line, ...this.#line];
    if (this.#line.length > 0) this.#setRound();
  }
}
