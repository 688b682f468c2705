// A message on its way, and what is told of it.

import type { LimitError } from '../base/errors.ts';
import type { FullPolicy } from '../base/queue.ts';
import { encode, lineBytes, Message, offerParameter } from '../message/index.ts';
import type { Fate } from './fates.ts';
import { markedAgain } from './wire.ts';

/** What the sender of a message wants to be told. */
export interface Teller {
  /** Its fate, once. */
  told?(fate: Fate, reason?: LimitError): void;
  /** It is on the disk. */
  readonly onStored?: (() => void) | undefined;
}

/** A message on its way. */
export interface Outgoing<M = Message<unknown>> {
  readonly message: M;
  /** As it goes onto the wire, without its line feed. */
  readonly line: string;
  readonly bytes: number;
  /** When it expires, on the clock, unless it was sent before. */
  readonly expires: number;
  /** Its place in the spool; 0 where there is none, or not yet. */
  stored: number;
  teller?: Teller | undefined;
  /** Set once it has ended; it may be kept a while longer, for a session that comes late. */
  fate?: Fate | undefined;
  /** Set where its fate was told before that of one with a smaller number. */
  early?: 'confirmed' | 'refused' | undefined;
  /** Set once it went out in a session that is lost: what goes out then. */
  again?: M | undefined;
}

/** A message as it goes onto the wire; offers are a session's own business. All have the same shape, which is faster. */
export function outgoingOf(given: Message<unknown>, expires: number, teller: Teller | undefined): Outgoing {
  const message = given.has(offerParameter) ? given.without(offerParameter) : given;
  const line = encode(message);
  const bytes = lineBytes(message, line) + 1;
  return { message, line, bytes, expires, stored: 0, teller, fate: undefined, early: undefined, again: undefined };
}

/** It went out in a session that is lost: from now on it is marked, for the other side may have handled it. */
export function setAgain<M>(outgoing: Outgoing<M>): void {
  const { message } = outgoing;
  outgoing.again ??= message instanceof Message ? (markedAgain(message) as M) : message;
}

/** Tells its fate before that of one with a smaller number; it keeps its place. */
export function endEarly(outgoing: Outgoing<unknown>, fate: 'confirmed' | 'refused'): void {
  const { teller } = outgoing;
  outgoing.early = fate;
  outgoing.teller = undefined;
  teller?.told?.(fate);
}

export interface StreamLimits {
  readonly count: number;
  readonly bytes: number;
  readonly whenFull: FullPolicy;
}

/** Told of the fate of each message. */
export type Settled<M = Message<unknown>> = (outgoing: Outgoing<M>, fate: Fate, reason?: LimitError) => void;
