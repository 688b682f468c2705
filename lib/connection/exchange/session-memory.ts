// The sessions of one listener. A peer whose link was lost is kept here, and takes over the link on which its client
// comes back; whoever does not prove that a session is its own goes on without.

import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Message } from '../../message/index.ts';
import type { Offer } from '../../session/index.ts';
import { ReplyCache, readOffer, refusalMessage } from '../../session/index.ts';
import { consumed, outside } from '../link/link-role.ts';
import type { SessionServer } from './session-server.ts';

export interface SessionLimits {
  /** How long a session without a link is remembered, in ms. @default 60_000 */
  readonly remember: number;
  /** Sessions at the same time; more are refused. @default 1_000 */
  readonly count: number;
}

export const sessionLimits: SessionLimits = { remember: 60_000, count: 1_000 };

/** Answers are kept longer than sessions: who asks again does so after its session was forgotten. */
const replyAge = 2;
const replyCount = 1_000;
const replyBytes: number = 16 * 1024 * 1024;

/** Whoever carries a session at a listener. */
export interface SessionPeer<P = unknown> {
  readonly session: SessionServer | undefined;
  readonly link: { readonly canSend: boolean };
  destroy(): void;
  /** The session begins on its link. */
  beginSession(offer: Offer): SessionServer;
  /** The session goes on with the newcomer's link, and the newcomer ends. */
  adopt(newcomer: P): void;
  /** The client has its answer. */
  resumed(): void;
  /** Says something outside of any session. */
  say(message: Message): void;
}

export class SessionMemory {
  /** Offers with a wrong secret. */
  stolen = 0;
  /** Offers beyond the limit. */
  refused = 0;
  readonly limits: SessionLimits;
  readonly replies: ReplyCache;
  readonly #peers = new Map<string, SessionPeer>();

  constructor(limits: SessionLimits, clock: Clock) {
    this.limits = limits;
    this.replies = new ReplyCache({ age: limits.remember * replyAge, count: replyCount, bytes: replyBytes }, clock);
  }

  get size(): number {
    return this.#peers.size;
  }

  forget({ id }: Offer): void {
    this.#peers.delete(id);
  }

  /**
   * A link's first message. Gives its number, as `LinkRole.arrive`.
   * @throws PeerError INVALID_PARAMETER for an offer that cannot be read
   */
  first(message: Message, newcomer: SessionPeer): number {
    const offer = readOffer(message);
    if (offer === undefined) return outside;
    // What is read after the link has gone begins nothing: the client comes back, and says it again.
    if (!newcomer.link.canSend) {
      newcomer.destroy();
      return consumed;
    }
    const known = this.#peers.get(offer.id);
    if (known?.session === undefined) return this.#begin(offer, message, newcomer);
    if (!sameSecret(known.session.offer.secret, offer.secret)) {
      this.stolen += 1;
      return refuse(newcomer, message, 'the secret of this session is another one');
    }
    known.adopt(newcomer);
    const number = known.session.answer(message, offer);
    known.resumed();
    return number;
  }

  #begin(offer: Offer, message: Message, newcomer: SessionPeer): number {
    if (this.#peers.size >= this.limits.count) {
      this.refused += 1;
      return refuse(newcomer, message, `there are ${this.#peers.size} sessions already`);
    }
    this.#peers.set(offer.id, newcomer);
    return newcomer.beginSession(offer).answer(message, offer);
  }
}

/** The link goes on without a session. */
function refuse(peer: SessionPeer, { command }: Message, reason: string): number {
  peer.say(refusalMessage(reason));
  return command === 'ALIVE' ? consumed : outside;
}

function sameSecret(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
