// Publishes, and waits a little for subscribers that have no room: a burst is longer than what ZeroMQ keeps for one of them,
// and who reads gets it whole. Meanwhile nothing is taken, so emitters wait, and their outboxes keep what they emit.
//
// Who does not read must not hold up the others: the time for waiting is limited. When it is used up, those without room
// miss events until they have read half of what was kept for them, and that is counted.

import type { Publisher } from 'zeromq';
import type { Clock } from '../../../base/clock.ts';
import type { Outlet } from '../../../transport/zeromq/index.ts';
import { isFull, publishPast } from '../../../transport/zeromq/index.ts';

/** Longest wait in ms, and which share of the time that passes is given back for the next one. */
const patience = { most: 200, share: 0.2 };
/** From one look whether there is room to the next, in ms. */
const look = 1;

export class Publishing {
  /** How often subscribers without room were passed over. */
  passedOver = 0;
  readonly #outlet: Outlet<Publisher>;
  readonly #clock: Clock;
  #left: number = patience.most;
  #since: number;

  constructor(outlet: Outlet<Publisher>, clock: Clock) {
    this.#outlet = outlet;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Publishes it. Rejects where a subscriber has no room: `insist` then. */
  send(frame: Buffer): Promise<void> {
    return this.#outlet.socket.send(frame);
  }

  /** Waits for room for this frame, for a while; resolves when the next one may follow. */
  async insist(frame: Buffer): Promise<void> {
    const { socket } = this.#outlet;
    const start = this.#clock.now();
    this.#left = Math.min(patience.most, this.#left + (start - this.#since) * patience.share);
    for (let done = false; !done && !socket.closed; ) {
      if (this.#clock.now() - start >= this.#left) {
        this.passedOver += 1;
        await publishPast(socket, frame);
        break;
      }
      await new Promise<void>(resolve => this.#clock.after(look, resolve));
      done = socket.closed || (await this.#fits(frame));
    }
    this.#since = this.#clock.now();
    this.#left = Math.max(0, this.#left - (this.#since - start));
  }

  async #fits(frame: Buffer): Promise<boolean> {
    try {
      await this.send(frame);
      return true;
    } catch (error) {
      if (isFull(error)) return false;
      throw error;
    }
  }
}
