// A backplane over NATS. What one end tells goes to the subject
//
//   PREFIX.say.END.PATH         END: a name of this end's own, PATH: the path as one word (subject.ts), or %+ where it is long
//
// and its payload is `t` or `j`, the number of the packet, a line feed, and then the text (t), or the JSON of path and text
// (j: where the path is too long for a subject, or the text is no Unicode). The numbers of an end begin with 1 and have no
// gaps: so nothing is heard twice or out of its order, though packets go out again after a lost connection, and what was
// lost on the way is counted.
//
// NATS keeps nothing for who is not connected: what is told while one end is away is missed there, and counted.

import { randomUUID } from 'node:crypto';
import type { Backplane } from '../../base/backplane.ts';
import type { Cancel } from '../../base/clock.ts';
import { UsageError } from '../../base/errors.ts';
import { refuseUnknown } from '../../base/options.ts';
import type { NatsPacket } from '../../transport/nats/index.ts';
import type { Nats } from './nats.ts';
import { longestSubject } from './nats-outbox.ts';
import { isPrefix, subjectWord, textOfWord } from './subject.ts';

export interface NatsBackplaneOptions {
  /** What subjects begin with: ends with another prefix are another backplane. @default 'ed' */
  readonly prefix?: string | undefined;
}

export interface BackplaneFigures {
  /** Told by this end, those dropped included. */
  readonly said: number;
  /** Not taken over, because the outbox was full or it was too long. */
  readonly refused: number;
  readonly heard: number;
  /** Told by others, and lost on the way. */
  readonly missed: number;
  /** Came again, and were not given on. */
  readonly repeated: number;
  /** Under a subject of ours, and not of our making. */
  readonly unreadable: number;
}

/** Ends whose numbers are remembered; the one that was silent for longest is forgotten first. */
const mostEnds = 10_000;
const longPath = '%+';
const head = /^([tj])([1-9][0-9]{0,15})\n/;

export class NatsBackplane implements Backplane {
  readonly #nats: Nats;
  readonly #prefix: string;
  readonly #end = randomUUID();
  readonly #listeners = new Set<(path: string, text: string) => void>();
  readonly #last = new Map<string, number>();
  readonly #figures = { said: 0, refused: 0, heard: 0, missed: 0, repeated: 0, unreadable: 0 };
  #leave: Cancel | undefined;

  /** @throws UsageError UNKNOWN_OPTION, INVALID_NAME */
  constructor(nats: Nats, options: NatsBackplaneOptions = {}) {
    refuseUnknown('a backplane', { prefix: 0 }, options);
    const { prefix = 'ed' } = options;
    if (!isPrefix(prefix)) throw new UsageError('INVALID_NAME', `"${prefix}" cannot be the prefix of subjects`);
    this.#nats = nats;
    this.#prefix = `${prefix}.say.`;
  }

  get figures(): BackplaneFigures {
    return { ...this.#figures };
  }

  publish(path: string, text: string): void {
    this.#figures.said += 1;
    const own = `${this.#prefix}${this.#end}.`;
    const short =
      own.length + path.length * 6 < longestSubject || own.length + subjectWord(path).length <= longestSubject;
    const plain = short && text.isWellFormed();
    const body = plain ? text : JSON.stringify([path, text]);
    const payload = Buffer.from(`${plain ? 't' : 'j'}${this.#figures.said}\n${body}`);
    try {
      this.#nats.publish(own + (short ? subjectWord(path) : longPath), payload);
    } catch {
      this.#figures.refused += 1;
    }
  }

  subscribe(heard: (path: string, text: string) => void): Cancel {
    const listener = (path: string, text: string): void => heard(path, text);
    this.#listeners.add(listener);
    this.#leave ??= this.#nats.subscribe(`${this.#prefix}*.*`, packet => this.#arrive(packet));
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#leave?.();
      this.#leave = undefined;
      this.#last.clear();
    };
  }

  #arrive({ subject, bytes }: NatsPacket): void {
    const [end = '', word = ''] = subject.slice(this.#prefix.length).split('.');
    if (end === this.#end) return;
    const found = read(word, bytes);
    if (found === undefined) {
      this.#figures.unreadable += 1;
      return;
    }
    if (!this.#isNext(end, found.number)) return;
    this.#figures.heard += 1;
    for (const listener of this.#listeners) listener(found.path, found.text);
  }

  /** Notes the number; false where it was heard before. */
  #isNext(end: string, number: number): boolean {
    const last = this.#last.get(end);
    if (last !== undefined && number <= last) {
      this.#figures.repeated += 1;
      return false;
    }
    if (last !== undefined) this.#figures.missed += number - last - 1;
    this.#last.delete(end);
    this.#last.set(end, number);
    const [oldest] = this.#last.keys();
    if (this.#last.size > mostEnds && oldest !== undefined) this.#last.delete(oldest);
    return true;
  }
}

function read(word: string, bytes: Uint8Array): { path: string; text: string; number: number } | undefined {
  const payload = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const [opening, kind, digits] = head.exec(payload) ?? [];
  if (opening === undefined) return undefined;
  const number = Number(digits);
  const body = payload.slice(opening.length);
  if (kind === 'j') {
    const pair = pairOf(body);
    return pair === undefined ? undefined : { path: pair[0], text: pair[1], number };
  }
  const path = textOfWord(word);
  return path === undefined ? undefined : { path, text: body, number };
}

function pairOf(json: string): readonly [string, string] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const [path, text]: unknown[] = Array.isArray(value) ? value : [];
    return typeof path === 'string' && typeof text === 'string' ? [path, text] : undefined;
  } catch {
    return undefined;
  }
}
