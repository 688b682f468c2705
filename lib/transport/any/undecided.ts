// Connections that have not said enough to be told apart. Each is one of these until it is told, or leaves:
//
//   silent ─hint▶ hinting        silent, hinting ─tell▶ told        silent, hinting ─leave▶ left
//
// What was read is put back before the socket is handed on, so that its next owner reads all from the start.

import type { Socket } from 'node:net';
import { NetworkError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import { remoteOf } from '../socket-channel.ts';
import type { Told } from './first-bytes.ts';
import { toldBy } from './first-bytes.ts';
import type { UndecidedLimits } from './options.ts';

type UndecidedState = 'silent' | 'hinting' | 'told' | 'left';
type UndecidedStep = 'hint' | 'tell' | 'leave';

export const undecidedTable: StateTable<UndecidedState, UndecidedStep> = {
  silent: { hint: 'hinting', tell: 'told', leave: 'left' },
  hinting: { hint: 'hinting', tell: 'told', leave: 'left' },
  told: {},
  left: {},
};

/** Refusals are told at most once in so many ms. */
const refusalPause = 1_000;

/** Whom sockets are handed to: paused, with all that was read put back. */
export type HandOn = (socket: Socket, told: Exclude<Told, 'unknown'>) => void;

export class Undecided {
  readonly #limits: UndecidedLimits;
  readonly #handOn: HandOn;
  readonly #trouble: (error: Error) => void;
  readonly #waiting = new Set<Waiting>();
  /** Where those come from whose handshake is under way; a socket with tls is another than the one below it. */
  readonly #expected = new Set<string>();
  #refused = 0;
  #lastRefusal = Number.NEGATIVE_INFINITY;

  constructor(limits: UndecidedLimits, handOn: HandOn, trouble: (error: Error) => void) {
    this.#limits = limits;
    this.#handOn = handOn;
    this.#trouble = trouble;
  }

  /** A connection begins the handshake of tls: it counts until it comes, or is gone. */
  expect(socket: Socket): void {
    if (this.#isFull) return this.#refuse(socket);
    const name = remoteOf('', socket);
    this.#expected.add(name);
    socket.once('close', () => this.#expected.delete(name));
  }

  take(socket: Socket): void {
    this.#expected.delete(remoteOf('', socket));
    if (this.#isFull) return this.#refuse(socket);
    this.#waiting.add(new Waiting(socket, this.#limits, this.#handOn, waiting => this.#waiting.delete(waiting)));
  }

  close(): void {
    for (const waiting of this.#waiting) waiting.destroy();
  }

  get #isFull(): boolean {
    return this.#waiting.size + this.#expected.size >= this.#limits.most;
  }

  #refuse(socket: Socket): void {
    this.#refused += 1;
    socket.on('error', () => undefined).destroy();
    const now = performance.now();
    if (now - this.#lastRefusal < refusalPause) return;
    this.#lastRefusal = now;
    const words = `${this.#limits.most} connections have not said yet what they speak; refused: ${this.#refused}`;
    this.#trouble(new NetworkError('CLOSED', words));
  }
}

class Waiting {
  readonly #socket: Socket;
  readonly #limits: UndecidedLimits;
  readonly #handOn: HandOn;
  readonly #gone: (waiting: Waiting) => void;
  readonly #life = new StateMachine(undecidedTable, 'silent');
  #bytes: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout;
  readonly #onData = (chunk: Buffer): void => this.#heard(chunk);
  readonly #onEnd = (): void => this.#ended();
  readonly #onClose = (): void => this.#leave();
  readonly #onError = (): void => undefined;

  constructor(socket: Socket, limits: UndecidedLimits, handOn: HandOn, gone: (waiting: Waiting) => void) {
    this.#socket = socket;
    this.#limits = limits;
    this.#handOn = handOn;
    this.#gone = gone;
    const { quiet, deadline } = limits;
    const speaksLate = quiet > 0 && quiet < deadline;
    this.#timer = speaksLate ? setTimeout(() => this.#quiet(), quiet) : this.#closeIn(deadline);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).on('error', this.#onError);
    socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #closeIn(time: number): NodeJS.Timeout {
    return setTimeout(() => this.destroy(), time);
  }

  #quiet(): void {
    if (this.#life.state === 'silent') return this.#tell('stream');
    this.#timer = this.#closeIn(this.#limits.deadline - this.#limits.quiet);
  }

  #heard(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    const told = toldBy(this.#bytes);
    if (told === 'unknown') this.#life.step('hint');
    else this.#tell(told);
  }

  /** It left before it said what it speaks: there is nobody to tell. */
  #ended(): void {
    this.#socket.end();
  }

  #tell(told: Exclude<Told, 'unknown'>): void {
    this.#life.step('tell');
    this.#forget();
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose).off('error', this.#onError);
    socket.pause();
    if (this.#bytes.length > 0) socket.unshift(this.#bytes);
    this.#handOn(socket, told);
  }

  #leave(): void {
    this.#life.step('leave');
    this.#forget();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#gone(this);
  }
}
