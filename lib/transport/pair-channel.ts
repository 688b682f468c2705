// One end of a stream inside a process: what it says goes to the other end as words, through a function call (memory)
// or a port between threads (worker). No socket, and the same contract.
//
//   reading:   early ─start▶ flowing ◀─pause, resume─▶ paused      early, flowing, paused ─close▶ closing
//   sending:   open ◀─full, room─▶ full      open, full ─end▶ ended
//   all ─over▶ closed, once both sides have ended and all was read, or by `destroy`

import { NetworkError } from '../base/errors.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Channel, ChannelEvents } from './transport.ts';

/** Unread bytes from which `send` says false. */
const highWater = 64 * 1024;
/** Bytes that are with the other end and not read there, at most; the rest waits here, where `destroy` finds it. */
const mostAway = 256 * 1024;
/** Longest piece that is said at once, in bytes. */
const longestPiece = 64 * 1024;
/** As for sockets, in ms. */
const lingerTime = 500;

/** What one end says to the other, in order: bytes, the end of them, bytes that were read, and that it is gone. */
export type Word =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  | { readonly kind: 'taken'; readonly bytes: number }
  | { readonly kind: 'gone' };

type Reading = 'early' | 'flowing' | 'paused' | 'closing' | 'closed';

export const pairTable: StateTable<Reading, 'start' | 'pause' | 'resume' | 'close' | 'over'> = {
  early: { start: 'flowing', close: 'closing', over: 'closed' },
  flowing: { pause: 'paused', close: 'closing', over: 'closed' },
  paused: { resume: 'flowing', close: 'closing', over: 'closed' },
  closing: { over: 'closed' },
  closed: {},
};

export const pairSendingTable: StateTable<'open' | 'full' | 'ended', 'full' | 'room' | 'end'> = {
  open: { full: 'full', end: 'ended' },
  full: { room: 'open', end: 'ended' },
  ended: {},
};

export class PairChannel implements Channel {
  readonly remote: string;
  /** Says a word to the other end. */
  say: (word: Word) => void = () => undefined;
  /** Called once all is over. */
  over: () => void = () => undefined;
  readonly #reading = new StateMachine(pairTable, 'early');
  readonly #sending = new StateMachine(pairSendingTable, 'open');
  #heard: 'open' | 'ended' = 'open';
  #events: ChannelEvents | undefined;
  #arrivals: Word[] = [];
  readonly #waiting: Buffer[] = [];
  /** Bytes that were sent and are not read, here or there; and those of them that are there. */
  #untaken = 0;
  #away = 0;
  #reason: Error | undefined;
  #lingering: NodeJS.Timeout | undefined;

  constructor(remote: string) {
    this.remote = remote;
  }

  get unsent(): number {
    return this.#untaken;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    if (this.#reading.state === 'closed') this.#tell();
    else if (this.#reading.attempt('start')) queueMicrotask(() => this.#read());
  }

  pause(): void {
    this.#reading.attempt('pause');
  }

  resume(): void {
    if (this.#reading.attempt('resume')) queueMicrotask(() => this.#read());
  }

  send(bytes: Buffer): boolean {
    if (this.#sending.state === 'ended' || this.#reading.state === 'closed') return true;
    if (bytes.length === 0) return true;
    this.#untaken += bytes.length;
    // The caller may use its buffer again.
    this.#waiting.push(Buffer.from(bytes));
    this.#say();
    if (this.#untaken >= highWater) this.#sending.attempt('full');
    return this.#sending.state === 'open';
  }

  close(linger: number = lingerTime): void {
    this.end();
    if (!this.#reading.attempt('close')) return;
    queueMicrotask(() => this.#read());
    this.#linger(linger);
  }

  end(): void {
    if (this.#reading.state === 'closed' || !this.#sending.attempt('end')) return;
    if (this.#waiting.length === 0) this.say({ kind: 'end' });
    queueMicrotask(() => this.#read());
  }

  destroy(reason?: Error): void {
    if (this.#reading.state === 'closed') return;
    this.say({ kind: 'gone' });
    this.#over(reason);
  }

  reset(): void {
    this.destroy();
  }

  /** A word of the other end. */
  hear(word: Word): void {
    if (this.#reading.state === 'closed') return;
    if (word.kind === 'gone') {
      return this.#over(new NetworkError('CLOSED', `${this.remote}: the other side was destroyed`));
    }
    if (word.kind === 'taken') return this.#taken(word.bytes);
    this.#arrivals.push(word);
    queueMicrotask(() => this.#read());
  }

  /** Says as much as may be away. */
  #say(): void {
    while (this.#away < mostAway) {
      const first = this.#waiting[0];
      if (first === undefined) return;
      const piece = first.subarray(0, longestPiece);
      if (piece.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(piece.length);
      this.#away += piece.length;
      this.say({ kind: 'data', bytes: new Uint8Array(piece) });
    }
  }

  #read(): void {
    while (this.#reading.state === 'flowing' || this.#reading.state === 'closing') {
      const word = this.#arrivals.shift();
      if (word === undefined) break;
      if (word.kind === 'data') this.#take(word.bytes);
      else this.#hearEnd();
    }
    this.#look();
  }

  #take(bytes: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = bytes;
    this.say({ kind: 'taken', bytes: byteLength });
    if (this.#reading.state === 'flowing') this.#events?.data(Buffer.from(buffer, byteOffset, byteLength));
  }

  #hearEnd(): void {
    this.#heard = 'ended';
    if (this.#reading.state === 'flowing') this.#events?.ended();
  }

  #taken(bytes: number): void {
    this.#untaken -= bytes;
    this.#away -= bytes;
    if (this.#waiting.length > 0) {
      this.#say();
      if (this.#waiting.length === 0 && this.#sending.state === 'ended') this.say({ kind: 'end' });
    }
    if (this.#untaken === 0 && this.#sending.attempt('room')) this.#events?.drained();
    if (this.#sending.state === 'ended') queueMicrotask(() => this.#look());
  }

  /** Whether all is over. */
  #look(): void {
    if (this.#reading.state === 'closed') return;
    if (this.#heard === 'ended' && this.#sending.state === 'ended' && this.#untaken === 0) this.#over();
  }

  /** After the last byte was read, the other side has a while to close too. */
  #linger(time: number): void {
    this.#lingering = setTimeout(() => (this.#untaken === 0 ? this.destroy() : this.#linger(time)), time);
  }

  #over(reason?: Error): void {
    clearTimeout(this.#lingering);
    this.#reading.step('over');
    this.#reason = reason;
    this.#arrivals = [];
    this.#waiting.length = 0;
    this.#untaken = 0;
    this.over();
    this.#tell();
  }

  /** Tells the owner, if there is one yet, that all is over. */
  #tell(): void {
    const events = this.#events;
    if (events !== undefined) queueMicrotask(() => events.closed(this.#reason));
  }
}
