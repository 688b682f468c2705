// What becomes of a frame that comes in: its callbacks are called, or it is counted and skipped. Nothing that comes makes a
// client deaf, as it does the original.

import type { Clock } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import { guarded } from '../../../base/guard.ts';
import type { Event } from '../definitions.ts';
import { Complaints } from '../session/complaints.ts';
import { decodeContent, nameEnd } from '../wire.ts';
import type { Registered } from './callbacks.ts';
import { Callbacks } from './callbacks.ts';

export interface HearingHost {
  readonly clock: Clock;
  /** Whether a round trip waits for this name. */
  heard(name: string): boolean;
  log(severity: 'debug' | 'warn' | 'error', text: string, fields: object): void;
}

/** `unknown`: nobody waits for it. `bad`: it cannot be read. `failed`: a callback threw. `refused`: we, by the server. */
type Kind = 'unknown' | 'bad' | 'failed' | 'refused';

const severities = { unknown: 'debug', bad: 'warn', failed: 'error', refused: 'warn' } as const;

/** Longer names are read anew each time. */
const longestKept = 64;

export class Hearing {
  readonly callbacks: Callbacks = new Callbacks();
  readonly #complaints: Complaints<Kind>;
  readonly #host: HearingHost;
  #received = 0;
  #lastName = '';

  constructor(host: HearingHost) {
    this.#host = host;
    const kinds = Object.keys(severities) as Kind[];
    this.#complaints = new Complaints(kinds, (kind, words, count) => host.log(severities[kind], words, { count }));
  }

  get counts(): object {
    return { received: this.#received, ...this.#complaints.counts };
  }

  complain(kind: Kind, words: string): void {
    this.#complaints.add(kind, words, this.#host.clock);
  }

  /** A message has come. */
  take(frames: readonly Buffer[]): void {
    const frame = frames[0] as Buffer;
    const end = nameEnd(frame);
    if (end === -1) return this.complain('bad', 'a frame without a name came');
    const name = this.#nameOf(frame, end);
    const list = this.callbacks.of(name);
    if (list === undefined) {
      if (!this.#host.heard(name)) this.complain('unknown', `nobody waits for ${JSON.stringify(name.slice(0, 255))}`);
      return;
    }
    let content: unknown[];
    try {
      content = decodeContent(frame.subarray(end + 1));
    } catch (error) {
      return this.complain('bad', `${name}: ${reasonOf(error)}`);
    }
    this.#received += 1;
    for (const one of list) this.#call(one, content);
  }

  /** The same event often comes many times in a row. */
  #nameOf(frame: Buffer, end: number): string {
    const last = this.#lastName;
    let at = last.length === end ? 0 : end + 1;
    while (at < end && frame[at] === last.charCodeAt(at)) at += 1;
    if (at === end) return last;
    const name = frame.toString('latin1', 0, end);
    if (end <= longestKept) this.#lastName = name;
    return name;
  }

  #call({ event, callback }: Registered, content: unknown[]): void {
    const misfit = (event as Event).misfit(content);
    if (misfit !== undefined) return this.complain('bad', misfit);
    const failed = (error: unknown): void =>
      this.complain('failed', `a callback of ${event} failed: ${reasonOf(error)}`);
    guarded(() => callback(event as Event<never>, ...(content as never)), failed);
  }
}
