// One socket of a link: frames in, JSON out of them; frames out, within bounds. It knows nothing of sessions: its owner
// changes when the handshake is over.
//
//   open ─close▶ closing ─gone▶ closed        open ─gone▶ closed
//
// What comes in is handled in slices of the process's time (communicator/turn.ts): the frames of one read stand in the
// inbox until their turn, and the end of the socket behind them. While the owner waits for something, nothing is read.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { LimitError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Turns, Worker } from '../../../connection/index.ts';
import { Slice } from '../../../connection/link/slice.ts';
import { Fifo } from '../../../session/index.ts';
import type { Channel, FrameChannel, FrameEvents } from '../../../transport/index.ts';
import type { Carrier } from '../session.ts';
import type { Close } from '../wire.ts';
import { closes, FrameError, readFrame } from '../wire.ts';

export function isFrameChannel(channel: Channel): channel is FrameChannel {
  return 'closeWith' in channel;
}

/** How a socket ended: what its close frame said, and the failure where there was one. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
  readonly error: Error | undefined;
}

/**
 * What an owner did in its turn, or would do: it handled a message that it had kept; it reads a frame; it waits, nobody
 * knows for how long; it pauses, and has a deadline for that.
 */
export type Next = 'handled' | 'reads' | 'waits' | 'pauses';

export interface SocketOwner {
  /** Lower has its turn first. */
  readonly priority: number;
  next(): Next;
  /** A frame of JSON, and how many bytes it had. */
  frame(value: unknown, bytes: number): void;
  /** A frame that is none, or too long. */
  unreadable(close: Close): void;
  /** It takes more again. */
  drained(): void;
  /** Once, last. */
  gone(ending: Ending): void;
}

/** For a socket that was left: nothing of it matters any more. */
export const nobody: SocketOwner = {
  priority: 255,
  next: () => 'reads',
  frame: () => undefined,
  unreadable: () => undefined,
  drained: () => undefined,
  gone: () => undefined,
};

type SocketState = 'open' | 'closing' | 'closed';
type SocketStep = 'close' | 'gone';

export const frameSocketTable: StateTable<SocketState, SocketStep> = {
  open: { close: 'closing', gone: 'closed' },
  closing: { gone: 'closed' },
  closed: {},
};

export interface SocketLimits {
  /** Longest frame in bytes; a longer one ends its link. */
  readonly frame: number;
  /** Unsent bytes; a slower reader is cut off. */
  readonly unsent: number;
}

/** What a socket needs of its communicator. */
export interface SocketWorld {
  readonly clock: Clock;
  readonly turns: Turns;
}

/** A frame, or a word of the end. */
type Arrival = Buffer | (() => void);

/** Who does not read what was said before the close frame, nor close, has this long, in ms; then it is cut off. */
export const closeTime = 10_000;
const noFrame = 1006;
const noCode = 1005;

export class FrameSocket implements Carrier, FrameEvents, Worker {
  readonly remote: string;
  /** Whom it tells: first the handshake, then the link. */
  owner: SocketOwner = nobody;
  readonly #channel: FrameChannel;
  readonly #limits: SocketLimits;
  readonly #world: SocketWorld;
  readonly #over: (socket: FrameSocket) => void;
  readonly #machine = new StateMachine(frameSocketTable, 'open');
  readonly #inbox = new Fifo<Arrival>();
  #turn: 'none' | 'asked' = 'none';
  #wire: 'there' | 'gone' = 'there';
  #outlet: 'clear' | 'full' = 'clear';
  #said: { readonly code: number; readonly reason: string } | undefined;
  #error: Error | undefined;
  #late: Cancel | undefined;

  /** `over` is told once, when all is over. */
  constructor(
    channel: FrameChannel,
    limits: SocketLimits,
    world: SocketWorld,
    over: (socket: FrameSocket) => void = () => undefined,
  ) {
    this.remote = channel.remote;
    this.#channel = channel;
    this.#limits = limits;
    this.#world = world;
    this.#over = over;
  }

  get priority(): number {
    return this.owner.priority;
  }

  start(): void {
    this.#channel.start(this);
  }

  get clear(): boolean {
    return this.#outlet === 'clear' && this.isOpen;
  }

  get isOpen(): boolean {
    return this.#machine.state === 'open';
  }

  send(frame: string): void {
    if (!this.isOpen) return;
    if (!this.#channel.send(Buffer.from(frame))) this.#outlet = 'full';
    if (this.#channel.unsent <= this.#limits.unsent) return;
    const text = `${this.remote} does not read: ${this.#channel.unsent} bytes are unsent`;
    this.destroy(new LimitError('SLOW_PEER', text));
  }

  /** Sends a close frame, an empty one without `close`, and takes nothing more. */
  close(close?: Close): void {
    if (!this.#machine.attempt('close')) return;
    this.#said ??= close;
    this.#conclude(close?.code, close?.reason);
    // The other side's close frame is to be read, also where reading was paused.
    this.#channel.resume();
  }

  /** Ends it at once, without a close frame. */
  destroy(error?: Error): void {
    if (this.#machine.state === 'closed') return;
    this.#machine.attempt('close');
    this.#error ??= error;
    this.#channel.destroy(error);
  }

  /** Its owner may have changed its mind about what it does next. */
  wake(): void {
    if (this.#turn === 'asked') return;
    this.#turn = 'asked';
    // Not at once: the frames of one read share a slice.
    queueMicrotask(() => {
      this.#turn = 'none';
      if (!this.#world.turns.offer(this)) this.#channel.pause();
    });
  }

  // ---- for the channel

  data(chunk: Buffer): void {
    if (this.isOpen) this.#arrived(chunk);
  }

  drained(): void {
    this.#outlet = 'clear';
    if (this.isOpen) this.owner.drained();
  }

  closing(code: number, reason: string): void {
    this.#arrived(() => this.#heardClose(code, reason));
  }

  ended(): void {
    this.#arrived(() => {
      if (this.#machine.attempt('close')) this.#conclude();
    });
  }

  closed(error?: Error): void {
    this.#wire = 'gone';
    this.#arrived(() => this.#gone(error));
  }

  // ---- in turns

  /** A slice: at most so many frames, and so many milliseconds. */
  work(now: number): boolean {
    const slice = new Slice(this.#world.turns, this.#world.clock, now);
    let step = this.#step();
    while (step === 'handled' && slice.goesOn()) step = this.#step();
    if (step === 'reads' || !this.isOpen) this.#channel.resume();
    else this.#channel.pause();
    return step === 'handled';
  }

  /** One frame, or one message that was kept; `reads` when there is none. */
  #step(): Next {
    const next = this.owner.next();
    if (next === 'handled') return next;
    // What came before an end stands in the inbox: no more than was read before the socket was paused.
    if (next === 'pauses') return next;
    if (next === 'waits') return this.#waits();
    const arrival = this.#inbox.shift();
    if (arrival === undefined) return next;
    if (typeof arrival === 'function') arrival();
    else if (this.isOpen) this.#read(arrival);
    return 'handled';
  }

  /** The end is not waited with. Frames that nobody could take are not confirmed: they come again in a session. */
  #waits(): Next {
    if (this.isOpen && this.#wire === 'there') return 'waits';
    for (const arrival of this.#inbox.take()) if (typeof arrival === 'function') arrival();
    return 'waits';
  }

  #arrived(arrival: Arrival): void {
    this.#inbox.push(arrival);
    this.wake();
  }

  #read(frame: Buffer): void {
    if (frame.length > this.#limits.frame) return this.owner.unreadable(closes.tooBig);
    let value: unknown;
    try {
      value = readFrame(frame);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return this.owner.unreadable(error.close);
    }
    this.owner.frame(value, frame.length);
  }

  #heardClose(code: number, reason: string): void {
    this.#said ??= { code, reason };
    if (!this.#machine.attempt('close')) return;
    if (code === noFrame) this.#channel.destroy();
    else this.#conclude(code === noCode ? undefined : code, reason);
  }

  #conclude(code?: number, reason?: string): void {
    this.#channel.closeWith(code, reason);
    this.#late = this.#world.clock.after(closeTime, () => this.#channel.destroy());
  }

  #gone(error: Error | undefined): void {
    if (!this.#machine.attempt('gone')) return;
    this.#late?.();
    // Where the channel failed, a close frame that followed is but the echo of its own.
    const { code, reason } = (error === undefined ? this.#said : undefined) ?? { code: noFrame, reason: '' };
    this.owner.gone({ code, reason, error: this.#error ?? error });
    this.#over(this);
  }
}
