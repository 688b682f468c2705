// What goes out of a WebSocket: messages, messages framed once for many (RFC 6455 §5.2), and answers to pings. Small
// messages of one turn of the loop go out together, since writes cost most.

import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { SharedFrame } from './frame-channel.ts';
import type { ChannelSettings } from './frame-rules.ts';
import type { LateSocket } from './library.ts';

/** With so many bytes gathered the other side can begin. */
const gathered = 2 * 1024;
const textFrame = { binary: false };
const binaryFrame = { binary: true };

/** The outgoing half of a channel: not an object of its own, for a connection that is idle has to be small. */
export abstract class Outlet {
  protected readonly ws: LateSocket;
  protected readonly socket: Socket;
  readonly #frames: 'text' | 'binary';
  readonly #side: ChannelSettings['side'];
  #room: 'clear' | 'full' = 'clear';
  /** The newest ping that was not answered: one answer is enough for all before it (RFC 6455 §5.5.3). */
  #unanswered: Buffer | undefined;

  constructor(ws: LateSocket, socket: Socket, frames: 'text' | 'binary', side: ChannelSettings['side']) {
    this.ws = ws;
    this.socket = socket;
    this.#frames = frames;
    this.#side = side;
  }

  /** Whether something may still be sent. */
  protected abstract get speaks(): boolean;

  /** False when the caller should wait until there is room. */
  send(bytes: Buffer): boolean {
    if (!this.speaks) return true;
    if (bytes.length < gathered) gather(this.socket);
    else this.release();
    // A text frame that is not UTF-8 would end the connection at the other side.
    this.ws.send(bytes, this.#frames === 'text' && isUtf8(bytes) ? textFrame : binaryFrame);
    const hasRoom = this.#hasRoom();
    if (this.socket.writableLength >= gathered) this.release();
    return hasRoom;
  }

  sendShared({ framed, messages }: SharedFrame): boolean {
    // A client has to mask each frame for itself.
    if (this.#frames === 'binary' || this.#side === 'dialled') {
      return messages.map(message => this.send(message)).every(hasRoom => hasRoom);
    }
    if (!this.speaks) return true;
    // Nothing waits inside ws (no compression, no blobs), so what goes to the socket goes in order.
    this.socket.write(framed);
    return this.#hasRoom();
  }

  /** What was gathered goes out now. */
  protected release(): void {
    this.socket.uncork();
  }

  /** Answers a ping, once for all that were read together. */
  protected answer(ping: Buffer): void {
    if (this.#unanswered === undefined) queueMicrotask(() => this.pong());
    this.#unanswered = Buffer.from(ping);
  }

  /** The answer waits where there is no room for it. */
  protected pong(): void {
    if (this.#unanswered === undefined || !this.speaks || this.socket.writableNeedDrain) return;
    this.ws.pong(this.#unanswered);
    this.#unanswered = undefined;
  }

  /** Whether someone waits for room; asked once. */
  protected wasFull(): boolean {
    const full = this.#room === 'full';
    this.#room = 'clear';
    return full;
  }

  #hasRoom(): boolean {
    if (this.socket.writableNeedDrain) this.#room = 'full';
    return this.#room === 'clear';
  }
}

function gather(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  process.nextTick(uncork, socket);
}

function uncork(socket: Socket): void {
  socket.uncork();
}
