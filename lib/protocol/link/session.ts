// How the messages of one end are numbered, kept and taken up: one course for each dialect.
//
//   seed      a number for each message, and no memory: what is sent on a lost link is gone, and the sender is told
//   session   what was sent is kept until the other side has it, and goes out again on the next link
//
//     post ─▶ kept ─flush▶ under way ─confirm▶ gone            arrive: the next number, one seen before, or a gap
//                ▲──────resume────┘
//
// A heartbeat carries the number that was received last, and so confirms. An answer confirms its request too, and all
// before it. The memory is OutStream, of the session floor. Its other half, InStream, counts what has no number on the
// wire; here each message carries its own, so that one comparison is all there is to do.

import type { Clock } from '../../base/clock.ts';
import { LimitError, NetworkError, PeerError } from '../../base/errors.ts';
import { OutStream } from '../../session/index.ts';
import type { EndLimits, KeptLimits } from './session/limits.ts';
import type { Data, Dialect } from './wire.ts';
import { writeFrame } from './wire.ts';

/** Where frames go: a socket, or the other end in the same process. */
export interface Carrier {
  /** Whether it takes more at present. */
  readonly clear: boolean;
  send(frame: string): void;
}

/** What a number that came in is. */
export type Arrival = 'next' | 'repeated' | 'gap';

export interface Course {
  readonly dialect: Dialect;
  /** Messages that the other side is not known to have. */
  readonly held: number;
  readonly heldBytes: number;
  /**
   * Sends or keeps a message, and gives its number; `answers` is that of the request that it answers.
   * @throws NetworkError CLOSED, LimitError OUTBOX_FULL
   */
  post(type: string, data: Data, answers?: number): number;
  /** Whether a frame holds it. */
  fits(type: string, data: Data, answers: number): boolean;
  arrive(seq: number): Arrival;
  /** The carrier takes more. */
  flush(): void;
  /** The other side has all that went out: it has ended in good order. */
  complete(): void;
  detach(): void;
}

export class SeedCourse implements Course {
  readonly dialect = 'seed';
  readonly held = 0;
  readonly heldBytes = 0;
  #seq: number;
  readonly #frame: number;
  #carrier: Carrier | undefined;

  /** `seq` is the number that was used last, in the handshake; `frame` is the longest frame in bytes. */
  constructor(carrier: Carrier, seq: number, frame: number) {
    this.#carrier = carrier;
    this.#seq = seq;
    this.#frame = frame;
  }

  post(type: string, data: Data, answers?: number): number {
    if (this.#carrier === undefined) throw new NetworkError('CLOSED', `${type} cannot be sent: the link is gone`);
    const line = writeFrame(this.#seq + 1, type, data, answers);
    checkLength(type, Buffer.byteLength(line), this.#frame);
    this.#seq += 1;
    const seq = this.#seq;
    this.#carrier.send(line);
    return seq;
  }

  fits(type: string, data: Data, answers: number): boolean {
    return lengthOf(type, data, answers) <= this.#frame;
  }

  /** The seed never looks at numbers that come in. */
  arrive(): Arrival {
    return 'next';
  }

  flush(): void {}

  complete(): void {}

  detach(): void {
    this.#carrier = undefined;
  }
}

/** Of a frame with the longest of numbers, in bytes. */
function lengthOf(type: string, data: Data, answers: number): number {
  return Buffer.byteLength(writeFrame(Number.MAX_SAFE_INTEGER, type, data, answers));
}

/** A longer frame would end the link at the other side. @throws LimitError OUTBOX_FULL */
function checkLength(type: string, bytes: number, frame: number): void {
  if (bytes > frame) throw new LimitError('OUTBOX_FULL', `${type} has ${bytes} bytes, a frame ${frame}`);
}

/** `frame`: a longer one would end the session at the other side. */
export type BufferLimits = KeptLimits & Pick<EndLimits, 'frame'>;

/** So many messages after the last heartbeat another one goes out, so that the other side need not keep more. */
const heartbeatEvery = 64;

export class SessionCourse implements Course {
  readonly dialect = 'session';
  readonly #out: OutStream<string>;
  readonly #frame: number;
  #received = 0;
  #told = 0;
  #carrier: Carrier | undefined;

  constructor(carrier: Carrier, { count, bytes, frame }: BufferLimits, clock: Clock) {
    this.#out = new OutStream<string>({ count, bytes, whenFull: 'reject' }, clock, () => undefined);
    this.#frame = frame;
    this.#carrier = carrier;
  }

  get held(): number {
    return this.#out.length;
  }

  get heldBytes(): number {
    return this.#out.bytes;
  }

  /** The number received last; null where there was none. */
  get received(): number | null {
    return this.#received === 0 ? null : this.#received;
  }

  post(type: string, data: Data, answers?: number): number {
    const { sent, length, unconfirmed } = this.#out;
    const seq = sent + length - unconfirmed + 1;
    const line = writeFrame(seq, type, data, answers);
    const bytes = Buffer.byteLength(line);
    checkLength(type, bytes, this.#frame);
    this.#out.takes(bytes);
    this.#out.push({ message: type, line, bytes, expires: Number.POSITIVE_INFINITY, stored: 0 });
    this.flush();
    return seq;
  }

  fits(type: string, data: Data, answers: number): boolean {
    return lengthOf(type, data, answers) <= this.#frame;
  }

  arrive(seq: number): Arrival {
    if (seq <= this.#received) return 'repeated';
    if (seq !== this.#received + 1) return 'gap';
    this.#received = seq;
    if (seq - this.#told >= heartbeatEvery) this.heartbeat();
    return 'next';
  }

  /** Tells the other side what it need not keep any more. */
  heartbeat(): void {
    this.#told = this.#received;
    this.#carrier?.send(writeFrame(null, 'heartbeat', { seq: this.received }));
  }

  /** The other side has all up to `seq`. @throws PeerError INVALID_COUNT */
  confirm(seq: number | null): void {
    if (seq === null) return;
    if (!this.#out.canBe(seq)) throw new PeerError('INVALID_COUNT', `${seq} of ${this.#out.sent} that were sent`);
    this.#out.confirm(seq);
  }

  /** As `confirm`, where the number comes from an answer: older ones tell nothing new. */
  answered(seq: number): void {
    if (this.#out.canBe(seq)) this.#out.confirm(seq);
  }

  flush(): void {
    while (this.#carrier?.clear) {
      const outgoing = this.#out.next();
      if (outgoing === undefined) return;
      this.#carrier.send(outgoing.line);
    }
  }

  complete(): void {
    this.#out.confirm(this.#out.sent);
  }

  detach(): void {
    this.#carrier = undefined;
    this.#out.linkLost();
  }

  /** Whether the other side can have so many. */
  canResume(seq: number | null): boolean {
    return this.#out.canBe(seq ?? 0);
  }

  /** Goes on over another link, behind what the other side has. @throws PeerError INVALID_COUNT */
  resume(carrier: Carrier, seq: number | null): void {
    this.#out.rewind(seq ?? 0);
    this.confirm(seq);
    this.#told = this.#received;
    this.#carrier = carrier;
    this.flush();
  }
}
