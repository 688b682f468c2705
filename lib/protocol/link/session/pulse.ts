// The heartbeats of a link: one goes out each interval, and what is silent for longer than two is dead. The counting is
// that of the session floor, so a process that was itself stopped does not take the others for dead.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { Heartbeat } from '../../../session/index.ts';

export interface PulseHost {
  beat(): void;
  /** Whether nothing is read at present. */
  isDeaf(): boolean;
  /** Nothing came for so many ms. */
  dead(silence: number): void;
}

export class Pulse {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #host: PulseHost;
  readonly #heartbeat: Heartbeat;
  #next: number;
  #cancel: Cancel;

  /** `interval` in ms. */
  constructor(clock: Clock, interval: number, host: PulseHost) {
    this.#clock = clock;
    this.#interval = interval;
    this.#host = host;
    this.#heartbeat = new Heartbeat({ ask: interval, dead: 2 * interval + 1 }, clock.now());
    this.#next = clock.now() + interval;
    this.#cancel = this.#wait(clock.now());
  }

  heard(): void {
    this.#heartbeat.heard(this.#clock.now());
  }

  stop(): void {
    this.#cancel();
  }

  #tick(): void {
    const now = this.#clock.now();
    const silence = this.#heartbeat.silence(now);
    const { isDeaf, dead, beat } = this.#host;
    // Who does not read cannot hear: that is no silence of the other side.
    const finding = isDeaf() ? this.#heartbeat.deaf(now) : this.#heartbeat.check(now);
    if (finding === 'dead') return dead(silence);
    const beats = now >= this.#next;
    if (beats) this.#next = now + this.#interval;
    this.#cancel = this.#wait(now);
    if (beats) beat();
  }

  /** Until the next heartbeat, or until the silence is to be looked at, if that is before. */
  #wait(now: number): Cancel {
    const until = Math.min(this.#next, this.#heartbeat.due);
    return this.#clock.after(Math.max(1, until - now), () => this.#tick());
  }
}
