// Reading what an earlier life left. A bad stretch at the end of the last segment is what a write that was cut off
// leaves, and is cut; any other is damage: it is told, and reading goes on at the next record that can be read.

import { join } from 'node:path';
import type { Disk } from './disk.ts';
import type { Head, Stretch } from './record.ts';
import { headSize, isHeadWhole, isTorn, readHead, scan } from './record.ts';
import { nameOf, numberOf, Segment } from './segment.ts';

/** A stretch of a file that was written and cannot be read any more. */
export interface Damage extends Stretch {
  /** The name of the file. */
  readonly segment: string;
}

export interface Found {
  readonly segments: readonly Segment[];
  readonly damaged: readonly Damage[];
  /** Bytes of a write that was cut off, now removed. */
  readonly cut: number;
}

/** Told of each record of each segment, in order; `body` is a view of the whole segment: keep no part of it. */
export type TakeRecord = (type: number, body: Buffer, size: number, segment: Segment) => void;

interface Read {
  readonly number: number;
  readonly bytes: Buffer;
  readonly head: Head | undefined;
}

/** Reads all segments of a folder. @throws the system's error */
export async function recover(disk: Disk, folder: string, take: TakeRecord): Promise<Found> {
  const names = await disk.list(folder);
  const numbers = names
    .map(numberOf)
    .filter(number => number !== undefined)
    .sort((a, b) => a - b);
  const reading = new Reading(disk, folder, take);
  await reading.dropUnbegun(numbers);
  let next = numbers[0] === undefined ? undefined : await reading.read(numbers[0]);
  for (let at = 1; next !== undefined; at += 1) {
    const present = next;
    const number = numbers[at];
    next = number === undefined ? undefined : await reading.read(number);
    if (next === undefined) await reading.last(present);
    else reading.closed(present, next);
  }
  return reading;
}

class Reading implements Found {
  readonly segments: Segment[] = [];
  readonly damaged: Damage[] = [];
  cut = 0;
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #take: TakeRecord;

  constructor(disk: Disk, folder: string, take: TakeRecord) {
    this.#disk = disk;
    this.#folder = folder;
    this.#take = take;
  }

  async read(number: number): Promise<Read> {
    const bytes = await this.#disk.read(join(this.#folder, nameOf(number)));
    const head = readHead(bytes);
    return { number, bytes, head: head?.number === number ? head : undefined };
  }

  /** A last segment whose head was never written whole holds nothing: it is removed. */
  async dropUnbegun(numbers: number[]): Promise<void> {
    for (let number = numbers.at(-1); number !== undefined; number = numbers.at(-1)) {
      const { bytes } = await this.read(number);
      if (bytes.length >= headSize && bytes.some(byte => byte !== 0)) return;
      this.cut += bytes.length;
      await this.#disk.remove(join(this.#folder, nameOf(number)));
      await this.#disk.syncFolder(this.#folder);
      numbers.pop();
    }
  }

  /** A segment with another behind it, whose head says how many bytes of this one count. */
  closed(present: Read, next: Read): void {
    const follows = next.number === present.number + 1;
    const good = (follows && next.head?.previous) || present.bytes.length;
    const bytes = present.bytes.subarray(0, good);
    this.#damage(present, this.#scan(present, bytes, good));
    if (bytes.length < good) this.#damage(present, [{ position: bytes.length, bytes: good - bytes.length }]);
    if (!follows) this.damaged.push({ segment: nameOf(present.number + 1), position: 0, bytes: 0 });
  }

  async last(present: Read): Promise<void> {
    const { bytes } = present;
    const bad = this.#scan(present, bytes, bytes.length);
    const end = bad.at(-1);
    const segment = this.segments.at(-1);
    const reaches = end !== undefined && present.head !== undefined && end.position + end.bytes === bytes.length;
    if (segment !== undefined && reaches && isTorn(bytes.subarray(end.position))) {
      bad.pop();
      this.cut += end.bytes;
      segment.size = end.position;
      segment.synced = end.position;
    }
    this.#damage(present, bad);
    await this.#settle(present.number, segment?.size ?? bytes.length);
  }

  /** What a killed process wrote may be known to the system alone: now it goes to the disk. */
  async #settle(number: number, size: number): Promise<void> {
    const file = await this.#disk.open(join(this.#folder, nameOf(number)));
    try {
      await file.truncate(size);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.syncFolder(this.#folder);
  }

  #scan({ number, head }: Read, bytes: Buffer, size: number): Stretch[] {
    const segment = new Segment(head ?? { number, previous: 0, salt: 0 });
    segment.size = size;
    segment.synced = size;
    this.segments.push(segment);
    if (head === undefined) return [{ position: 0, bytes: bytes.length }];
    const broken = isHeadWhole(bytes) ? [] : [{ position: 0, bytes: headSize }];
    return [...broken, ...scan(bytes, head.salt, (type, body, size) => this.#take(type, body, size, segment))];
  }

  #damage({ number }: Read, bad: readonly Stretch[]): void {
    for (const stretch of bad) this.damaged.push({ segment: nameOf(number), ...stretch });
  }
}
