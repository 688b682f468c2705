// One direction of one link: takes what its source gives, and passes it on to its sink as the faults allow.
//
//   flowing ─full▶ full ─drained▶ flowing        flowing, full ─over▶ over
//
// Memory is bounded: past `most` the source is not read any more, and under half of it it is read again. What its
// source says last (its end, or that it is gone) waits its turn behind the bytes.

import type { Cancel, Clock } from '../base/clock.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Channel } from '../transport/index.ts';
import type { Direction, Faults } from './faults.ts';

type PumpState = 'flowing' | 'full' | 'over';
type PumpEvent = 'full' | 'drained' | 'over';

export const pumpTable: StateTable<PumpState, PumpEvent> = {
  flowing: { full: 'full', drained: 'flowing', over: 'over' },
  full: { drained: 'flowing', over: 'over' },
  over: { over: 'over' },
};

/** What a direction of a link holds at most, before its source is not read any more. */
const most = { bytes: 256 * 1024, chunks: 1024 };
/** At a limited rate a piece is what passes in so many ms. */
const paceTime = 10;

/** What came, and when. */
type Item =
  | { readonly kind: 'bytes'; readonly since: number; readonly bytes: Buffer }
  | { readonly kind: 'end'; readonly since: number }
  | { readonly kind: 'gone'; readonly since: number; readonly reason: Error | undefined };

export interface PumpWorld {
  readonly clock: Clock;
  /** The faults of this moment. */
  readonly faults: Faults;
  /** Told of each piece before it is passed on. */
  readonly passed: (direction: Direction, bytes: Buffer) => void;
  /** Told what happens to the link, in the words of a record. */
  readonly happened: (event: string) => void;
}

export class Pump {
  readonly #direction: Direction;
  readonly #source: Channel;
  readonly #sink: Channel;
  readonly #world: PumpWorld;
  readonly #machine = new StateMachine(pumpTable, 'flowing');
  #items: Item[] = [];
  #held = 0;
  #reading: 'on' | 'off' = 'on';
  /** The wait under way, if there is one. */
  #wait: Cancel | undefined;
  /** When the next byte may pass. */
  #free = Number.NEGATIVE_INFINITY;

  constructor(direction: Direction, source: Channel, sink: Channel, world: PumpWorld) {
    this.#direction = direction;
    this.#source = source;
    this.#sink = sink;
    this.#world = world;
  }

  /** Bytes that wait here. */
  get held(): number {
    return this.#held;
  }

  take(bytes: Buffer): void {
    if (this.#machine.state === 'over') return;
    this.#held += bytes.length;
    this.#enter({ kind: 'bytes', since: this.#world.clock.now(), bytes });
  }

  /** The source has said its last. */
  end(): void {
    this.#enter({ kind: 'end', since: this.#world.clock.now() });
  }

  /** The source is closed; with a reason where that was a failure. */
  gone(reason: Error | undefined): void {
    this.#enter({ kind: 'gone', since: this.#world.clock.now(), reason });
  }

  /** The sink has room again. */
  drained(): void {
    if (this.#machine.attempt('drained')) this.#work();
  }

  /** The faults are others now. */
  changed(): void {
    this.#wait?.();
    this.#wait = undefined;
    this.#free = Number.NEGATIVE_INFINITY;
    this.#regulate();
    this.#work();
  }

  /** The sink is closed: what is here has nowhere to go. */
  stop(): void {
    this.#machine.step('over');
    this.#items = [];
    this.#held = 0;
    this.changed();
  }

  get #frozen(): boolean {
    return this.#world.faults.frozen.has(this.#direction);
  }

  #enter(item: Item): void {
    if (this.#machine.state === 'over' && item.kind !== 'gone') return;
    this.#items.push(item);
    this.#regulate();
    this.#work();
  }

  /** Stops or goes on reading the source. */
  #regulate(): void {
    const share = Math.max(this.#held / most.bytes, this.#items.length / most.chunks);
    if (this.#reading === 'on' && (this.#frozen || share >= 1)) {
      this.#reading = 'off';
      this.#source.pause();
    } else if (this.#reading === 'off' && !this.#frozen && share <= 0.5) {
      this.#reading = 'on';
      this.#source.resume();
    }
  }

  #work(): void {
    while (this.#wait === undefined && !this.#frozen) {
      const [item] = this.#items;
      if (item === undefined || (this.#machine.state === 'full' && item.kind !== 'gone')) return;
      const now = this.#world.clock.now();
      const time = Math.max(item.since + this.#world.faults.delay, item.kind === 'bytes' ? this.#free : now) - now;
      if (time > 0) this.#sleep(time);
      else if (item.kind === 'bytes') this.#pass(item.bytes, now);
      else this.#finish(item);
    }
  }

  #sleep(time: number): void {
    this.#wait = this.#world.clock.after(time, () => this.#wake());
  }

  #wake(): void {
    this.#wait = undefined;
    this.#work();
  }

  /** Passes on the oldest bytes, or a piece of them. */
  #pass(bytes: Buffer, now: number): void {
    const { rate, split } = this.#world.faults;
    const size = Math.min(bytes.length, split, Math.max(1, Math.floor((rate * paceTime) / 1000)));
    const piece = bytes.subarray(0, size);
    this.#leave(bytes, size);
    this.#free = now + (size * 1000) / rate;
    this.#world.passed(this.#direction, piece);
    if (!this.#sink.send(piece)) this.#machine.attempt('full');
    this.#regulate();
    if (split !== Number.POSITIVE_INFINITY) this.#nextRound();
  }

  #leave(bytes: Buffer, size: number): void {
    const [item] = this.#items;
    this.#held -= size;
    if (size === bytes.length || item === undefined) this.#items.shift();
    else this.#items[0] = { kind: 'bytes', since: item.since, bytes: bytes.subarray(size) };
  }

  /** A piece alone in a round of the event loop is read alone, at least by a reader that keeps up. */
  #nextRound(): void {
    const next = setImmediate(() => this.#wake());
    this.#wait = () => clearImmediate(next);
  }

  #finish(last: Item): void {
    this.#items.shift();
    this.#machine.step('over');
    if (last.kind === 'gone') return last.reason === undefined ? this.#sink.close() : this.#sink.reset();
    this.#world.happened(this.#direction === 'to server' ? 'client FIN' : 'server FIN');
    if (this.#sink.end === undefined) this.#sink.close();
    else this.#sink.end();
  }
}
