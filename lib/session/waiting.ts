// Messages that wait for their number, and when the first of them expires.

import { Fifo } from './fifo.ts';
import type { Outgoing } from './outgoing.ts';

export class Waiting<M> extends Fifo<Outgoing<M>> {
  #earliest = Number.POSITIVE_INFINITY;

  override push(outgoing: Outgoing<M>): void {
    super.push(outgoing);
    if (outgoing.expires < this.#earliest) this.#earliest = outgoing.expires;
  }

  override putBefore(other: Fifo<Outgoing<M>>): void {
    super.putBefore(other);
    this.#findEarliest();
  }

  /** Milliseconds until something may expire; undefined where nothing can. */
  nextExpiry(now: number): number | undefined {
    if (this.length === 0 || this.#earliest === Number.POSITIVE_INFINITY) return undefined;
    return Math.max(0, this.#earliest - now);
  }

  /** Takes out what has waited for too long. */
  takeExpired(now: number): Outgoing<M>[] {
    if (this.#earliest > now) return [];
    const late = this.remove(({ expires }) => expires <= now);
    this.#findEarliest();
    return late;
  }

  #findEarliest(): void {
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { expires } of this) this.#earliest = Math.min(this.#earliest, expires);
  }
}
