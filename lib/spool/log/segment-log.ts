// Records, appended to segments and synced in groups; what they mean is its owner's business.
//
//   idle ─asked▶ syncing ─synced▶ idle        from each of these three: ─close▶ closing ─closed▶ closed
//                  │  ▲                                                 ─abandon▶ closed
//            failed▼  │due
//                troubled
//
// One round at a time: everything that was appended meanwhile goes with the next one, so a sync is shared by as many
// records as came during the one before it, and no timer is needed. Bytes stay in memory until they are synced. When
// writing or syncing fails, the file is cut back to what was synced and the same bytes are written again later, at
// the same place: no torn record stays in the middle, and a sync that failed is never believed the second time.
// When it was for want of room, the owner may take them back and say first what makes room.

import { randomBytes } from 'node:crypto';
import type { Pause } from '../../base/backoff.ts';
import { pauseAfter, pauseDefaults } from '../../base/backoff.ts';
import type { Cancel, Clock } from '../../base/clock.ts';
import { LimitError } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Disk } from './disk.ts';
import { troubleOf } from './disk.ts';
import { SegmentFiles } from './files.ts';
import { recordOverhead } from './record.ts';
import { Reserve } from './reserve.ts';
import { Chunk, Segment } from './segment.ts';

export type LogState = 'idle' | 'syncing' | 'troubled' | 'closing' | 'closed';
export type LogStep = 'asked' | 'synced' | 'failed' | 'due' | 'close' | 'closed' | 'abandon';

export const logTable: StateTable<LogState, LogStep> = {
  idle: { asked: 'syncing', close: 'closing', abandon: 'closed' },
  syncing: { synced: 'idle', failed: 'troubled', close: 'closing', abandon: 'closed' },
  troubled: { due: 'syncing', close: 'closing', abandon: 'closed' },
  closing: { closed: 'closed', abandon: 'closed' },
  closed: {},
};

export interface LogOwner {
  /** A segment begins: it appends what has to be at its head. */
  began(): void;
  /** A round begins: it appends what it had kept back, and notes what goes with this round. */
  gather(): void;
  /** The round is on the disk. */
  synced(): void;
  /** There is time to move what is still needed out of an old segment. What it rejects with is trouble. */
  tidy(): Promise<void>;
  /** The round, or what followed it, failed. */
  failed(): void;
  /** The trouble is over. */
  mended(): void;
}

/** A record that was taken back. */
export interface Unwritten {
  readonly type: number;
  readonly body: Buffer;
}

export interface LogSetup {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly directory: string;
  /** A segment that would be longer than so many bytes is followed by another. */
  readonly segment: number;
}

/** 50 ms to 5 s, doubling. */
const retries: Pause = { ...pauseDefaults, jitter: 0 };

export class SegmentLog {
  /** The oldest first; the last is the one that grows. */
  readonly segments: Segment[];
  trouble: Error | undefined;
  readonly #setup: LogSetup;
  readonly #owner: LogOwner;
  readonly #machine = new StateMachine<LogState, LogStep>(logTable, 'idle');
  readonly #files: SegmentFiles;
  readonly #reserve: Reserve;
  #bytes = 0;
  #waiting = 0;
  #tail: Chunk;
  #chunks: Chunk[] = [];
  /** How often a round was asked for, and how many of these the rounds have answered. */
  readonly #asked = { ever: 0, answered: 0 };
  #failures = 0;
  #running: Promise<void> = Promise.resolve();
  #retry: Cancel | undefined;

  /** Goes on behind the segments that were found, in a new one. */
  constructor(setup: LogSetup, owner: LogOwner, found: readonly Segment[]) {
    this.#setup = setup;
    this.#owner = owner;
    this.segments = [...found];
    this.#bytes = found.reduce((sum, { size }) => sum + size, 0);
    this.#files = new SegmentFiles(setup.disk, setup.directory);
    this.#reserve = new Reserve(setup.disk, setup.directory);
    this.#tail = this.#begin();
  }

  get state(): LogState {
    return this.#machine.state;
  }

  /** Whether it takes records: not once its end has begun. */
  get isOpen(): boolean {
    return this.#machine.can('close');
  }

  /** Bytes of all segments, on the disk or on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that are held in memory because they are not synced. */
  get waiting(): number {
    return this.#waiting;
  }

  /** The segment that grows. */
  get tail(): Segment {
    return this.#tail.segment;
  }

  /** Adds a record, and says in which segment it is. It is on the disk after a later round. */
  append(type: number, body: Buffer): Segment {
    const size = body.length + recordOverhead;
    if (this.tail.size + size > this.#setup.segment) this.#roll();
    this.#add(type, body);
    this.ask();
    return this.tail;
  }

  /** Adds a record to the segment that has just begun, and asks for nothing: it goes with what comes. */
  appendHead(type: number, body: Buffer): void {
    this.#add(type, body);
  }

  /** Asks for a round. */
  ask(): void {
    this.#asked.ever += 1;
    if (this.#machine.attempt('asked')) this.#running = this.#run();
  }

  /** Takes everything back that is not on the disk, also segments that begin with that; gives the records in order. */
  takeBack(): Unwritten[] {
    const records: Unwritten[] = [];
    this.#cutTail();
    for (const chunk of this.#chunks) chunk.each((type, body) => records.push({ type, body }));
    const [first] = this.#chunks;
    if (first === undefined) return records;
    const { segment } = first;
    this.segments.splice(this.segments.indexOf(segment) + 1);
    segment.size = segment.synced;
    this.#chunks = [];
    this.#tail = new Chunk(segment);
    this.#waiting = this.#tail.length;
    this.#bytes = this.segments.reduce((sum, { size }) => sum + size, 0);
    return records;
  }

  /** The bytes of a segment. @throws the system's error */
  read(segment: Segment): Promise<Buffer> {
    return this.#files.read(segment);
  }

  /** A last round, then all files are closed. @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED */
  close(): Promise<void> {
    this.#retry?.();
    if (this.#machine.attempt('close')) this.#running = this.#running.then(() => this.#last());
    return this.#running;
  }

  /** Closes all files as they are. */
  abandon(): Promise<void> {
    this.#retry?.();
    if (this.#machine.attempt('abandon')) this.#running = this.#running.then(() => this.#files.closeAll(this.segments));
    return this.#running;
  }

  async #last(): Promise<void> {
    try {
      while (this.#owes() && this.state === 'closing') await this.#round();
    } catch (error) {
      throw troubleOf(this.#setup.directory, error);
    } finally {
      await this.#files.closeAll(this.segments);
      this.#machine.attempt('closed');
    }
  }

  /** Everything of one run of the program goes together, hence the step aside. */
  async #run(): Promise<void> {
    await undefined;
    try {
      while (this.#owes() && this.state !== 'closed') await this.#round();
      this.#machine.attempt('synced');
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #round(): Promise<void> {
    this.#owner.gather();
    this.#asked.answered = this.#asked.ever;
    const dead = this.#dead();
    this.#cutTail();
    await this.#write();
    this.#owner.synced();
    for (const segment of dead) {
      await this.#files.remove(segment);
      this.segments.shift();
      this.#bytes -= segment.size;
    }
    await this.#reserve.hold();
    if (this.trouble !== undefined) {
      this.#failures = 0;
      this.trouble = undefined;
      this.#owner.mended();
    }
    if (this.state === 'syncing') await this.#owner.tidy();
  }

  /** Writes in order; a segment is synced before the next one begins. What is synced is let go. */
  async #write(): Promise<void> {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const { segment } = chunk;
      const same = this.#chunks.filter(one => one.segment === segment);
      await this.#files.write(segment, same);
      for (const { length } of same) this.#waiting -= length;
      this.#chunks = this.#chunks.slice(same.length);
      if (segment !== this.tail) await this.#files.close(segment);
      if (this.state === 'closed') return;
    }
  }

  async #fail(error: unknown): Promise<void> {
    this.#asked.ever += 1;
    this.trouble = troubleOf(this.#setup.directory, error);
    if (this.state === 'closed') return;
    await this.#files.cutBack(this.segments);
    if (this.trouble instanceof LimitError) await this.#reserve.giveUp();
    this.#failures += 1;
    this.#owner.failed();
    if (!this.#machine.attempt('failed')) return;
    this.#retry = this.#setup.clock.after(
      pauseAfter(this.#failures, retries, () => 0),
      () => {
        this.#machine.step('due');
        this.#running = this.#run();
      },
    );
  }

  #owes(): boolean {
    return this.#asked.ever > this.#asked.answered;
  }

  #add(type: number, body: Buffer): void {
    const before = this.#tail.length;
    this.#tail.add(type, body);
    this.#bytes += this.#tail.length - before;
    this.#waiting += this.#tail.length - before;
  }

  #roll(): void {
    if (this.#tail.length > 0) this.#chunks.push(this.#tail);
    this.#tail = this.#begin();
    this.#owner.began();
  }

  #begin(): Chunk {
    const previous = this.segments.at(-1);
    const number = (previous?.head.number ?? 0) + 1;
    const segment = new Segment({ number, previous: previous?.size ?? 0, salt: randomBytes(4).readUInt32LE() });
    this.segments.push(segment);
    const chunk = new Chunk(segment);
    this.#bytes += chunk.length;
    this.#waiting += chunk.length;
    return chunk;
  }

  #cutTail(): void {
    if (this.#tail.length === 0) return;
    this.#chunks.push(this.#tail);
    this.#tail = new Chunk(this.tail);
  }

  /** The oldest segments in which nothing is needed, once this round is on the disk. */
  #dead(): Segment[] {
    const end = this.segments.findIndex(segment => !isDone(segment) || segment === this.tail);
    return this.segments.slice(0, end);
  }
}

function isDone({ live, pinned }: Segment): boolean {
  return live === 0 && pinned === 0;
}
