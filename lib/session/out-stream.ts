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
export interface Outgoing {
  readonly message: Message<unknown>;
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
}

export interface StreamLimits {
  readonly count: number;
  readonly bytes: number;
  readonly whenFull: FullPolicy;
}

/** Told of the fate of each message. */
export type Settled = (outgoing: Outgoing, fate: Fate, reason?: LimitError) => void;

export class OutStream {
  readonly #limits: StreamLimits;
  readonly #clock: Clock;
  readonly #settled: Settled;
  readonly #waiting = new Fifo<Outgoing>();
  readonly #underWay = new Fifo<Outgoing>();
  #bytes = 0;
  /** Numbers that are done with. */
  #ended = 0;
  /** The highest count that the other side has told. */
  #told = 0;
  /** How many of those under way have gone out on the present link. */
  #outNow = 0;
  #earliest = Number.POSITIVE_INFINITY;

  constructor(limits: StreamLimits, clock: Clock, settled: Settled) {
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
    const { count, whenFull } = this.#limits;
    if (this.length < count && this.#bytes + bytes <= this.#limits.bytes) return true;
    this.expire();
    if (bytes > this.#limits.bytes || count === 0) throw this.full('OUTBOX_FULL', 'it does not fit at all');
    while (this.length >= count || this.#bytes + bytes > this.#limits.bytes) {
      if (whenFull === 'reject') throw this.full('OUTBOX_FULL', 'refused');
      const oldest = whenFull === 'drop-oldest' ? this.#waiting.shift() : undefined;
      if (oldest === undefined) return false;
      this.#bytes -= oldest.bytes;
      this.#settle(oldest, 'dropped', this.full('DROPPED', 'the oldest is dropped'));
    }
    return true;
  }

  /** Takes a message for which there is room. */
  push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#bytes += outgoing.bytes;
    if (outgoing.expires < this.#earliest) this.#earliest = outgoing.expires;
  }

  /**
   * What an earlier process left: `ended` numbers are done with, the messages have the numbers behind. They may have been
   * sent, so they keep them, and go before all that waits.
   */
  recover(ended: number, left: readonly Outgoing[]): void {
    this.#ended = ended;
    this.#told = ended;
    for (const outgoing of left) {
      this.#underWay.push(outgoing);
      this.#bytes += outgoing.bytes;
    }
  }

  /** All that waits, in its order. */
  get waiting(): Iterable<Outgoing> {
    return this.#waiting;
  }

  /** The message that `next` would give. */
  get first(): Outgoing | undefined {
    return this.#outNow < this.#underWay.length ? this.#underWay.at(this.#outNow) : this.#waiting.at(0);
  }

  /** The next message for the present link; it counts as sent from now on. */
  next(): Outgoing | undefined {
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
    this.#check(count, 'ACK');
    while (this.#ended < count) this.#end('confirmed');
  }

  /** The link has no session: what went out is done with. It keeps its number, for a session that comes late. */
  settleSent(): void {
    while (this.#outNow > 0) this.#end('sent');
  }

  /**
   * A new link goes on behind the `received` first, which the other side has taken up; the rest goes out again in its
   * order. What was taken up is confirmed when it is handled.
   * @throws PeerError INVALID_COUNT
   */
  rewind(received: number): void {
    this.#check(received, 'SESSION');
    this.#outNow = Math.max(0, received - this.#ended);
  }

  /** The link is gone: on the next one nothing has gone out yet. */
  linkLost(): void {
    this.#outNow = 0;
  }

  /** The session is lost: what is under way waits again (`resend`), or is reported as lost. Numbers begin anew. */
  restart(choice: 'resend' | 'report'): void {
    if (choice === 'resend') this.#waiting.putBefore(this.#underWay);
    while (this.#underWay.length > 0) this.#end('lost');
    this.#ended = 0;
    this.#told = 0;
    this.#outNow = 0;
    this.#findEarliest();
  }

  /** Drops what has waited for too long. */
  expire(): void {
    const now = this.#clock.now();
    if (this.#earliest > now) return;
    const late = this.#waiting.remove(({ expires }) => expires <= now);
    this.#findEarliest();
    for (const outgoing of late) {
      this.#bytes -= outgoing.bytes;
      this.#settle(outgoing, 'expired', new LimitError('EXPIRED', 'it was not sent in time'));
    }
  }

  /** Takes a message back that was not sent yet; false where it is too late. */
  withdraw(message: Message<unknown>, fate: Fate = 'withdrawn', reason?: LimitError): boolean {
    const [outgoing] = this.#waiting.remove(one => one.message === message);
    if (outgoing === undefined) return false;
    this.#bytes -= outgoing.bytes;
    this.#settle(outgoing, fate, reason);
    return true;
  }

  /** Whether a message is still held. */
  holds(message: Message<unknown>): boolean {
    const same = (outgoing: Outgoing): boolean => outgoing.message === message;
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

  /** Ends the oldest under way. */
  #end(fate: Fate): void {
    const outgoing = this.#underWay.shift();
    if (outgoing === undefined) return;
    this.#ended += 1;
    if (this.#outNow > 0) this.#outNow -= 1;
    this.#bytes -= outgoing.bytes;
    this.#settle(outgoing, fate);
  }

  #settle(outgoing: Outgoing, fate: Fate, reason?: LimitError): void {
    outgoing.settle?.(fate, reason);
    this.#settled(outgoing, fate, reason);
  }

  #findEarliest(): void {
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { expires } of this.#waiting) this.#earliest = Math.min(this.#earliest, expires);
  }

  #check(count: number, command: string): void {
    if (count < this.#told || count > this.sent) {
      const text = `count ${count} is not between ${this.#told} (told before) and ${this.sent} (sent)`;
      throw new PeerError('INVALID_COUNT', text, command);
    }
    this.#told = count;
  }
}
