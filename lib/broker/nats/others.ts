// The other brokers, as their beats tell: who is there, who has gone silent, who is forgotten.

import type { Presence } from '../cluster.ts';
import type { Beat } from './wire.ts';
import { presenceOf } from './wire.ts';

export interface OthersLimits {
  /** A broker that says nothing for so many ms is not there. */
  readonly silent: number;
  /** After so many ms more it is forgotten. */
  readonly forget: number;
}

/** More brokers than that are not noticed: whoever invents names does not fill the memory of all. */
const mostBrokers = 1_000;

interface Known {
  life: string;
  /** The last whole presence of this life; undefined until one has come. */
  presence: Presence | undefined;
  /** When it last said something, on the clock. */
  heard: number;
  live: 'live' | 'silent';
}

export class Others {
  readonly #limits: OthersLimits;
  readonly #known = new Map<string, Known>();

  constructor(limits: OthersLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#known.size;
  }

  get live(): readonly Presence[] {
    return [...this.#known.values()].flatMap(({ live, presence }) =>
      live === 'live' && presence !== undefined ? [presence] : [],
    );
  }

  isKnown(server: string): boolean {
    return this.#known.has(server);
  }

  /** Takes a beat; says what changed, and `ask` where the whole presence is wanted. */
  beat(beat: Beat, now: number): 'nothing' | 'changed' | 'ask' {
    if (this.#known.size >= mostBrokers && !this.#known.has(beat.server)) return 'nothing';
    const known = this.#knownOf(beat, now);
    const was = known.live;
    known.heard = now;
    known.live = 'live';
    const { presence } = known;
    if (beat.services !== undefined && (presence === undefined || beat.serial >= presence.serial)) {
      known.presence = presenceOf(beat);
      return 'changed';
    }
    if (presence === undefined || presence.serial < beat.serial) return 'ask';
    return was === 'silent' ? 'changed' : 'nothing';
  }

  /** A broker says that it ends. */
  gone({ server, life }: Beat): boolean {
    const known = this.#known.get(server);
    return known?.life === life && this.#known.delete(server);
  }

  /** Looks who has gone silent; names those that are forgotten. */
  sweep(now: number): { readonly changed: boolean; readonly forgotten: readonly string[] } {
    const forgotten: string[] = [];
    let changed = 0;
    for (const [server, known] of this.#known) {
      const silence = now - known.heard;
      if (known.live === 'live' && silence >= this.#limits.silent) {
        known.live = 'silent';
        changed += 1;
      }
      if (silence < this.#limits.silent + this.#limits.forget) continue;
      this.#known.delete(server);
      forgotten.push(server);
    }
    return { changed: changed + forgotten.length > 0, forgotten };
  }

  #knownOf({ server, life }: Beat, heard: number): Known {
    const known = this.#known.get(server);
    if (known?.life === life) return known;
    const fresh: Known = { life, presence: undefined, heard, live: 'live' };
    this.#known.set(server, fresh);
    return fresh;
  }
}
