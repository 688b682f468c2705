// What goes out over a line of NATS. The client library has no memory: what it was given while the link was dying is gone.
// So each packet stays here until the server has shown that it read it: a flush is answered in the order of what was sent.
//
//   send ─▶ waits ─line▶ under way ─flush answered▶ gone (confirmed)
//             ▲               │
//             └──line lost────┘ goes out again: whoever hears it may have heard it before
//
// What the policy drops, and what waits for too long, is told.

import type { Cancel, Clock } from '../../base/clock.ts';
import { asError, LimitError, UsageError } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import type { Sending } from '../../dispatcher/index.ts';
import type { Fates, Outgoing } from '../../session/index.ts';
import { noFates, OutStream } from '../../session/index.ts';
import type { NatsLine } from '../../transport/nats/index.ts';

export interface Packet {
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly reply: string | undefined;
}

export interface OutboxOwner {
  /** A packet was accepted, and does not go out. */
  missed(packet: Packet, reason: Error): void;
  /** All that was accepted is confirmed. */
  emptied(): void;
}

/** What a packet costs beside its bytes, about: its subject, and the command around it. */
const frame = 32;

/** Longest subject: with what stands around it, it must fit the 4,096 bytes of a line of the protocol. */
export const longestSubject = 2_048;

/** @throws UsageError INVALID_NAME, LimitError BODY_TOO_LONG */
export function checkPacket(subject: string, bytes: Uint8Array, longest: number): void {
  if (subject.length > longestSubject || !/^[\x21-\x7e]+$/.test(subject) || /[*>]|^\.|\.\.|\.$/.test(subject)) {
    throw new UsageError('INVALID_NAME', `"${subject.slice(0, 80)}" is no subject to publish to`);
  }
  if (bytes.length > longest) {
    throw new LimitError('BODY_TOO_LONG', `${bytes.length} bytes, the server takes ${longest}`);
  }
}

export class NatsOutbox {
  readonly fates: Fates = noFates();
  readonly #limits: QueueLimits;
  readonly #clock: Clock;
  readonly #owner: OutboxOwner;
  readonly #out: OutStream<Packet>;
  #line: NatsLine | undefined;
  /** The line that was asked to confirm, until it answers. */
  #asked: NatsLine | undefined;
  #cancelExpiry: Cancel | undefined;

  constructor(limits: QueueLimits, clock: Clock, owner: OutboxOwner) {
    this.#limits = limits;
    this.#clock = clock;
    this.#owner = owner;
    this.#out = new OutStream<Packet>(limits, clock, ({ message }, fate, reason) => {
      this.fates[fate] += 1;
      if (fate !== 'confirmed') owner.missed(message, reason ?? new LimitError('EXPIRED', `${fate}: not sent in time`));
    });
  }

  get length(): number {
    return this.#out.length;
  }

  get bytes(): number {
    return this.#out.bytes;
  }

  /** Gone out, and not confirmed. */
  get unconfirmed(): number {
    return this.#out.outNow;
  }

  /** @throws LimitError OUTBOX_FULL */
  send(packet: Packet): Sending {
    const bytes = packet.bytes.length + packet.subject.length + frame;
    const outgoing = { message: packet, line: '', bytes, expires: this.#clock.now() + this.#limits.age, stored: 0 };
    if (!this.#takes(bytes)) {
      this.fates.dropped += 1;
      this.#owner.missed(packet, this.#out.full('DROPPED', 'the newest is dropped'));
      return 'queued';
    }
    this.#out.push(outgoing);
    this.#pump();
    if (this.#out.unsent === 0) return 'sent';
    this.#watchExpiry();
    return 'queued';
  }

  /** From now on packets go out over this line, those first that the last one has not confirmed. */
  attach(line: NatsLine): void {
    this.#line = line;
    this.#pump();
  }

  /** The line is gone, or is not to be used any more. */
  detach(): void {
    this.#line = undefined;
    this.#asked = undefined;
    this.#out.restart('resend');
    this.#watchExpiry();
  }

  /** Gives up on all, and says how many there were. */
  abandon(): number {
    this.#line = undefined;
    this.#cancelExpiry?.();
    return this.#out.abandon();
  }

  #takes(bytes: number): boolean {
    try {
      return this.#out.takes(bytes);
    } catch (error) {
      this.fates.refused += 1;
      throw error;
    }
  }

  #pump(): void {
    const line = this.#line;
    if (line === undefined) return;
    this.#out.expire();
    while (this.#out.windowIsOpen) {
      const outgoing = this.#out.next();
      if (outgoing === undefined) break;
      this.#publish(line, outgoing);
    }
    if (this.#out.outNow > 0) this.#ask(line);
  }

  #publish(line: NatsLine, outgoing: Outgoing<Packet>): void {
    const { message } = outgoing;
    try {
      line.publish(message.subject, message.bytes, message.reply);
    } catch (error) {
      // A server that takes shorter payloads than the last one: nothing to be done about this packet.
      outgoing.fate = 'dropped';
      this.fates.dropped += 1;
      this.#owner.missed(message, asError(error));
    }
  }

  /** One question is under way at a time; its answer is for all that went out before it. */
  #ask(line: NatsLine): void {
    if (this.#asked !== undefined) return;
    this.#asked = line;
    const count = this.#out.sent - (this.#out.unconfirmed - this.#out.outNow);
    line.flush().then(
      () => this.#confirmed(line, count),
      () => undefined, // the line is over, and says so itself
    );
  }

  #confirmed(line: NatsLine, count: number): void {
    if (this.#asked !== line) return;
    this.#asked = undefined;
    this.#out.confirm(count);
    this.#pump();
    if (this.#out.length === 0) this.#owner.emptied();
  }

  #watchExpiry(): void {
    const ms = this.#out.nextExpiry;
    if (ms === undefined || this.#cancelExpiry !== undefined) return;
    this.#cancelExpiry = this.#clock.after(ms, () => {
      this.#cancelExpiry = undefined;
      this.#out.expire();
      this.#watchExpiry();
    });
  }
}
