// What goes out of a WebSocket: messages, messages framed once for many (RFC 6455 §5.2), and answers to pings. Small
// messages of one turn of the loop go out together, since writes cost most.

import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { SharedFrame } from './frame-channel.ts';
import type { LateSocket } from './library.ts';

/** With so many bytes gathered the other side can begin. */
const gathered = 2 * 1024;
const lastText = 0x81;
const lastBinary = 0x82;
const textFrame = { binary: false };
const binaryFrame = { binary: true };

/** Makes a frame for `sendShared`: of text, or binary where the bytes are not UTF-8. */
export function sharedFrame(message: string | Buffer): SharedFrame {
  const bytes = Buffer.from(message);
  const header = headerOf(bytes.length);
  header[0] = isUtf8(bytes) ? lastText : lastBinary;
  return { message: bytes, framed: Buffer.concat([header, bytes]) };
}

function headerOf(length: number): Buffer {
  if (length < 126) return Buffer.from([0, length]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

export class Outlet {
  readonly #owner: { readonly speaks: boolean };
  readonly #ws: LateSocket;
  readonly #socket: Socket;
  readonly #frames: 'text' | 'binary';
  #room: 'clear' | 'full' = 'clear';
  /** The newest ping that was not answered: one answer is enough for all before it (RFC 6455 §5.5.3). */
  #unanswered: Buffer | undefined;

  /** `owner` knows whether something may still be sent. */
  constructor(owner: { readonly speaks: boolean }, ws: LateSocket, socket: Socket, frames: 'text' | 'binary') {
    this.#owner = owner;
    this.#ws = ws;
    this.#socket = socket;
    this.#frames = frames;
  }

  /** False when the caller should wait until `drained` is true. */
  send(bytes: Buffer): boolean {
    if (bytes.length < gathered) gather(this.#socket);
    else this.release();
    // A text frame that is not UTF-8 would end the connection at the other side.
    this.#ws.send(bytes, this.#frames === 'text' && isUtf8(bytes) ? textFrame : binaryFrame);
    const hasRoom = this.#hasRoom();
    if (this.#socket.writableLength >= gathered) this.release();
    return hasRoom;
  }

  /** As `send`; by a server that sends text. */
  sendShared({ framed, message }: SharedFrame): boolean {
    if (this.#frames === 'binary') return this.send(message);
    // Nothing waits inside ws (no compression, no blobs), so what goes to the socket goes in order.
    this.#socket.write(framed);
    return this.#hasRoom();
  }

  /** What was gathered goes out now. */
  release(): void {
    this.#socket.uncork();
  }

  /** Answers a ping, once for all that were read together. */
  pong(bytes: Buffer): void {
    if (this.#unanswered === undefined) queueMicrotask(() => this.#pong());
    this.#unanswered = Buffer.from(bytes);
  }

  /** There is room. */
  drained(): void {
    this.#pong();
  }

  /** The answer waits where there is no room for it. */
  #pong(): void {
    if (this.#unanswered === undefined || !this.#owner.speaks || this.#socket.writableNeedDrain) return;
    this.#ws.pong(this.#unanswered);
    this.#unanswered = undefined;
  }

  /** Whether someone waits for room; asked once. */
  wasFull(): boolean {
    const full = this.#room === 'full';
    this.#room = 'clear';
    return full;
  }

  #hasRoom(): boolean {
    if (this.#socket.writableNeedDrain) this.#room = 'full';
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
