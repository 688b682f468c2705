// A message for a service, until its fate is known. Whoever brought it waits for its end as for a handler's.

import type { LimitError } from '../../base/errors.ts';
import { Ticket } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { Fate, Teller } from '../../session/index.ts';
import type { Party } from './party.ts';

/** What is done at the end of a letter; it passes the end on with `letter.end`. */
export type LetterEnd = (letter: Letter, failure?: Error) => void;

/** Where letters wait. */
export interface LetterBox {
  /** The session of the process that it was handed to tells its fate. */
  told(letter: Letter, member: Party, fate: Fate, reason: LimitError | undefined): void;
}

/** The letters of one sender for one service. */
export interface Share {
  readonly sender: string;
  count: number;
}

export class Letter extends Ticket implements Teller {
  /** On the clock: not handed over later than that. */
  readonly expires: number;
  /** About what it takes in memory and on the wire. */
  readonly bytes: number;
  /** Its place in the store; 0 where it is in memory alone. */
  readonly stored: number;
  /** Told once what became of it: nothing where it was handled. */
  readonly settle: LetterEnd;
  /** Its place in the order: of two the lower goes first. */
  readonly place: number;
  /** What goes out: marked where somebody may have handled it before. */
  outgoing: Message;
  /** The share that it counts in. */
  share: Share | undefined;
  #box: LetterBox | undefined;
  #member: Party | undefined;

  constructor(message: Message, place: number, expires: number, settle: LetterEnd, stored = 0) {
    super(message);
    this.place = place;
    this.outgoing = message;
    this.expires = expires;
    this.bytes = sizeOf(message);
    this.settle = settle;
    this.stored = stored;
  }

  /** It is handed over to a process, whose session tells what comes of it. */
  handed(box: LetterBox, member: Party): void {
    this.#box = box;
    this.#member = member;
  }

  /** It waits for long: from now on it takes about `bytes`, and not the chunk that it came in. */
  own(): void {
    this.message.own();
    if (this.outgoing !== this.message) this.outgoing.own();
  }

  told(fate: Fate, reason?: LimitError): void {
    if (this.#member !== undefined) this.#box?.told(this, this.#member, fate, reason);
  }
}

function sizeOf({ list, command }: Message): number {
  let size = 64 + command.length;
  for (const text of list) size += text.length + 1;
  return size;
}
