// Follows what comes on a socket from frame to frame (RFC 6455 §5.2), and tells when the rest of one does not come.
// It has a timer only in the middle of a frame.

import type { Socket } from 'node:net';

export interface HalfFrameEvents {
  /** Nothing came for the time, in the middle of a frame. */
  late(): void;
  /** Nobody reads at present, so that nothing can come. */
  held(): boolean;
}

/** After so many bytes of a header it is known how many its length has. */
const known = 2;

export class HalfFrame {
  readonly #time: number;
  readonly #events: HalfFrameEvents;
  /** Bytes of the present header that came, up to its length. */
  #header = 0;
  #masked: 0 | 4 = 0;
  /** How many bytes the header has up to its length. */
  #size = known;
  #length = 0;
  /** Bytes that are still to come of the mask and the message. */
  #left = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, time: number, events: HalfFrameEvents) {
    this.#time = time;
    this.#events = events;
    socket.on('data', (chunk: Buffer) => this.#follow(chunk)).on('close', () => clearTimeout(this.#timer));
  }

  #follow(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#left > 0) {
        const part = Math.min(this.#left, chunk.length - at);
        this.#left -= part;
        at += part;
      } else {
        this.#take(chunk[at] ?? 0);
        at += 1;
      }
    }
    if (this.#left > 0 || this.#header > 0) this.#wait();
    else this.#done();
  }

  #take(byte: number): void {
    this.#header += 1;
    if (this.#header === known) {
      const length = byte & 0x7f;
      this.#masked = (byte & 0x80) === 0 ? 0 : 4;
      this.#size = known + (length === 127 ? 8 : length === 126 ? 2 : 0);
      this.#length = length < 126 ? length : 0;
    } else if (this.#header > known) this.#length = this.#length * 256 + byte;
    if (this.#header < this.#size) return;
    this.#left = this.#masked + this.#length;
    this.#header = 0;
    this.#size = known;
  }

  #wait(): void {
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#late(), this.#time);
  }

  #done(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #late(): void {
    this.#timer = undefined;
    if (this.#events.held()) this.#wait();
    else this.#events.late();
  }
}
