// Letters on their way to mailboxes, and what is done at the end of each.

import type { Clock } from '../../base/clock.ts';
import { asError, Refusal, reasonOf } from '../../base/errors.ts';
import type { Ticket } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { LetterEnd } from './letter.ts';
import { Letter } from './letter.ts';
import type { Mailbox } from './mailbox.ts';
import type { Kept, Store } from './store.ts';

export class Post {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #failed: (message: Message, error: unknown) => void;
  #places = 0;
  /** The time of the present turn. */
  #turn: number | undefined;

  /** `failed` is told of each message that did not reach its service, except those of `send`. */
  constructor(clock: Clock, store: Store, failed: (message: Message, error: unknown) => void) {
    this.#clock = clock;
    this.#store = store;
    this.#failed = failed;
  }

  /** The place of a message among all: what comes back from elsewhere goes before what came later. */
  place(): number {
    this.#places += 1;
    return this.#places;
  }

  /** The way of most: to a service that is here. The ticket fails only where its sender is to hear of it. */
  handOn(message: Message, mailbox: Mailbox, ttl: number, sender: 'hears of it' | 'does not'): Ticket {
    const now = this.#now();
    const letter = new Letter(message, this.place(), now + ttl, sender === 'hears of it' ? this.#told : this.#untold);
    this.#put(mailbox, letter, now);
    return letter;
  }

  /** Read once for all messages of a turn. */
  #now(): number {
    if (this.#turn === undefined) {
      this.#turn = this.#clock.now();
      queueMicrotask(() => {
        this.#turn = undefined;
      });
    }
    return this.#turn;
  }

  /** Resolves when its service has handled it. @throws Refusal */
  send(message: Message, mailbox: Mailbox, ttl: number, place = this.place()): Promise<void> {
    return new Promise((resolve, reject) => {
      const now = this.#clock.now();
      const end: LetterEnd = (_, failure) => (failure === undefined ? resolve() : reject(failure));
      mailbox.put(new Letter(message, place, now + ttl, end), now);
    });
  }

  /** Resolves when it is safe on our disk. @throws Refusal: it is not kept */
  keep(message: Message, mailbox: Mailbox, ttl: number, place: number): Promise<void> {
    return new Promise((resolve, reject) => {
      try {
        const now = this.#clock.now();
        const letter = new Letter(message, place, now + ttl, this.#stored, this.#store.keep(message, ttl, resolve));
        const failure = this.#put(mailbox, letter, now);
        if (failure !== undefined) reject(failure);
      } catch (error) {
        const failure = new Refusal(reasonOf(error), message.command, { cause: error });
        this.#failed(message, failure);
        reject(failure);
      }
    });
  }

  /** One that an earlier life of the broker has kept. */
  again({ message, stored, left }: Kept, mailbox: Mailbox): void {
    const now = this.#clock.now();
    const letter = new Letter(message, this.place(), now + left, this.#stored, stored);
    if (left > 0) this.#put(mailbox, letter, now);
    else letter.settle(letter, new Refusal('it waited for too long', message.command));
  }

  /** What there is no room for has ended; where it was on our disk, it is not kept there either. */
  #put(mailbox: Mailbox, letter: Letter, now: number): Error | undefined {
    try {
      mailbox.put(letter, now);
      return undefined;
    } catch (error) {
      letter.settle(letter, asError(error));
      return asError(error);
    }
  }

  readonly #told: LetterEnd = (letter, failure) => {
    if (failure !== undefined) this.#failed(letter.message, failure);
    letter.end(failure);
  };
  readonly #untold: LetterEnd = (letter, failure) => {
    if (failure !== undefined) this.#failed(letter.message, failure);
    letter.end();
  };
  readonly #stored: LetterEnd = (letter, failure) => {
    this.#store.end(letter.stored);
    if (failure !== undefined) this.#failed(letter.message, failure);
  };
}
