// A place in bytes that moves on, and never past their end.

import { refused } from './settle.ts';

export class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Moves on by so many bytes; gives where they begin. @throws PeerError INVALID_CONTENT past the end */
  skip(count: number): number {
    const from = this.#at;
    if (count > this.#bytes.length - from) throw refused('it is cut off');
    this.#at = from + count;
    return from;
  }

  byte(): number {
    return this.#bytes[this.skip(1)] as number;
  }

  half(): number {
    return this.#bytes.readUInt16LE(this.skip(2));
  }

  word(): number {
    return this.#bytes.readUInt32LE(this.skip(4));
  }

  signedWord(): number {
    return this.#bytes.readInt32LE(this.skip(4));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.skip(8));
  }

  /** A length of eight bytes. Beyond 2^53 it is not exact, but far past the end all the same. */
  length8(): number {
    return Number(this.#bytes.readBigUInt64LE(this.skip(8)));
  }

  /** The bytes themselves, no copy. */
  slice(length: number): Buffer {
    const from = this.skip(length);
    return this.#bytes.subarray(from, from + length);
  }

  /** Up to a line feed, which is left out; each character one byte. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end === -1) throw refused('a line has no end');
    const line = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }
}
