// What goes out of a WebSocket: messages, messages framed once for many (RFC 6455 §5.2), and answers to pings.

import { isUtf8 } from 'node:buffer';
import type { Socket } from 'node:net';
import type { SharedFrame } from './frame-channel.ts';
import type { LateSocket } from './library.ts';

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
  readonly #ws: LateSocket;
  readonly #socket: Socket;
  readonly #frames: 'text' | 'binary';
  #room: 'clear' | 'full' = 'clear';
  /** The newest ping, where there was no room for its answer. */
  #unanswered: Buffer | undefined;

  constructor(ws: LateSocket, socket: Socket, frames: 'text' | 'binary') {
    this.#ws = ws;
    this.#socket = socket;
    this.#frames = frames;
  }

  /** False when the caller should wait until `drained` is true. */
  send(bytes: Buffer): boolean {
    // A text frame that is not UTF-8 would end the connection at the other side.
    this.#ws.send(bytes, this.#frames === 'text' && isUtf8(bytes) ? textFrame : binaryFrame);
    return this.#hasRoom();
  }

  /** As `send`; by a server that sends text. */
  sendShared({ framed, message }: SharedFrame): boolean {
    if (this.#frames === 'binary') return this.send(message);
    // Nothing waits inside ws (no compression, no blobs), so what goes to the socket goes in order.
    this.#socket.write(framed);
    return this.#hasRoom();
  }

  pong(bytes: Buffer): void {
    if (this.#socket.writableNeedDrain) this.#unanswered = Buffer.from(bytes);
    else this.#ws.pong(bytes);
  }

  /** There is room; the answer that waited goes out where we may still `speak`. */
  drained(speaks: boolean): void {
    if (this.#unanswered !== undefined && speaks) this.#ws.pong(this.#unanswered);
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
