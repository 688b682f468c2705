// The messages that have not ended, in their order, and the segment in which each one is. Most of them end at the
// front; one that ends elsewhere leaves a gap, and gaps are closed before they are more than the messages.

import type { Segment } from './log/segment.ts';

interface Entry {
  readonly id: number;
  readonly bytes: number;
  /** Undefined when the message has ended. */
  segment: Segment | undefined;
}

/** Gaps that are not worth closing. */
const fewGaps = 64;

export class Live {
  #entries: Entry[] = [];
  #head = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Bytes of their records. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A message later than all others. */
  add(id: number, segment: Segment, bytes: number): void {
    this.#entries.push({ id, bytes, segment });
    this.#length += 1;
    this.#bytes += bytes;
    segment.live += 1;
    segment.liveBytes += bytes;
  }

  /** Where it is; undefined where it has ended. */
  segmentOf(id: number): Segment | undefined {
    return this.#find(id)?.segment;
  }

  /** It is in another segment now. */
  move(id: number, to: Segment): void {
    const entry = this.#find(id);
    const from = entry?.segment;
    if (entry === undefined || from === undefined) return;
    from.live -= 1;
    from.liveBytes -= entry.bytes;
    to.live += 1;
    to.liveBytes += entry.bytes;
    entry.segment = to;
  }

  /** It has ended; false where it had before. */
  end(id: number): boolean {
    const entry = this.#find(id);
    if (entry?.segment === undefined) return false;
    this.#leave(entry, entry.segment);
    this.#close();
    return true;
  }

  /** The oldest has ended; says which it was. */
  shift(): number | undefined {
    for (; this.#head < this.#entries.length; this.#head += 1) {
      const entry = this.#entries[this.#head];
      if (entry?.segment === undefined) continue;
      this.#leave(entry, entry.segment);
      this.#close();
      return entry.id;
    }
    return undefined;
  }

  #leave(entry: Entry, segment: Segment): void {
    segment.live -= 1;
    segment.liveBytes -= entry.bytes;
    this.#length -= 1;
    this.#bytes -= entry.bytes;
    entry.segment = undefined;
  }

  #close(): void {
    if (this.#entries.length - this.#length <= Math.max(fewGaps, this.#length)) return;
    this.#entries = this.#entries.filter(({ segment }) => segment !== undefined);
    this.#head = 0;
  }

  #find(id: number): Entry | undefined {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.id ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    const entry = this.#entries[low];
    return entry?.id === id ? entry : undefined;
  }
}
