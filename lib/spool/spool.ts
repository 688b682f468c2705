// The disk memory of a permanent client: its messages that have not ended outlive the process, and with them the
// key of the session and how much of it is confirmed, so that the next life goes on with the same numbers.
//
//      store ──▶ SegmentLog ──round──▶ durable, settled, onMoved
//   withdrawn ──▶   │  ▲
//     session ──▶   │  └── Tidy (what is needed of an old segment, written again)
//   confirmed ─┐    ▼
//              └▶ one record with each round, however often it was called
//
// A message is confirmed by its place: of those that were not withdrawn, in their order. So `confirmed` needs one
// running total, and on the disk it is that total together with the id that it reaches to.

import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { LimitError, UsageError } from '../base/errors.ts';
import { wholeInRange } from '../base/options.ts';
import { Live } from './live.ts';
import type { Disk, Unlock } from './log/disk.ts';
import { nodeDisk, troubleOf } from './log/disk.ts';
import { headSize, longestBody, recordOverhead } from './log/record.ts';
import type { Found } from './log/recovery.ts';
import { recover } from './log/recovery.ts';
import type { Unwritten } from './log/segment-log.ts';
import { SegmentLog } from './log/segment-log.ts';
import type { StoredSession } from './notes.ts';
import { confirmedBytes, kind, knownBytes, messageBytes, readId, standingBytes, withdrawnBytes } from './notes.ts';
import type { SpoolOptions } from './options.ts';
import { checkedSpool, spoolDefaults } from './options.ts';
import type { Recovered } from './replay.ts';
import { damageOf, Replay } from './replay.ts';
import { Tidy } from './tidy.ts';

/** What a test may own. */
export interface SpoolSetup {
  readonly disk: Disk;
  /** For the pauses between tries while there is trouble. */
  readonly clock: Clock;
}

/** A segment's head, and where the client is, for a session of ordinary length. */
const room = { head: 1024, ending: 24 };
const longestSession = 1024;

export class Spool {
  readonly recovered: Recovered;
  /** Called after each sync that moved something, and after trouble; not after `close`. */
  onMoved: (() => void) | undefined;
  readonly #limits: Required<SpoolOptions>;
  readonly #unlock: Unlock;
  readonly #log: SegmentLog;
  readonly #live = new Live();
  readonly #tidy: Tidy;
  #session: StoredSession | undefined;
  #next: number;
  #through: number;
  #count: number;
  /** The total that the log has heard of. */
  #told: number;
  #durable: number;
  /** Messages that were taken back from a full disk. */
  #held: Unwritten[] = [];
  /** Records that must outlive a crash: appended, gathered in this round, synced; `certain`: up to those numbers depend on. */
  readonly #must = { appended: 0, gathered: 0, synced: 0, last: 0, certain: 0 };

  private constructor(limits: Required<SpoolOptions>, setup: SpoolSetup, unlock: Unlock, found: Found, replay: Replay) {
    const { next, through, count, session } = replay.standing;
    const damaged = replay.news(found.damaged);
    const isSure = damaged.length === 0;
    const { messages } = replay;
    this.#limits = limits;
    this.#unlock = unlock;
    this.#next = next;
    this.#through = through;
    this.#session = isSure ? session : undefined;
    this.#count = this.#session === undefined ? 0 : count;
    this.#told = this.#count;
    this.#durable = next - 1;
    const left = messages.map(({ message }) => message);
    this.recovered = { session: this.#session, confirmed: this.#count, messages: left, damaged, cut: found.cut };
    for (const { message, segment, size } of messages) this.#live.add(message.id, segment, size);
    const { directory, segment } = limits;
    this.#log = new SegmentLog({ ...setup, directory, segment }, this.#owner(), found.segments);
    this.#tidy = new Tidy(this.#log, this.#live, limits);
    this.#stand();
    if (found.damaged.length > 0) this.#log.appendHead(kind.known, knownBytes(damageOf(found.damaged)));
  }

  /**
   * Takes the folder, and reads what the last life left in it.
   * @throws UsageError SPOOL_LOCKED, UNKNOWN_OPTION, OUT_OF_RANGE; NetworkError SPOOL_FAILED; LimitError SPOOL_FULL
   */
  static async open(options: SpoolOptions, setup: Partial<SpoolSetup> = {}): Promise<Spool> {
    const limits = checkedSpool(options);
    const { disk = nodeDisk, clock = systemClock } = setup;
    let unlock: Unlock | undefined;
    try {
      await disk.makeFolder(limits.directory);
      unlock = disk.lock(limits.directory);
      const replay = new Replay();
      const found = await recover(disk, limits.directory, (type, body, size, segment) =>
        replay.take(type, body, size, segment),
      );
      return new Spool(limits, { disk, clock }, unlock, found, replay);
    } catch (error) {
      unlock?.();
      throw troubleOf(limits.directory, error);
    }
  }

  /** Everything up to this id is on the disk. */
  get durable(): number {
    return this.#durable;
  }

  /** Nothing that must be known after a crash is only in memory: messages, withdrawals and the session are on the disk. */
  get settled(): boolean {
    return this.#must.synced === this.#must.appended;
  }

  /** The withdrawals and the session are on the disk: the numbers of all that is `durable` outlive a crash. */
  get certain(): boolean {
    return this.#must.synced >= this.#must.certain;
  }

  /** Undefined while all is well. While the disk takes nothing, no message is taken; it is tried again by itself. */
  get trouble(): Error | undefined {
    return this.#log.trouble ?? this.#tidy.trouble;
  }

  /** Bytes on the disk, and on their way to it. */
  get bytes(): number {
    return this.#log.bytes;
  }

  /** Messages that have not ended. */
  get length(): number {
    return this.#live.length;
  }

  /**
   * Takes a message, and gives its id. It is safe once `durable` has reached that.
   * @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED while there is trouble with the disk, UsageError
   */
  store(line: string, expires?: number): number {
    this.#refuseClosed();
    if (expires !== undefined && Number.isNaN(expires))
      throw new UsageError('INVALID_VALUE', 'expires is not a number');
    const id = this.#next;
    const body = messageBytes(id, line, expires);
    const size = body.length + recordOverhead;
    this.#refuseWhenFull(size);
    this.#next += 1;
    this.#live.add(id, this.#log.append(kind.message, body), size);
    this.#must.appended += 1;
    return id;
  }

  /** This message ended without ever getting a number: it stays out of the session's count. @throws UsageError */
  withdrawn(id: number): void {
    this.#refuseClosed();
    if (!this.#live.end(id)) throw new UsageError('INVALID_VALUE', `no message ${id} is alive`);
    this.#log.append(kind.withdrawn, withdrawnBytes(id));
    this.#appended();
  }

  /** So many messages of the present session are confirmed by now; a smaller total changes nothing. @throws UsageError */
  confirmed(count: number): void {
    this.#refuseClosed();
    if (this.#session === undefined) throw new UsageError('ILLEGAL_STEP', 'no session has begun');
    wholeInRange('confirmed', count, 0, this.#count + this.#live.length);
    if (count <= this.#count) return;
    for (; this.#count < count; this.#count += 1) this.#through = this.#live.shift() ?? this.#through;
    this.#log.ask();
  }

  /** The session that gives numbers; it begins `anew`, with number 1 for the oldest message alive, or its count `goes on`. */
  session({ id, secret, epoch }: StoredSession, begins = this.#session?.id === id ? 'goes on' : 'anew'): void {
    this.#refuseClosed();
    const session = { id, secret, epoch };
    if (JSON.stringify(session).length > longestSession) {
      throw new UsageError('OUT_OF_RANGE', `a session of more than ${longestSession} characters`);
    }
    if (begins === 'anew') this.#count = 0;
    this.#session = session;
    this.#log.append(kind.standing, this.#standing());
    this.#told = this.#count;
    this.#appended();
  }

  #appended(): void {
    this.#must.appended += 1;
    this.#must.certain = this.#must.appended;
  }

  /** A last sync; the folder is free then. @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED where that fails */
  async close(): Promise<void> {
    try {
      await this.#log.close();
    } finally {
      this.#unlock();
    }
  }

  /** As if the process died: nothing more is begun, the files are closed as they are, and the folder is free. */
  async abandon(): Promise<void> {
    await this.#log.abandon();
    this.#unlock();
  }

  #owner() {
    return {
      began: () => this.#stand(),
      gather: () => this.#gather(),
      synced: () => this.#synced(),
      tidy: () => this.#tidy.round(),
      failed: () => this.#failed(),
      mended: () => this.#tell(),
    };
  }

  /** Writes down where the client is, at the head of a segment: none before it is needed for that. */
  #stand(): void {
    this.#log.appendHead(kind.standing, this.#standing());
    this.#told = this.#count;
  }

  #standing(): Buffer {
    return standingBytes({ next: this.#next, through: this.#through, count: this.#count, session: this.#session });
  }

  /** What was held back goes with the round after the one that made room. */
  #gather(): void {
    const isHolding = this.#held.length > 0 && this.#log.trouble !== undefined;
    if (!isHolding) this.#resume();
    if (this.#told !== this.#count) {
      this.#told = this.#count;
      this.#log.append(kind.confirmed, confirmedBytes(this.#count, this.#through));
    }
    if (isHolding) return;
    this.#must.gathered = this.#must.appended;
    this.#must.last = this.#next - 1;
  }

  #synced(): void {
    this.#must.synced = this.#must.gathered;
    this.#durable = this.#must.last;
    if (this.#held.length > 0) this.#log.ask();
    else this.#tidy.synced();
    this.#tell();
  }

  /** Where there is no room, messages wait in memory, and what has ended is written first: that may make room. */
  #failed(): void {
    if (this.#log.trouble instanceof LimitError) {
      const records = this.#log.takeBack();
      const isMessage = ({ type }: Unwritten): boolean => type === kind.message;
      this.#must.gathered = this.#must.synced;
      this.#must.last = this.#durable;
      this.#held = [...records.filter(isMessage), ...this.#held];
      for (const { type, body } of records) if (type !== kind.message) this.#log.appendHead(type, body);
    }
    this.#tell();
  }

  #resume(): void {
    for (const { body } of this.#held.splice(0)) {
      const id = readId(body);
      if (this.#live.segmentOf(id) !== undefined) this.#live.move(id, this.#log.append(kind.message, body));
    }
  }

  /** In a step of its own: what a program does then is no concern of the log. */
  #tell(): void {
    queueMicrotask(() => {
      if (this.#log.isOpen) this.onMoved?.();
    });
  }

  #refuseClosed(): void {
    if (!this.#log.isOpen) throw new UsageError('ILLEGAL_STEP', 'the spool is closed');
  }

  /** Room is kept for the end of each message, and for rewriting a segment. */
  #refuseWhenFull(size: number): void {
    const { bytes, segment, directory } = this.#limits;
    const { trouble, waiting } = this.#log;
    if (trouble !== undefined) throw troubleOf(directory, trouble);
    const full = (why: string): LimitError => new LimitError('SPOOL_FULL', `spool ${directory}: ${why}`);
    const longest = Math.min(segment - headSize - room.head, longestBody);
    if (size > longest) throw full(`a record of ${size} bytes is longer than ${longest}`);
    if (waiting + size > spoolDefaults.waiting) throw full(`${waiting} bytes wait for the disk`);
    const reserve = segment + room.ending * (this.length + 1);
    if (this.bytes + size + reserve > bytes) throw full(`${this.bytes} of ${bytes} bytes hold ${this.length} messages`);
  }
}
