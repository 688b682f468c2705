// A way to be sure: a frame that only we know goes to the server and comes back. It proves that the server runs, that it has
// our subscriptions (they go one behind the other, and the one of the frame is the last), and that it has all that was sent
// before. It is repeated until it comes back, because a server that does not know the subscription yet throws it away.
//
// Any server that copies PULL to PUB answers, ours or the Python original: none has to know about it.

import { randomBytes } from 'node:crypto';
import type { Cancel, Clock } from '../../../base/clock.ts';

export interface RoundTripHost {
  readonly clock: Clock;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** Sends it if that is possible now; says whether. */
  trySend(frame: Buffer): boolean;
}

/** Names of such frames begin so. */
const roundTripPrefix = '_ED_READY_';
/** Pauses between repetitions, in ms: doubling. */
const pause = { first: 20, most: 1_000 };

interface Trip {
  readonly back: () => void;
  readonly lost: (reason: Error) => void;
  cancel: Cancel;
}

export class RoundTrips {
  readonly #host: RoundTripHost;
  readonly #trips = new Map<string, Trip>();
  #closed: Error | undefined;

  constructor(host: RoundTripHost) {
    this.#host = host;
  }

  /** Resolves when a frame has gone round; `first` is told when it goes for the first time. */
  begin(first: () => void = () => undefined): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const topic = `${roundTripPrefix}${randomBytes(8).toString('hex')}`;
    const frame = Buffer.from(`${topic}\0(t.`, 'latin1');
    this.#host.subscribe(topic);
    return new Promise((back, lost) => {
      const trip: Trip = { back, lost, cancel: () => undefined };
      this.#trips.set(topic, trip);
      const go = (wait: number): void => {
        const sent = this.#host.trySend(frame);
        const next = sent ? Math.min(pause.most, wait * 2) : wait;
        if (sent && wait === pause.first) first();
        trip.cancel = this.#host.clock.after(wait, () => go(next));
      };
      go(pause.first);
    });
  }

  /** A frame of this name came; says whether it was one of these. */
  heard(topic: string): boolean {
    if (!topic.startsWith(roundTripPrefix)) return false;
    this.#end(topic)?.back();
    return true;
  }

  /** None comes back any more. */
  close(reason: Error): void {
    this.#closed = reason;
    for (const topic of [...this.#trips.keys()]) this.#end(topic)?.lost(reason);
  }

  #end(topic: string): Trip | undefined {
    const trip = this.#trips.get(topic);
    if (trip === undefined) return undefined;
    this.#trips.delete(topic);
    trip.cancel();
    this.#host.unsubscribe(topic);
    return trip;
  }
}
