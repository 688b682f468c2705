// Keeps what passed through a proxy, up to a limit, to be read or written to a file afterwards.

import type { Given } from '../base/options.ts';
import { wholeInRange, withDefaults } from '../base/options.ts';
import type { Direction } from './faults.ts';

/** A piece of bytes, as it was passed on. */
export interface Passage {
  /** Milliseconds since the proxy was opened. */
  readonly at: number;
  /** Which link, counted from 1; of a PacketProxy, which asker. */
  readonly link: number;
  readonly direction: Direction;
  readonly bytes: Buffer;
  /** The bytes in the recorder's encoding. */
  readonly text: string;
}

/** Something that happened to a link. */
export interface Happening {
  /** Milliseconds since the proxy was opened. */
  readonly at: number;
  /** Which link, counted from 1. */
  readonly link: number;
  /** `open`, `client FIN`, `server closed`, `cut`, … */
  readonly event: string;
}

export interface RecorderOptions {
  /** How bytes become text: latin1 makes each byte a character. @default 'utf8' */
  readonly encoding: 'utf8' | 'latin1';
  /** Most bytes that are kept; the oldest entries go then. @default 16 MiB */
  readonly bytes: number;
  /** Most entries that are kept, each a piece of bytes or an event; the oldest go then. @default 100_000 */
  readonly entries: number;
}

/** As it is kept: the text is made when it is asked for. */
type Kept = Omit<Passage, 'text'> | Happening;

const recorderDefaults: RecorderOptions = { encoding: 'utf8', bytes: 16 * 1024 * 1024, entries: 100_000 };
const lineFeed = 10;
const dir: { readonly [direction in Direction]: string } = {
  'to server': 'client->server',
  'to client': 'server->client',
};

/** Give it to a proxy as `recorder`; several proxies may share one. */
export class Recorder {
  readonly #options: RecorderOptions;
  #entries: Kept[] = [];
  #head = 0;
  #bytes = 0;
  #dropped = 0;
  #links = 0;

  /** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(options: Given<RecorderOptions> = {}) {
    this.#options = withDefaults('recorder', recorderDefaults, options);
    wholeInRange('bytes', this.#options.bytes, 0, Number.MAX_SAFE_INTEGER);
    wholeInRange('entries', this.#options.entries, 1, 10_000_000);
  }

  /** The pieces of bytes that are kept, oldest first. */
  get passages(): readonly Passage[] {
    return this.#kept()
      .filter(entry => 'bytes' in entry)
      .map(entry => ({ ...entry, text: entry.bytes.toString(this.#options.encoding) }));
  }

  /** What happened to links, oldest first. */
  get happenings(): readonly Happening[] {
    return this.#kept().filter(entry => 'event' in entry);
  }

  /** How many of the oldest entries had to go because a limit was reached. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * The lines of all links that went in that direction, or in both, without their line feeds, in the order in which
   * they became whole. What is no whole line yet stands at the end.
   */
  lines(direction?: Direction): string[] {
    const whole: string[] = [];
    const rests = new Map<string, Buffer[]>();
    for (const entry of this.#kept()) {
      if ('event' in entry || (direction !== undefined && entry.direction !== direction)) continue;
      const key = `${entry.link} ${entry.direction}`;
      const parts = rests.get(key) ?? [];
      parts.push(entry.bytes);
      rests.set(key, entry.bytes.includes(lineFeed) ? this.#cut(Buffer.concat(parts), whole) : parts);
    }
    const left = [...rests.values()].map(parts => Buffer.concat(parts)).filter(({ length }) => length > 0);
    return [...whole, ...left.map(rest => rest.toString(this.#options.encoding))];
  }

  /**
   * One JSON object a line: `t` in ms, `conn` which link, and either `dir` (`client->server` or `server->client`)
   * with `bytes`, each character one byte, or `ev` for what happened to the link.
   */
  toJsonLines(): string {
    return this.#kept()
      .map(entry => {
        const head = { t: Math.round(entry.at * 1000) / 1000, conn: entry.link };
        if ('event' in entry) return `${JSON.stringify({ ...head, ev: entry.event })}\n`;
        return `${JSON.stringify({ ...head, dir: dir[entry.direction], bytes: entry.bytes.toString('latin1') })}\n`;
      })
      .join('');
  }

  /** Forgets everything; the numbers of links go on. */
  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#dropped = 0;
  }

  // ---- what proxies call

  /** The number of a new link. */
  nextLink(): number {
    this.#links += 1;
    return this.#links;
  }

  passed(at: number, link: number, direction: Direction, bytes: Buffer): void {
    const own = Buffer.from(bytes);
    this.#bytes += own.length;
    this.#keep({ at, link, direction, bytes: own });
  }

  happened(at: number, link: number, event: string): void {
    this.#keep({ at, link, event });
  }

  #kept(): Kept[] {
    return this.#entries.slice(this.#head);
  }

  #keep(entry: Kept): void {
    this.#entries.push(entry);
    const { bytes, entries } = this.#options;
    while (this.#entries.length - this.#head > entries || this.#bytes > bytes) {
      const oldest = this.#entries[this.#head];
      if (oldest !== undefined && 'bytes' in oldest) this.#bytes -= oldest.bytes.length;
      this.#head += 1;
      this.#dropped += 1;
    }
    if (this.#head * 2 <= this.#entries.length) return;
    this.#entries = this.#kept();
    this.#head = 0;
  }

  /** Adds the whole lines to the others, and gives what is left. */
  #cut(bytes: Buffer, lines: string[]): Buffer[] {
    let from = 0;
    for (let feed = bytes.indexOf(lineFeed); feed >= 0; feed = bytes.indexOf(lineFeed, from)) {
      lines.push(bytes.toString(this.#options.encoding, from, feed));
      from = feed + 1;
    }
    return [bytes.subarray(from)];
  }
}
