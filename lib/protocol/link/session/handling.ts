// What the program does with the messages of a link, and what is answered.
//
// While `most` handlers run the link is strained: nothing is read, unless requests of ours wait for answers. Then reading
// goes on, answers pass by, and the others are held back in their order, here: so they outlive the socket.

import { CommunicatorError, reasonOf, UsageError } from '../../../base/errors.ts';
import { isPromise } from '../../../base/guard.ts';
import { often } from '../../../logging/index.ts';
import { Fifo } from '../../../session/index.ts';
import type { Entry } from '../definitions/catalogue.ts';
import type { Data } from '../wire.ts';
import { isData } from '../wire.ts';
import type { LinkHost } from './link-host.ts';

/** So many messages are held back, and so many bytes of them; then nothing is read. */
const mostHeld = { messages: 10_000, bytes: 16 * 1024 * 1024 } as const;

/** A message that is handled later. */
interface Held {
  readonly run: () => void;
  readonly bytes: number;
}

/** Characters of an error's text that go to the other side. */
const longestError = 1_000;

export class Handling {
  readonly #host: LinkHost;
  readonly #most: number;
  readonly #held = new Fifo<Held>();
  #heldBytes = 0;
  #running = 0;

  /** `most` is how many handlers may run at the same time. */
  constructor(host: LinkHost, most: number) {
    this.#host = host;
    this.#most = most;
  }

  /** Handlers whose promises have not settled. */
  get running(): number {
    return this.#running;
  }

  get isStrained(): boolean {
    return this.#running >= this.#most;
  }

  /** Messages that are held back. */
  get held(): number {
    return this.#held.length;
  }

  get hasRoom(): boolean {
    return this.held < mostHeld.messages && this.#heldBytes < mostHeld.bytes;
  }

  /** Does something now, or later where that comes before it. */
  inOrder(run: () => void, bytes: number): void {
    if (!this.isStrained && this.held === 0) return run();
    this.#held.push({ run, bytes });
    this.#heldBytes += bytes;
  }

  /** Does the oldest that was held back; false where there is none. */
  next(): boolean {
    const held = this.#held.shift();
    this.#heldBytes -= held?.bytes ?? 0;
    held?.run();
    return held !== undefined;
  }

  /** Nothing more is handled. */
  clear(): void {
    const { length } = this.#held.take();
    this.#heldBytes = 0;
    if (length > 0) this.#host.log('warn', `messages received and not handled: ${length}`);
  }

  /** Runs what the program has for a message; `answer` gets what is to be said to a request. */
  run(entry: Entry, perform: () => unknown, answer: (data: Data) => void): void {
    const failed = (error: unknown): void => {
      const text = reasonOf(error);
      if (!isExpected(error))
        this.#host.log('error', `the handler of ${entry.definition.name} failed: ${text}`, {
          error,
          [often]: `handler of ${entry.definition.name}`,
        });
      answer({ error: text === '' ? 'the handler failed' : text.slice(0, longestError) });
    };
    const done = (result: unknown): void => {
      let data: Data;
      try {
        data = this.#checked(entry, result);
      } catch (error) {
        return failed(error); // a getter of it threw
      }
      answer(data);
    };
    let result: unknown;
    try {
      result = perform();
    } catch (error) {
      return failed(error);
    }
    if (!isPromise(result)) return done(result);
    this.#running += 1;
    const over = (): void => {
      this.#running -= 1;
      if (this.#running === this.#most - 1) this.#host.wake();
    };
    Promise.resolve(result).then(done, failed).finally(over);
  }

  /** The answer of a handler, or an error where it is not what was declared. */
  #checked(entry: Entry, result: unknown): Data {
    const data = result ?? {};
    if (entry.kind !== 'request') return {};
    const type = `${entry.definition.name}_response`;
    const { seq: _, ...rest } = isData(data) ? data : {};
    const wrong = isData(data) ? entry.checks.response(rest) : 'it is no object';
    if (wrong === undefined) return rest;
    this.#host.log('error', `the handler of ${entry.definition.name} gave a wrong answer: ${wrong}`, {
      [often]: 'a wrong answer',
    });
    return { error: `Validation failed for ${type}` };
  }
}

/** Errors that say no more than that the request cannot be done: they are answered, not logged. */
function isExpected(error: unknown): boolean {
  return error instanceof CommunicatorError && !(error instanceof UsageError);
}
