// What is kept, and not fetched in time. JetStream would drop it without a word, so brokers look for it themselves:
//
//   noted ─overdue, and its service is nowhere▶ deleted from the stream, by whoever is first: that one reports it
//     └─fetched, and handled▶ gone
//
// One broker looks, the first by name of those that are there: it reads each message once, and remembers until when it is
// wanted. Where a service is there, its broker has what is kept in hand, and looks after it alone (kept.ts).

import type { KeptStream, KeptText } from './jetstream.ts';
import { readKept } from './wire.ts';

export interface OverdueOwner {
  /** Whether this broker looks at present. */
  isFirst(): boolean;
  /** Words of the services that are anywhere. */
  present(): ReadonlySet<string>;
  /** Tells whoever sent it. */
  late(stored: KeptText): Promise<void>;
}

interface Noted {
  readonly word: string;
  /** On the wall. */
  readonly until: number;
}

/** A service that has come in the last moment is known everywhere so many ms later. */
const grace = 5_000;
/** Of those that are noted so many may have been handled; past that it looks anew. */
const mostStale = 1_000;

export class Overdue {
  readonly #owner: OverdueOwner;
  readonly #noted = new Map<number, Noted>();
  #next = 1;

  constructor(owner: OverdueOwner) {
    this.#owner = owner;
  }

  /** @throws Error of the client */
  async look(stream: KeptStream, count: number, now: number): Promise<void> {
    if (!this.#owner.isFirst() || this.#noted.size > 2 * count + mostStale) this.#forget();
    if (!this.#owner.isFirst()) return;
    await this.#read(stream);
    const present = this.#owner.present();
    for (const [seq, { word, until }] of this.#noted) {
      if (until + grace > now || present.has(word)) continue;
      this.#noted.delete(seq);
      const stored = await stream.read(seq);
      if (stored !== undefined) await this.#owner.late(stored);
    }
  }

  async #read(stream: KeptStream): Promise<void> {
    for (;;) {
      const stored = await stream.readFrom(this.#next);
      if (stored === undefined) return;
      this.#next = stored.seq + 1;
      this.#noted.set(stored.seq, { word: stored.word, until: readKept(stored.data).until });
    }
  }

  #forget(): void {
    this.#noted.clear();
    this.#next = 1;
  }
}
