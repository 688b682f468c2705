// An old message may keep a segment, and that keeps all behind it. When little of the spool is still needed, what is
// needed of the oldest segment is written once more at the end, a slice with each round, and the segment goes.

import { NetworkError } from '../base/errors.ts';
import type { Live } from './live.ts';
import { scan } from './log/record.ts';
import type { Segment } from './log/segment.ts';
import type { SegmentLog } from './log/segment-log.ts';
import { kind, readId } from './notes.ts';

/** Bytes that are moved with one round. */
const slice = 1024 * 1024;
/** More segments than would be needed twice over, and these, are too many. */
const fewSegments = 8;

interface Move {
  readonly from: Segment;
  /** Copies of the messages' records, the last to be moved first. */
  readonly bodies: Buffer[];
}

export class Tidy {
  /** Why no more is moved in this life: a segment could not be read. */
  trouble: Error | undefined;
  readonly #log: SegmentLog;
  readonly #live: Live;
  readonly #limits: { readonly bytes: number; readonly segment: number };
  #move: Move | undefined;
  #before = 0;
  readonly #pinned: Segment[] = [];

  constructor(log: SegmentLog, live: Live, limits: { readonly bytes: number; readonly segment: number }) {
    this.#log = log;
    this.#live = live;
    this.#limits = limits;
  }

  /** Moves a slice where that is worth it: as much as was appended since the last call, and a bit. */
  async round(): Promise<void> {
    const appended = Math.max(0, this.#log.bytes - this.#before);
    const [oldest] = this.#log.segments;
    if (oldest !== undefined && oldest.live > 0 && this.#isWorthIt(oldest)) await this.#from(oldest, slice + appended);
    else this.#move = undefined;
    this.#before = this.#log.bytes;
  }

  /** What was moved is on the disk at its new place. */
  synced(): void {
    if (this.#pinned.length > 0) this.#log.ask();
    for (const segment of this.#pinned.splice(0)) segment.pinned -= 1;
  }

  #isWorthIt(oldest: Segment): boolean {
    const { segments, bytes } = this.#log;
    const { segment, bytes: most } = this.#limits;
    if (this.trouble !== undefined || oldest === this.#log.tail || oldest.synced < oldest.size) return false;
    if (segments.length > fewSegments + 2 * Math.ceil(bytes / segment)) return true;
    return bytes > most / 2 && bytes - this.#live.bytes > Math.max(bytes / 4, 2 * segment);
  }

  async #from(oldest: Segment, most: number): Promise<void> {
    if (this.#move?.from !== oldest) this.#move = await this.#read(oldest);
    const { bodies } = this.#move;
    let moved = 0;
    while (moved < most) {
      const body = bodies.pop();
      if (body === undefined) break;
      const id = readId(body);
      if (this.#live.segmentOf(id) !== oldest) continue;
      this.#live.move(id, this.#log.append(kind.message, body));
      moved += body.length;
    }
    oldest.pinned += 1;
    this.#pinned.push(oldest);
    if (oldest.live > 0 && bodies.length === 0) this.#giveUp(oldest);
    this.#log.ask();
  }

  async #read(from: Segment): Promise<Move> {
    const bytes = (await this.#log.read(from)).subarray(0, from.size);
    const bodies: Buffer[] = [];
    scan(bytes, from.head.salt, (type, body) => {
      if (type === kind.message && this.#live.segmentOf(readId(body)) === from) bodies.push(body);
    });
    return { from, bodies: bodies.reverse() };
  }

  #giveUp(oldest: Segment): void {
    const words = `${oldest.live} messages in ${oldest.name} cannot be read any more`;
    this.trouble = new NetworkError('SPOOL_FAILED', words);
    this.#move = undefined;
  }
}
