// One socket of a link: frames in, JSON out of them; frames out, within bounds. It knows nothing of sessions: its owner
// changes when the handshake is over.
//
//   open ─close▶ closing ─gone▶ closed        open ─gone▶ closed

import { LimitError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
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

export interface SocketOwner {
  /** A frame of JSON. */
  frame(value: unknown): void;
  /** A frame that is none, or too long. */
  unreadable(close: Close): void;
  /** It takes more again. */
  drained(): void;
  /** Once, last. */
  gone(ending: Ending): void;
}

/** For a socket that was left: nothing of it matters any more. */
export const nobody: SocketOwner = {
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
  /** Told once, when all is over. */
  readonly over?: (socket: FrameSocket) => void;
}

const noFrame = 1006;
const noCode = 1005;

export class FrameSocket implements Carrier, FrameEvents {
  readonly remote: string;
  /** Whom it tells: first the handshake, then the link. */
  owner: SocketOwner = nobody;
  readonly #channel: FrameChannel;
  readonly #limits: SocketLimits;
  readonly #machine = new StateMachine(frameSocketTable, 'open');
  #outlet: 'clear' | 'full' = 'clear';
  #said: { readonly code: number; readonly reason: string } | undefined;
  #error: Error | undefined;

  constructor(channel: FrameChannel, limits: SocketLimits) {
    this.remote = channel.remote;
    this.#channel = channel;
    this.#limits = limits;
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
    this.#channel.closeWith(close?.code, close?.reason);
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

  /** Reads nothing for a while. */
  pause(): void {
    this.#channel.pause();
  }

  resume(): void {
    this.#channel.resume();
  }

  // ---- for the channel

  data(chunk: Buffer): void {
    if (!this.isOpen) return;
    if (chunk.length > this.#limits.frame) return this.owner.unreadable(closes.tooBig);
    let value: unknown;
    try {
      value = readFrame(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      return this.owner.unreadable(error.close);
    }
    this.owner.frame(value);
  }

  drained(): void {
    this.#outlet = 'clear';
    if (this.isOpen) this.owner.drained();
  }

  closing(code: number, reason: string): void {
    this.#said ??= { code, reason };
    if (!this.#machine.attempt('close')) return;
    if (code === noFrame) this.#channel.destroy();
    else this.#channel.closeWith(code === noCode ? undefined : code, reason);
  }

  ended(): void {
    if (this.#machine.attempt('close')) this.#channel.closeWith();
  }

  closed(error?: Error): void {
    if (!this.#machine.attempt('gone')) return;
    const { code, reason } = this.#said ?? { code: noFrame, reason: '' };
    this.owner.gone({ code, reason, error: this.#error ?? error });
    this.#limits.over?.(this);
  }
}
