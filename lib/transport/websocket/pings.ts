// The pings of one connection: the newest is answered, as RFC 6455 §5.5.3 allows, once for all that were read together.
// Who sends more than so many in a second keeps us from other work, and is closed.

/** Pings and pongs that may come within a second. The source: none; others send one in some seconds. */
export const mostPings = 1_000;
const second = 1_000;

export class Pings {
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;
  /** The newest that was not answered. */
  #newest: Buffer | undefined;

  /** Counts one; false where there are too many. */
  count(now: number): boolean {
    if (now - this.#since >= second) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= mostPings;
  }

  /** Keeps what is to be answered; true where nothing was kept before. */
  keep(bytes: Buffer): boolean {
    const wasEmpty = this.#newest === undefined;
    this.#newest = Buffer.from(bytes);
    return wasEmpty;
  }

  take(): Buffer | undefined {
    const newest = this.#newest;
    this.#newest = undefined;
    return newest;
  }
}
