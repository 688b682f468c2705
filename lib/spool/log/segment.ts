// A segment as the log knows it, and the bytes for one that are not yet on the disk.

import type { DiskFile } from './disk.ts';
import type { Head, Take } from './record.ts';
import { headBytes, headSize, recordOverhead, scan, writeRecord } from './record.ts';

const ending = '.spool';
const firstRoom = 16 * 1024;

export class Segment {
  readonly head: Head;
  /** Bytes, those included that still wait to be written. */
  size = 0;
  /** Bytes that are on the disk. */
  synced = 0;
  /** Records in it that are still needed, and their bytes: its owner keeps these, and 0 lets it be removed. */
  live = 0;
  liveBytes = 0;
  /** Records of it were written again elsewhere, and are not on the disk there: it stays. */
  pinned = 0;
  file: DiskFile | undefined;

  constructor(head: Head) {
    this.head = head;
  }

  get name(): string {
    return nameOf(this.head.number);
  }
}

export function nameOf(number: number): string {
  return `${String(number).padStart(12, '0')}${ending}`;
}

/** The number in the name of a segment's file; undefined for other files. */
export function numberOf(name: string): number | undefined {
  return /^\d{12}\.spool$/.test(name) ? Number(name.slice(0, -ending.length)) : undefined;
}

/** Records for one segment, one behind the other. */
export class Chunk {
  readonly segment: Segment;
  readonly position: number;
  #bytes = Buffer.allocUnsafe(firstRoom);
  #length = 0;

  constructor(segment: Segment) {
    this.segment = segment;
    this.position = segment.size;
    if (segment.size > 0) return;
    this.#length = headBytes(segment.head).copy(this.#bytes);
    segment.size = this.#length;
  }

  get length(): number {
    return this.#length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Tells of each record in it. */
  each(take: Take): void {
    scan(this.bytes, this.segment.head.salt, take, this.position === 0 ? headSize : 0);
  }

  add(type: number, body: Buffer): void {
    const size = body.length + recordOverhead;
    if (this.#length + size > this.#bytes.length) this.#grow(this.#length + size);
    this.#length = writeRecord(this.#bytes, this.#length, this.segment.head.salt, type, body);
    this.segment.size += size;
  }

  #grow(least: number): void {
    const wider = Buffer.allocUnsafe(Math.max(least, 2 * this.#bytes.length));
    this.#bytes.copy(wider, 0, 0, this.#length);
    this.#bytes = wider;
  }
}
