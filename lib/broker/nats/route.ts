// The way of messages to one other broker, seen from here. NATS forgets; this does not, until the other side has told what
// became of a message.
//
//   add ─▶ waits ─next▶ under way ─outcome▶ gone (resolved or rejected)
//            ▲             │ gap: goes out again from there, with the same numbers
//            └──restart────┘ the other side does not know the stream: another stream, numbers begin anew
//
// A stream has numbers without gaps, so the other side takes each message once, in order. When it does not know a stream
// (it was started anew), messages without an outcome go out again in another one, marked: those that it had in hand at its end
// may have been handled, nobody can know.

import type { NetworkError } from '../../base/errors.ts';
import { LimitError } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { Fifo } from '../../session/index.ts';
import type { Carriage, Outcome, Return } from './wire.ts';
import { lineAgain } from './wire.ts';

export interface Item {
  readonly line: string;
  readonly bytes: number;
  /** On the clock. */
  readonly expires: number;
  settle(outcome: Outcome | LimitError | NetworkError): void;
}

/** Goes out in the place of a message that has expired, because numbers have no gaps. */
const blank: Item = { line: '', bytes: 0, expires: Number.POSITIVE_INFINITY, settle: () => undefined };
/** Messages without an outcome that may be under way to one broker. */
const mostUnderWay = 1_024;
/** Bytes of one packet, about; a longer message goes alone. */
const packetBytes = 64 * 1024;

export class Route {
  readonly #name: string;
  readonly #limits: QueueLimits;
  readonly #waiting = new Fifo<Item>();
  /** By number; those with an outcome are gone. */
  readonly #underWay = new Map<number, Item>();
  #streams = 0;
  /** The last number given. */
  #last = 0;
  /** The next number to go out. */
  #cursor = 1;
  #received = 0;
  #held = 0;
  #bytes = 0;

  /** `name` begins the names of its streams; nobody else has it. */
  constructor(name: string, limits: QueueLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  get length(): number {
    return this.#held;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get #stream(): string {
    return `${this.#name}.${this.#streams}`;
  }

  /** @throws LimitError OUTBOX_FULL; the oldest that waits makes room where that is the policy */
  add(item: Item): void {
    const { count, bytes, whenFull } = this.#limits;
    const full = (): boolean => this.length >= count || this.#bytes + item.bytes > bytes;
    while (full() && whenFull === 'drop-oldest') {
      const oldest = this.#waiting.shift();
      if (oldest === undefined) break;
      this.#settle(oldest, this.#full('DROPPED'));
    }
    if (full()) throw this.#full(whenFull === 'drop-newest' ? 'DROPPED' : 'OUTBOX_FULL');
    this.#waiting.push(item);
    this.#held += 1;
    this.#bytes += item.bytes;
  }

  /** The next packet; undefined where nothing is to go out now. */
  next(): { readonly head: Omit<Carriage, 'from'>; readonly lines: string[] } | undefined {
    const first = this.#cursor;
    const lines: string[] = [];
    for (let bytes = 0; bytes < packetBytes; ) {
      const item = this.#take();
      if (item === undefined) break;
      lines.push(item.line);
      bytes += item.bytes;
      // The one that would not fit any more goes with the next.
      if (bytes + (this.#first?.bytes ?? 0) > packetBytes) break;
    }
    return lines.length === 0 ? undefined : { head: this.#head(first), lines };
  }

  /** A question what became of all; undefined where nothing is under way. */
  question(): Omit<Carriage, 'from'> | undefined {
    return this.#underWay.size === 0 ? undefined : this.#head(this.#cursor);
  }

  /** What the other side says. */
  returned({ stream, received, gap, outcomes }: Return): void {
    if (stream !== this.#stream) return;
    if (received === -1 || received > this.#last) return this.#restart();
    for (const outcome of outcomes) this.#outcome(outcome);
    this.#received = Math.max(this.#received, received);
    this.#cursor = Math.max(this.#cursor, this.#received + 1);
    if (gap) this.#cursor = Math.min(this.#cursor, this.#received + 1);
  }

  /** Gives up on what has waited for too long. */
  expire(now: number): void {
    const late = (item: Item): boolean => item.expires <= now;
    for (const item of this.#waiting.remove(late)) this.#settle(item, new LimitError('EXPIRED', 'not sent in time'));
    for (const [number, item] of [...this.#underWay]) {
      if (!late(item)) continue;
      if (number > this.#received) this.#underWay.set(number, blank);
      else this.#underWay.delete(number);
      this.#settle(item, new LimitError('EXPIRED', 'not confirmed in time'));
    }
  }

  /** Gives up on all. */
  abandon(reason: NetworkError): void {
    const all = [...this.#underWay.values(), ...this.#waiting.take()];
    this.#underWay.clear();
    for (const item of all) this.#settle(item, reason);
  }

  get #first(): Item | undefined {
    return this.#underWay.get(this.#cursor) ?? this.#waiting.at(0);
  }

  #take(): Item | undefined {
    if (this.#cursor <= this.#last) {
      const again = this.#underWay.get(this.#cursor);
      if (again !== undefined) this.#cursor += 1;
      return again;
    }
    if (this.#underWay.size >= mostUnderWay) return undefined;
    const item = this.#waiting.shift();
    if (item === undefined) return undefined;
    this.#last += 1;
    this.#cursor = this.#last + 1;
    this.#underWay.set(this.#last, item);
    return item;
  }

  #head(first: number): Omit<Carriage, 'from'> {
    const [oldest = this.#last + 1] = this.#underWay.keys();
    return { stream: this.#stream, first, done: oldest - 1 };
  }

  #outcome(outcome: Outcome): void {
    const [number] = outcome;
    const item = this.#underWay.get(number);
    if (item === undefined) return;
    this.#underWay.delete(number);
    this.#received = Math.max(this.#received, number);
    this.#settle(item, outcome);
  }

  #restart(): void {
    const again = new Fifo<Item>();
    for (const item of this.#underWay.values()) if (item !== blank) again.push({ ...item, line: lineAgain(item.line) });
    this.#waiting.putBefore(again);
    this.#underWay.clear();
    this.#streams += 1;
    this.#last = 0;
    this.#cursor = 1;
    this.#received = 0;
  }

  #settle(item: Item, outcome: Outcome | LimitError | NetworkError): void {
    if (item === blank) return;
    this.#held -= 1;
    this.#bytes -= item.bytes;
    item.settle(outcome);
  }

  #full(code: 'OUTBOX_FULL' | 'DROPPED'): LimitError {
    return new LimitError(code, `${this.length} messages, ${this.#bytes} bytes wait for that server`);
  }
}
