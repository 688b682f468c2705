// A message on its way, and what is told of it.

import type { LimitError } from '../base/errors.ts';
import type { FullPolicy } from '../base/queue.ts';
import type { Message } from '../message/index.ts';
import type { Fate } from './fates.ts';

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
  /** Told of its fate, once. */
  settle?: ((fate: Fate, reason?: LimitError) => void) | undefined;
  /** Told when it is on the disk. */
  readonly onStored?: (() => void) | undefined;
  /** Set once it has ended; it may be kept a while longer, for a session that comes late. */
  fate?: Fate;
  /** Set where its fate was told before that of one with a smaller number. */
  early?: 'confirmed' | 'refused';
  /** Set once it went out in a session that is lost. */
  again?: 'again';
}

/** Tells its fate before that of one with a smaller number; it keeps its place. */
export function endEarly(outgoing: Outgoing<unknown>, fate: 'confirmed' | 'refused'): void {
  const { settle } = outgoing;
  outgoing.early = fate;
  outgoing.settle = undefined;
  settle?.(fate);
}

export interface StreamLimits {
  readonly count: number;
  readonly bytes: number;
  readonly whenFull: FullPolicy;
}

/** Told of the fate of each message. */
export type Settled<M = Message<unknown>> = (outgoing: Outgoing<M>, fate: Fate, reason?: LimitError) => void;
