// What a handler may give instead of a promise: its end is told by a call, at once, and costs no object besides. For
// those who pass on very many messages.

import type { Message } from '../message/index.ts';

/** Whoever waits for tickets; `number` is what was given to `await`. */
export interface TicketHolder {
  ended(ticket: Ticket, number: number, failure: Error | undefined): void;
}

export class Ticket {
  /** What the handler was given. */
  readonly message: Message;
  /** Why it failed; undefined where it is open, or all went well. */
  failure: Error | undefined;
  #holder: TicketHolder | undefined;
  #number = 0;
  #phase: 'open' | 'ended' = 'open';

  constructor(message: Message) {
    this.message = message;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  /** For the one who waits: told once, unless it has ended before. */
  await(holder: TicketHolder, number: number): void {
    this.#holder = holder;
    this.#number = number;
  }

  /** For the handler: as a promise that resolves, or rejects. A second end does nothing. */
  end(failure?: Error): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.failure = failure;
    this.#holder?.ended(this, this.#number, failure);
  }
}
