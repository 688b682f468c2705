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
import type { Message } from '../message/index.ts';
import type { Fate } from './fates.ts';
import { Fifo } from './fifo.ts';
import type { Outgoing, Settled, StreamLimits } from './outgoing.ts';
import { endEarly, setAgain } from './outgoing.ts';
import { Waiting } from './waiting.ts';

/** So many times the limit may end before one that does not: then that one is waited for. */
const mostEarly = 4;

export class OutStream<M = Message<unknown>> {
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #settled: Settled<M>;
  readonly #waiting = new Waiting<M>();
  readonly #underWay = new Fifo<Outgoing<M>>();
  #bytes = 0;
  /** Of those, under way. */
  #wayBytes = 0;
  /** Numbers that are done with. */
  #ended = 0;
  /** The last count that was acknowledged. */
  #acknowledged = 0;
  /** How many of those under way have gone out on the present link. */
  #outNow = 0;
  /** How many of those under way, the oldest, have ended and are kept for a session that comes late. */
  #told = 0;
  /** How many of those under way have ended before older ones: they stand where they are, and count for nothing. */
  #early = 0;

  constructor(limits: StreamLimits, clock: Clock, settled: Settled<M>) {
    this.#limits = limits;
    this.#clock = clock;
    this.#settled = settled;
  }

  /** Messages held: waiting and under way. */
  get length(): number {
    return this.#waiting.length + this.#underWay.length - this.#told - this.#early;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sent, not confirmed. */
  get unconfirmed(): number {
    return this.#underWay.length - this.#early;
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

  /** Milliseconds until something may expire; undefined where nothing can. */
  get nextExpiry(): number | undefined {
    return this.#waiting.nextExpiry(this.#clock.now());
  }

  /** Whether a message fits without anything else having to go. */
  fits(bytes: number): boolean {
    const held = this.#waiting.length + this.unconfirmed;
    return held < this.#limits.count && this.#bytes + bytes <= this.#limits.bytes;
  }

  /** Whether the policy takes it; false: it drops the newest. @throws LimitError OUTBOX_FULL under `reject`, and for one too large */
  takes(bytes: number): boolean {
    if (this.fits(bytes)) return true;
    this.expire();
    // Let go of what has ended, and is kept in case that a session comes late.
    while (!this.fits(bytes) && this.#told > 0) this.#end('sent');
    const { count, whenFull } = this.#limits;
    if (bytes > this.#limits.bytes || count === 0) throw this.full('OUTBOX_FULL', 'it does not fit at all');
    if (this.fits(bytes)) return true;
    if (whenFull === 'reject') throw this.full('OUTBOX_FULL', 'refused');
    if (whenFull === 'drop-newest') return false;
    return this.unconfirmed < count && this.#wayBytes + bytes <= this.#limits.bytes;
  }

  /** Takes a message that the policy takes; the oldest that wait make room for it. */
  push(outgoing: Outgoing<M>): void {
    const oldest: Outgoing<M>[] = [];
    while (!this.fits(outgoing.bytes)) {
      const one = this.#waiting.shift();
      if (one === undefined) break;
      oldest.push(one);
      this.#bytes -= one.bytes;
    }
    this.#waiting.push(outgoing);
    this.#bytes += outgoing.bytes;
    for (const one of oldest) this.#settle(one, 'dropped', this.full('DROPPED', 'the oldest is dropped'));
  }

  /** What an earlier process left: `ended` numbers are done with; the messages have those behind, and go before all else. */
  recover(ended: number, left: readonly Outgoing<M>[]): void {
    this.#ended = ended;
    for (const outgoing of left) this.pass(outgoing);
    this.#outNow = 0;
  }

  /** All that waits, or all that is under way, in its order; among that what has ended before older ones. */
  held(where: 'waiting' | 'under way'): Iterable<Outgoing<M>> {
    return where === 'waiting' ? this.#waiting : this.#underWay;
  }

  /** The message that `next` would give. */
  get first(): Outgoing<M> | undefined {
    return this.#outNow < this.#underWay.length ? this.#underWay.at(this.#outNow) : this.#waiting.at(0);
  }

  /** Whether another message may go out before the other side confirms some: half of the limits is under way at most. */
  get windowIsOpen(): boolean {
    const { count, bytes } = this.#limits;
    const most = Math.max(1, Math.floor(count / 2));
    if (this.#outNow - this.#early >= most || this.#early > mostEarly * count) return false;
    return this.#outNow < this.#underWay.length || this.#wayBytes < bytes / 2;
  }

  /** The next message for the present link; it counts as sent from now on. */
  next(): Outgoing<M> | undefined {
    if (this.#outNow < this.#underWay.length) {
      this.#outNow += 1;
      return this.#underWay.at(this.#outNow - 1);
    }
    const outgoing = this.#waiting.shift();
    if (outgoing === undefined) return undefined;
    this.#bytes -= outgoing.bytes;
    this.pass(outgoing);
    return outgoing;
  }

  /** Takes a message that goes out at once: nothing waits. */
  pass(outgoing: Outgoing<M>): void {
    this.#underWay.push(outgoing);
    this.#bytes += outgoing.bytes;
    this.#wayBytes += outgoing.bytes;
    this.#outNow += 1;
  }

  /**
   * The other side has handled so many, and `beyond` those too; `refused` are the numbers of those that it did not take.
   * @throws PeerError INVALID_COUNT for a count that runs backwards, or is of what was never sent
   */
  confirm(count: number, refused: ReadonlySet<number> = new Set(), beyond: readonly number[] = []): void {
    if (!this.canBe(count)) {
      const text = `count ${count} is not between ${this.#acknowledged} (acknowledged) and ${this.sent} (sent)`;
      throw new PeerError('INVALID_COUNT', text, 'ACK');
    }
    this.#acknowledged = count;
    while (this.#ended < count) this.#end(refused.has(this.#ended + 1) ? 'refused' : 'confirmed');
    for (const number of beyond) this.#endEarly(number, refused.has(number) ? 'refused' : 'confirmed');
  }

  /** It has ended, and keeps its place until all before it have. */
  #endEarly(number: number, fate: 'confirmed' | 'refused'): void {
    const outgoing = this.#underWay.at(number - this.#ended - 1);
    if (number <= this.#ended || outgoing === undefined)
      throw new PeerError('INVALID_COUNT', 'beyond what was sent', 'ACK');
    if (outgoing.early !== undefined || outgoing.fate !== undefined) return;
    this.#early += 1;
    this.#bytes -= outgoing.bytes;
    this.#wayBytes -= outgoing.bytes;
    endEarly(outgoing, fate);
  }

  /** Whether the other side can have taken up so many: it does not fall behind what it acknowledged. */
  canBe(count: number): boolean {
    return count >= this.#acknowledged && count <= this.sent;
  }

  /** What went out has ended as far as anybody is told, but is kept: a session that comes late goes on with it. */
  markSent(): void {
    for (; this.#told < this.#outNow; this.#told += 1) {
      this.#settle(this.#underWay.at(this.#told) as Outgoing<M>, 'sent');
    }
  }

  /** The link has no session: what went out is done with. */
  settleSent(): void {
    while (this.#outNow > 0) this.#end('sent');
  }

  /**
   * A new link goes on behind the `received` first, which the other side has taken up; the rest goes out again.
   * @throws PeerError INVALID_COUNT
   */
  rewind(received: number): void {
    if (!this.canBe(received))
      throw new PeerError('INVALID_COUNT', `received ${received} of ${this.sent} sent`, 'SESSION');
    this.#ended = Math.min(this.#ended, received);
    this.#outNow = received - this.#ended;
  }

  /** The link is gone: on the next one nothing has gone out yet. */
  linkLost(): void {
    this.#outNow = 0;
  }

  /** The session is lost: what is under way waits again (`resend`), or is reported as lost. Numbers begin anew. */
  restart(choice: 'resend' | 'report'): void {
    while (this.#told > 0) this.#end('sent');
    // What has ended is not sent again; what is on a disk has no place in the next count.
    const ended = this.#underWay.remove(({ early }) => early !== undefined);
    for (const one of ended) this.#settle(one, one.stored > 0 ? 'withdrawn' : (one.early ?? 'confirmed'));
    this.#early = 0;
    if (choice === 'resend') for (const outgoing of this.#underWay) setAgain(outgoing);
    if (choice === 'resend') this.#waiting.putBefore(this.#underWay);
    const lost = this.#underWay.take();
    this.#wayBytes = 0;
    this.#ended = 0;
    this.#acknowledged = 0;
    this.#outNow = 0;
    for (const outgoing of lost) this.#drop(outgoing, 'lost');
  }

  /** Drops what has waited for too long. */
  expire(): void {
    for (const outgoing of this.#waiting.takeExpired(this.#clock.now())) {
      // One that went out in a session that is lost may have been handled.
      if (outgoing.again !== undefined) this.#drop(outgoing, 'lost');
      else this.#drop(outgoing, 'expired', new LimitError('EXPIRED', 'not sent in time'));
    }
  }

  /** Takes a message back that was not sent yet; false where it is too late. */
  withdraw(matches: (outgoing: Outgoing<M>) => boolean, fate: Fate = 'withdrawn', reason?: LimitError): boolean {
    const taken = this.#waiting.remove(outgoing => outgoing.again === undefined && matches(outgoing));
    for (const outgoing of taken) this.#drop(outgoing, fate, reason);
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
    // What has ended early was told; on a disk it keeps its place, for the next life to learn that from the other side.
    for (const one of this.#underWay) if (one.early !== undefined) one.fate = one.early;
    while (this.#underWay.length > 0) this.#end('abandoned');
    for (const outgoing of this.#waiting.take()) this.#settle(outgoing, 'abandoned');
    this.#bytes = 0;
    return length;
  }

  full(code: 'OUTBOX_FULL' | 'DROPPED', what: string): LimitError {
    return new LimitError(code, `outbox full (${this.length} messages, ${this.#bytes} bytes): ${what}`);
  }

  /** Ends the oldest under way. */
  #end(fate: Fate): void {
    const outgoing = this.#underWay.shift();
    if (outgoing === undefined) return;
    this.#ended += 1;
    if (this.#told > 0) this.#told -= 1;
    if (this.#outNow > 0) this.#outNow -= 1;
    if (outgoing.early === undefined) {
      this.#bytes -= outgoing.bytes;
      this.#wayBytes -= outgoing.bytes;
    } else this.#early -= 1;
    this.#settle(outgoing, outgoing.early ?? fate);
  }

  #drop(outgoing: Outgoing<M>, fate: Fate, reason?: LimitError): void {
    this.#bytes -= outgoing.bytes;
    this.#settle(outgoing, fate, reason);
  }

  #settle(outgoing: Outgoing<M>, fate: Fate, reason?: LimitError): void {
    if (outgoing.fate !== undefined) return;
    outgoing.fate = fate;
    outgoing.teller?.told?.(fate, reason);
    this.#settled(outgoing, fate, reason);
  }
}
