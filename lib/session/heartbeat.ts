// Whether the other side lives. Any byte is a sign of life; after a silence we ask, after a longer one it is dead.
//
//   quiet for `ask` ms ─▶ ALIVE        quiet for `dead` ms ─▶ dead
//
// A process that was itself stopped (SIGSTOP, a long block, a suspended machine) finds on waking that all were
// silent. It must not kill them for that: where a check comes much later than it was due, it listens first, and
// counts the silence anew from there. While it does not read (a handler holds the link) it cannot hear: it counts no
// silence then, and asks all the same, so that the other side hears something.

export interface HeartbeatLimits {
  /** Silence in ms before we ask. @default 5_000 */
  readonly ask: number;
  /** Silence in ms after which the other side is dead; 0 turns heartbeats off. @default 15_000 */
  readonly dead: number;
}

export const heartbeatDefaults: HeartbeatLimits = { ask: 5_000, dead: 15_000 };

/** A check that is late by this share of `ask` means that this process itself was stopped. */
export const lateShare = 0.2;

/** What a check found: nothing, time to ask, or the end. */
export type Finding = 'alive' | 'ask' | 'dead';

export class Heartbeat {
  readonly #limits: HeartbeatLimits;
  #heard: number;
  #asked: number;
  #due: number;

  constructor(limits: HeartbeatLimits, now: number) {
    this.#limits = limits;
    this.#heard = now;
    this.#asked = now;
    this.#due = now + limits.ask;
  }

  /** Something came in. Cheap: it is called for every chunk. */
  heard(now: number): void {
    this.#heard = now;
  }

  /** When to check next, on the clock. */
  get due(): number {
    return this.#due;
  }

  /** Milliseconds of silence. */
  silence(now: number): number {
    return now - this.#heard;
  }

  /** A check while nothing is read. */
  deaf(now: number): Finding {
    this.#heard = now;
    this.#asked = now;
    this.#due = now + this.#limits.ask;
    return 'ask';
  }

  check(now: number): Finding {
    const { ask, dead } = this.#limits;
    if (now - this.#due > ask * lateShare) this.#heard = Math.max(this.#heard, now - ask);
    const silence = this.silence(now);
    if (silence >= dead) return 'dead';
    const askDue = Math.max(this.#heard, this.#asked) + ask;
    const asks = silence >= ask && now >= askDue;
    if (asks) this.#asked = now;
    this.#due = Math.min(Math.max(this.#heard, this.#asked) + ask, this.#heard + dead);
    return asks ? 'ask' : 'alive';
  }
}
