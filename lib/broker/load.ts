// The load of this machine: its mean of the last minute, by processor, told to who asks when it has changed by 0.1.

import { cpus, loadavg } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Correspondent } from '../dispatcher/index.ts';
import { Message, timespecOf, writeTimespec } from '../message/index.ts';
import { brokerName } from '../protocol/service/index.ts';

/** How often it looks, in ms, and the smallest change that is told (reference eventdispatcher §10.8). */
export const loadTimes = { look: 1_000, change: 0.1 } as const;

/** Of this machine, now. */
function presentLoad(): number {
  return (loadavg()[0] ?? 0) / Math.max(1, cpus().length);
}

export class Load {
  readonly #listeners = new Map<Correspondent, number>();
  readonly #server: string;
  readonly #clock: Clock;
  readonly #measure: () => number;
  /** Address that goes along, where there is one. */
  address: string | undefined;

  constructor(server: string, clock: Clock, measure: () => number = presentLoad) {
    this.#server = server;
    this.#clock = clock;
    this.#measure = measure;
  }

  get now(): number {
    return Math.round(this.#measure() * 1000) / 1000;
  }

  /** Tells it at once, and at each change; false where it listens already, and is told once more. */
  listen(listener: Correspondent): boolean {
    const isNew = !this.#listeners.has(listener);
    this.#tell(listener, this.now);
    return isNew;
  }

  forget(listener: Correspondent): void {
    this.#listeners.delete(listener);
  }

  look(): void {
    if (this.#listeners.size === 0) return;
    const avg = this.now;
    for (const [listener, told] of this.#listeners) {
      if (Math.abs(avg - told) < loadTimes.change) continue;
      this.#tell(listener, avg);
    }
  }

  get listening(): number {
    return this.#listeners.size;
  }

  #tell(listener: Correspondent, avg: number): void {
    this.#listeners.set(listener, avg);
    try {
      listener.send(this.#message(avg));
    } catch {
      this.#listeners.delete(listener);
    }
  }

  #message(avg: number): Message {
    const timestamp = writeTimespec(timespecOf(this.#clock.wall()));
    const from = { server: this.#server, service: brokerName };
    return Message.of('LOADAVG', { avg, my_address: this.address, timestamp }, { from });
  }
}
