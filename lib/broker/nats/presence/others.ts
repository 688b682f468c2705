// The other brokers, as their beats tell: who is there, who has gone silent, who is forgotten.
//
// Silence says something about others as long as we hear at all, and that our own beats tell: they come back from NATS too. While
// they do not (NATS is away, our way there is a black hole, this process was stopped), nobody's silence grows.
//
// A presence that comes in parts counts once it is whole; until then that before it does. What is missing of it when the next
// beat comes is asked for.

import type { Presence, PresentService } from '../../cluster.ts';
import type { Beat, Part, Wanted } from '../wire.ts';
import { Gathering, namesIn } from './parts.ts';

export interface PresenceTimes {
  /** Milliseconds between two signs of life. @default 1_000 */
  readonly beat: number;
  /** A broker that says nothing for so many ms is not there. */
  readonly silent: number;
  /** After so many ms more it is forgotten. */
  readonly forget: number;
}

/** More brokers than that are not noticed: whoever invents names does not fill the memory of all. */
const mostBrokers = 1_000;
/** Names of services and commands in presences that are not whole yet, of all brokers; what comes beyond is asked for later. */
const mostGathered = 1_000_000;

interface Known {
  life: string;
  /** The last whole presence of this life; undefined until one has come. */
  presence: Presence | undefined;
  /** A later one that is not whole yet. */
  gathering: Gathering | undefined;
  /** When it last said something, on the clock; moved on by the time in which nothing could be heard. */
  heard: number;
  live: 'live' | 'silent';
}

export class Others {
  readonly #limits: PresenceTimes;
  readonly #known = new Map<string, Known>();
  /** Made when asked for, and again after each change. */
  #live: readonly Presence[] | undefined;
  /** When our own beat last came back. */
  #own: number | undefined;

  constructor(limits: PresenceTimes) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#known.size;
  }

  get live(): readonly Presence[] {
    this.#live ??= [...this.#known.values()].flatMap(({ live, presence }) =>
      live === 'live' && presence !== undefined ? [presence] : [],
    );
    return this.#live;
  }

  isKnown(server: string): boolean {
    return this.#known.has(server);
  }

  /** Our own beat has come back: until now we could hear. More than one beat missing is time that counts for nobody. */
  ownBeat(now: number): void {
    const gap = now - (this.#own ?? now);
    this.#own = now;
    if (gap <= 2 * this.#limits.beat) return;
    for (const known of this.#known.values()) known.heard = Math.min(now, known.heard + gap);
  }

  /** Takes a beat; says what changed, and `ask` where the whole presence is wanted. */
  beat(beat: Beat, now: number): 'nothing' | 'changed' | 'ask' {
    if (this.#known.size >= mostBrokers && !this.#known.has(beat.server)) return 'nothing';
    const known = this.#knownOf(beat, now);
    const was = known.live;
    known.heard = now;
    known.live = 'live';
    if (was === 'silent') this.#live = undefined;
    const { presence } = known;
    const services = beat.part === undefined ? beat.services : this.#gathered(known, beat.serial, beat.part);
    if (services !== undefined && (presence === undefined || beat.serial >= presence.serial)) {
      const { server, life, serial } = beat;
      known.presence = { server, life, serial, services };
      known.gathering = undefined;
      this.#live = undefined;
      return 'changed';
    }
    if (beat.part === undefined && (presence === undefined || presence.serial < beat.serial)) return 'ask';
    return was === 'silent' ? 'changed' : 'nothing';
  }

  /** What is missing of the presence of that broker; undefined where that is the whole. */
  wanted(server: string): Wanted | undefined {
    const { gathering } = this.#known.get(server) ?? {};
    if (gathering === undefined) return undefined;
    const { serial, of, missing } = gathering;
    return { serial, of, missing };
  }

  /** A broker says that it ends. */
  gone({ server, life }: Beat): boolean {
    this.#live = undefined;
    const known = this.#known.get(server);
    return known?.life === life && this.#known.delete(server);
  }

  /** Looks who has gone silent; names those that are forgotten. */
  sweep(now: number): { readonly changed: boolean; readonly forgotten: readonly string[] } {
    const until = Math.min(now, this.#own ?? 0);
    const forgotten: string[] = [];
    let changed = 0;
    for (const [server, known] of this.#known) {
      const silence = until - known.heard;
      if (known.live === 'live' && silence >= this.#limits.silent) {
        known.live = 'silent';
        known.gathering = undefined;
        changed += 1;
      }
      if (silence < this.#limits.silent + this.#limits.forget) continue;
      this.#known.delete(server);
      forgotten.push(server);
    }
    if (changed + forgotten.length === 0) return { changed: false, forgotten };
    this.#live = undefined;
    return { changed: true, forgotten };
  }

  /** All services where this part makes it whole. */
  #gathered(known: Known, serial: number, part: Part): PresentService[] | undefined {
    const { presence, gathering } = known;
    if (serial <= Math.max(presence?.serial ?? -1, (gathering?.serial ?? 0) - 1)) return undefined;
    if (gathering?.serial !== serial || gathering.of !== part.of) known.gathering = new Gathering(serial, part.of);
    const names = [...this.#known.values()].reduce((sum, one) => sum + (one.gathering?.names ?? 0), 0);
    return names + namesIn(part.services) > mostGathered ? undefined : known.gathering?.take(part);
  }

  #knownOf({ server, life }: Beat, heard: number): Known {
    const known = this.#known.get(server);
    if (known?.life === life) return known;
    const fresh: Known = { life, presence: undefined, gathering: undefined, heard, live: 'live' };
    this.#known.set(server, fresh);
    this.#live = undefined;
    return fresh;
  }
}
