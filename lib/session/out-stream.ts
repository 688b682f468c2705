// One direction of a session, seen from its sender: what waits, what is under way, what was confirmed.
//
//   push ─▶ waiting ─next▶ under way ─confirm▶ gone (confirmed)
//              ▲                │ rewind: the same again, with the same numbers
//              └───restart──────┘ the session is lost: waits again, with new numbers
//
// Messages are numbered from 1 when they are first sent; nothing on the wire carries the number, both sides count.
// Only what was never sent can be dropped or can expire: a number that was given must stay.

import type { Clock } from '../base/clock.ts';
import { LimitError, PeerError } from '../base/errors.ts';
import type { FullPolicy } from '../base/queue.ts';
import type { Message } from '../message/index.ts';
import type { Fate } from './fates.ts';
import { Fifo } from './fifo.ts';

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
  readonly settle?: ((fate: Fate, reason?: LimitError) => void) | undefined;
  /** Told when it is on the disk. */
  readonly onStored?: (() => void) | undefined;
  /** Set once it has ended; it may be kept a while longer, for a session that comes late. */
  fate?: Fate;
}

export interface StreamLimits {
  readonly count: number;
  readonly bytes: number;
  readonly whenFull: FullPolicy;
}

/** Told of the fate of each message. */
export type Settled<M = Message<unknown>> = (outgoing: Outgoing<M>, fate: Fate, reason?: LimitError) => void;

export class OutStream<M = Message<unknown>> {
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #settled: Settled<M>;
  readonly #waiting = new Fifo<Outgoing<M>>();
  readonly #underWay = new Fifo<Outgoing<M>>();
  #bytes = 0;
  /** Numbers that are done with. */
  #ended = 0;
  /** The last count that was acknowledged. */
  #acknowledged = 0;
  /** How many of those under way have gone out on the present link. */
  #outNow = 0;
  #earliest = Number.POSITIVE_INFINITY;

  constructor(limits: StreamLimits, clock: Clock, settled: Settled<M>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#settled = settled;
  }

  /** Messages held: waiting and under way. */
  get length(): number {
    return this.#waiting.length + this.#underWay.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sent, not confirmed. */
  get unconfirmed(): number {
    return this.#underWay.length;
  }

  /** Gone out on the present link, not confirmed. */
  get outNow(): number {
    return this.#outNow;
  }

  /** Not gone out on the present link. */
  get unsent(): number {
    return this.#waiting.length + this.#underWay.length - this.#outNow;
  }

  /** Numbers given so far. */
  get sent(): number {
    return this.#ended + this.#underWay.length;
  }

  /** Numbers that are done with: the other side need not be asked about them. */
  get ended(): number {
    return this.#ended;
  }

  /** Milliseconds until something may expire; undefined where nothing can. */
  get nextExpiry(): number | undefined {
    if (this.#waiting.length === 0 || this.#earliest === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(0, this.#earliest - this.#clock.now());
  }

  /**
   * Makes room for a message, as the policy says. False where the policy drops the newest, which is this one.
   * @throws LimitError OUTBOX_FULL under `reject`, and for a message that cannot fit at all
   */
  makeRoom(bytes: number): boolean {
    if (this.#fits(bytes)) return true;
    this.expire();
    // Let go of what has ended, and is kept in case that a session comes late.
    while (!this.#fits(bytes) && this.#underWay.at(0)?.fate !== undefined) this.#end('sent');
    const { count, whenFull } = this.#limits;
    if (bytes > this.#limits.bytes || count === 0) throw this.full('OUTBOX_FULL', 'it does not fit at all');
    while (!this.#fits(bytes)) {
      if (whenFull === 'reject') throw this.full('OUTBOX_FULL', 'refused');
      const oldest = whenFull === 'drop-oldest' ? this.#waiting.shift() : undefined;
      if (oldest === undefined) return false;
      this.#bytes -= oldest.bytes;
      this.#settle(oldest, 'dropped', this.full('DROPPED', 'the oldest is dropped'));
    }
    return true;
  }

  /** Takes a message for which there is room. */
  push(outgoing: Outgoing<M>): void {
    this.#waiting.push(outgoing);
    this.#bytes += outgoing.bytes;
    if (outgoing.expires < this.#earliest) this.#earliest = outgoing.expires;
  }

  /**
   * What an earlier process left: `ended` numbers are done with, the messages have the numbers behind. They may have been
   * sent, so they keep them, and go before all that waits.
   */
  recover(ended: number, left: readonly Outgoing<M>[]): void {
    this.#ended = ended;
    for (const outgoing of left) {
      this.#underWay.push(outgoing);
      this.#bytes += outgoing.bytes;
    }
  }

  /** All that waits, in its order. */
  get waiting(): Iterable<Outgoing<M>> {
    return this.#waiting;
  }

  /** The message that `next` would give. */
  get first(): Outgoing<M> | undefined {
    return this.#outNow < this.#underWay.length ? this.#underWay.at(this.#outNow) : this.#waiting.at(0);
  }

  /** The next message for the present link; it counts as sent from now on. */
  next(): Outgoing<M> | undefined {
    if (this.#outNow < this.#underWay.length) {
      this.#outNow += 1;
      return this.#underWay.at(this.#outNow - 1);
    }
    const outgoing = this.#waiting.shift();
    if (outgoing === undefined) return undefined;
    this.#underWay.push(outgoing);
    this.#outNow += 1;
    return outgoing;
  }

  /**
   * The other side has handled so many.
   * @throws PeerError INVALID_COUNT for a count that runs backwards, or is of what was never sent
   */
  confirm(count: number): void {
    if (!this.canBe(count)) {
      const text = `count ${count} is not between ${this.#acknowledged} (acknowledged) and ${this.sent} (sent)`;
      throw new PeerError('INVALID_COUNT', text, 'ACK');
    }
    this.#acknowledged = count;
    while (this.#ended < count) this.#end('confirmed');
  }

  /** Whether the other side can have taken up so many: it does not fall behind what it acknowledged. */
  canBe(count: number): boolean {
    return count >= this.#acknowledged && count <= this.sent;
  }

  /** What went out has ended as far as anybody is told, but is kept: a session that comes late goes on with it. */
  markSent(): void {
    for (let at = 0; at < this.#outNow; at += 1) {
      const outgoing = this.#underWay.at(at);
      if (outgoing !== undefined && outgoing.fate === undefined) this.#settle(outgoing, 'sent');
    }
  }

  /** The link has no session: what went out is done with. */
  settleSent(): void {
    while (this.#outNow > 0) this.#end('sent');
  }

  /**
   * A new link goes on behind the `received` first, which the other side has taken up; the rest goes out again in its
   * order. What was taken up is confirmed when it is handled.
   * @throws PeerError INVALID_COUNT
   */
  rewind(received: number): void {
    if (!this.canBe(received)) {
      throw new PeerError('INVALID_COUNT', `received ${received} of ${this.sent} that were sent`, 'SESSION');
    }
    this.#outNow = Math.max(0, received - this.#ended);
  }

  /** The link is gone: on the next one nothing has gone out yet. */
  linkLost(): void {
    this.#outNow = 0;
  }

  /** The session is lost: what is under way waits again (`resend`), or is reported as lost. Numbers begin anew. */
  restart(choice: 'resend' | 'report'): void {
    while (this.#underWay.at(0)?.fate !== undefined) this.#end('sent');
    if (choice === 'resend') this.#waiting.putBefore(this.#underWay);
    const lost = this.#underWay.take();
    this.#ended = 0;
    this.#acknowledged = 0;
    this.#outNow = 0;
    this.#findEarliest();
    for (const outgoing of lost) {
      this.#bytes -= outgoing.bytes;
      this.#settle(outgoing, 'lost');
    }
  }

  /** Drops what has waited for too long. */
  expire(): void {
    const now = this.#clock.now();
    if (this.#earliest > now) return;
    const late = this.#waiting.remove(({ expires }) => expires <= now);
    this.#findEarliest();
    for (const outgoing of late) {
      this.#bytes -= outgoing.bytes;
      this.#settle(outgoing, 'expired', new LimitError('EXPIRED', 'it was not delivered in time'));
    }
  }

  /** Takes a message back that was not sent yet; false where it is too late. */
  withdraw(matches: (outgoing: Outgoing<M>) => boolean, fate: Fate = 'withdrawn', reason?: LimitError): boolean {
    const taken = this.#waiting.remove(matches);
    for (const outgoing of taken) {
      this.#bytes -= outgoing.bytes;
      this.#settle(outgoing, fate, reason);
    }
    return taken.length > 0;
  }

  /** Whether a message is still held. */
  holds(message: M): boolean {
    const same = (outgoing: Outgoing<M>): boolean => outgoing.message === message;
    return this.#waiting.some(same) || this.#underWay.some(same);
  }

  /** Gives up on all, and says how many there were. */
  abandon(): number {
    const { length } = this;
    while (this.#underWay.length > 0) this.#end('abandoned');
    for (let outgoing = this.#waiting.shift(); outgoing !== undefined; outgoing = this.#waiting.shift()) {
      this.#settle(outgoing, 'abandoned');
    }
    this.#bytes = 0;
    return length;
  }

  full(code: 'OUTBOX_FULL' | 'DROPPED', what: string): LimitError {
    return new LimitError(code, `outbox full (${this.length} messages, ${this.#bytes} bytes): ${what}`);
  }

  #fits(bytes: number): boolean {
    return this.length < this.#limits.count && this.#bytes + bytes <= this.#limits.bytes;
  }

  /** Ends the oldest under way. */
  #end(fate: Fate): void {
    const outgoing = this.#underWay.shift();
    if (outgoing === undefined) return;
    this.#ended += 1;
    if (this.#outNow > 0) this.#outNow -= 1;
    this.#bytes -= outgoing.bytes;
    this.#settle(outgoing, fate);
  }

  #settle(outgoing: Outgoing<M>, fate: Fate, reason?: LimitError): void {
    if (outgoing.fate !== undefined) return;
    outgoing.fate = fate;
    outgoing.settle?.(fate, reason);
    this.#settled(outgoing, fate, reason);
  }

  #findEarliest(): void {
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { expires } of this.#waiting) this.#earliest = Math.min(this.#earliest, expires);
  }
}
