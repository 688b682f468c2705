// What was emitted and is not with ZeroMQ yet: it waits here, in order, within stated limits. ZeroMQ itself would keep it in
// queues that nobody can look into.

import type { Cancel, Clock } from '../../base/clock.ts';
import { LimitError } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { Fifo } from '../../session/fifo.ts';

interface Waiting {
  readonly name: string;
  readonly frame: Buffer;
  readonly expires: number;
}

/** Told of each event that was taken and will never be sent. */
export type Lost = (name: string, reason: LimitError) => void;

export class Outbox {
  readonly #limits: QueueLimits;
  readonly #clock: Clock;
  readonly #lost: Lost;
  readonly #waiting = new Fifo<Waiting>();
  #bytes = 0;
  #expiry: Cancel | undefined;

  constructor(limits: QueueLimits, clock: Clock, lost: Lost) {
    this.#limits = limits;
    this.#clock = clock;
    this.#lost = lost;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes an event over, or does what the policy says. @throws LimitError OUTBOX_FULL where that is `reject` */
  add(name: string, frame: Buffer): void {
    const { age, whenFull } = this.#limits;
    while (!this.#fits(frame)) {
      if (whenFull === 'reject') throw new LimitError('OUTBOX_FULL', `${this.#size} wait already: ${name} is refused`);
      const oldest = whenFull === 'drop-oldest' ? this.#take() : undefined;
      this.#lost(oldest?.name ?? name, new LimitError('DROPPED', `${this.#size} wait, and the outbox is full`));
      if (oldest === undefined) return;
    }
    this.#waiting.push({ name, frame, expires: this.#clock.now() + age });
    this.#bytes += frame.length;
    this.#watch();
  }

  /** The frame that has waited longest. */
  get head(): Buffer | undefined {
    return this.#waiting.at(0)?.frame;
  }

  /** The head has been sent. */
  shift(): void {
    this.#take();
  }

  close(): void {
    this.#expiry?.();
    this.#expiry = undefined;
  }

  get #size(): string {
    return `${this.#waiting.length} events of ${this.#bytes} bytes`;
  }

  #fits(frame: Buffer): boolean {
    const { count, bytes } = this.#limits;
    return this.#waiting.length < count && this.#bytes + frame.length <= bytes;
  }

  #take(): Waiting | undefined {
    const first = this.#waiting.shift();
    this.#bytes -= first?.frame.length ?? 0;
    return first;
  }

  /** One timer at most, for whichever is the oldest. */
  #watch(): void {
    const oldest = this.#waiting.at(0);
    if (this.#expiry !== undefined || oldest === undefined) return;
    this.#expiry = this.#clock.after(oldest.expires - this.#clock.now(), () => {
      this.#expiry = undefined;
      const now = this.#clock.now();
      for (let first = this.#waiting.at(0); first !== undefined && first.expires <= now; first = this.#waiting.at(0)) {
        this.#take();
        this.#lost(first.name, new LimitError('EXPIRED', `it waited for more than ${this.#limits.age} ms`));
      }
      this.#watch();
    });
  }
}
