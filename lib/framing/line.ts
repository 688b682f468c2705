// Cuts a stream of bytes into lines. Pure: no sockets, no timers.
//
// Bytes up to the last line feed of a chunk become one text at once, and lines are places in that text; the rest
// waits as bytes for its end. A line is therefore never searched twice, wherever the chunks were cut, and a
// character cut in two is never decoded in two.

import { PeerError } from '../base/errors.ts';
import { bytesOf, textOf } from './utf8.ts';

const LF = 10;
/** Longest line in bytes without its line feed, unless told otherwise: 1 MiB (the C++ library has no limit). */
export const longestLine = 1024 * 1024;

const none: Buffer = Buffer.alloc(0);

export class LineSlicer {
  /** Where the present line stands: `text` from `start` up to `end`. */
  text = '';
  start = 0;
  end = 0;
  readonly #longest: number;
  #next = 0;
  #rest: Buffer = none;
  #restLength = 0;
  #fault: PeerError | undefined;

  constructor(longest: number = longestLine) {
    this.#longest = longest;
  }

  /** Bytes of a line that has not ended. */
  get waiting(): number {
    return this.#restLength;
  }

  /** Whole lines not yet moved to. */
  get left(): number {
    return this.text.slice(this.#next).split('\n').length - 1;
  }

  /** Feeds any bytes; the chunk is not kept. After a line that is too long nothing is taken any more. */
  push(chunk: Buffer): void {
    if (this.#fault !== undefined) return;
    if (chunk.at(-1) === LF) return this.#addText(chunk);
    const last = chunk.lastIndexOf(LF);
    if (last >= 0) this.#addText(chunk.subarray(0, last + 1));
    this.#keep(chunk, last + 1);
  }

  /**
   * Moves on to the next line; false means that more bytes are needed.
   * @throws PeerError LINE_TOO_LONG, after the lines before it.
   */
  next(): boolean {
    const end = this.text.indexOf('\n', this.#next);
    if (end < 0) {
      if (this.#fault !== undefined) throw this.#fault;
      this.text = '';
      this.#next = 0;
      return false;
    }
    if (this.#isTooLong(end)) throw this.#tooLong();
    this.start = this.#next;
    this.end = end;
    this.#next = end + 1;
    return true;
  }

  /** Forgets all that was fed. */
  clear(): void {
    this.text = '';
    this.#next = 0;
    this.#rest = none;
    this.#restLength = 0;
    this.#fault = undefined;
  }

  #addText(ended: Buffer): void {
    const bytes = this.#restLength === 0 ? ended : Buffer.concat([this.#rest.subarray(0, this.#restLength), ended]);
    this.#rest = none;
    this.#restLength = 0;
    const text = textOf(bytes);
    this.text = this.#next === this.text.length ? text : this.text.slice(this.#next) + text;
    this.#next = 0;
  }

  /** Copies what has no end yet: a slice would hold the whole chunk. Room doubles, so the copying stays linear. */
  #keep(chunk: Buffer, from: number): void {
    const added = chunk.length - from;
    if (added === 0) return;
    const length = this.#restLength + added;
    if (length > this.#longest) {
      this.#fault ??= this.#tooLong();
      this.#rest = none;
      this.#restLength = 0;
      return;
    }
    if (length > this.#rest.length) {
      const room = Buffer.allocUnsafeSlow(this.#restLength === 0 ? length : length * 2);
      this.#rest.copy(room, 0, 0, this.#restLength);
      this.#rest = room;
    }
    chunk.copy(this.#rest, this.#restLength, from);
    this.#restLength = length;
  }

  /** The limit is in bytes; a character has one to three of them (a pair of surrogates four). */
  #isTooLong(end: number): boolean {
    const characters = end - this.#next;
    if (characters * 3 <= this.#longest) return false;
    if (characters > this.#longest) return true;
    const line = this.text.slice(this.#next, end);
    // A byte of no character counts as three here, and is one.
    return Buffer.byteLength(line) > this.#longest && bytesOf(line).length > this.#longest;
  }

  #tooLong(): PeerError {
    return new PeerError('LINE_TOO_LONG', `the line is longer than ${this.#longest} bytes`);
  }
}
