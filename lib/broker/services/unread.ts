// What is said to services beside their messages (broadcasts, STATUS and the like), and what of it they have not read.

import type { Message } from '../../message/index.ts';
import type { Party } from './party.ts';

/**
 * So many bytes of one, and of all together, may be unread: then those that have not read theirs miss the next; with so many for
 * `everybody` all do, or what is said once to ten thousand would be as much as it is, ten thousand times.
 */
const most = { one: 1024 * 1024, all: 64 * 1024 * 1024, everybody: 256 * 1024 * 1024 } as const;
/** Less is not counted. */
const worthCounting = 64 * 1024;

export class Unread {
  /** Bytes that parties have not read, of those that are behind. */
  readonly #behind = new Map<Party, number>();
  #all = 0;

  /**
   * Says something, `now` on the clock; false where the party has not read what it was told before, or too much is unread
   * altogether, and it misses this.
   * @throws NetworkError CLOSED, LimitError OUTBOX_FULL
   */
  tell(party: Party, message: Message, now?: number): boolean {
    if (this.#behind.size > 0 && !this.#mayHear(party)) return false;
    const { peer } = party;
    const { session } = peer;
    if (session === undefined) {
      if (peer.send(message) === 'queued') this.look(party);
      return true;
    }
    session.send(message, undefined, now);
    // What it has not confirmed is all that it has not read, and more.
    if (session.out.bytes * 2 >= worthCounting || this.#behind.has(party)) this.look(party);
    return true;
  }

  /** Looks at all that are behind, where it is too much for everybody: some may have read theirs. */
  lookAgain(): void {
    if (this.#all >= most.everybody) for (const party of [...this.#behind.keys()]) this.look(party);
  }

  #mayHear(party: Party): boolean {
    const behind = this.#behind.has(party) ? this.look(party) : 0;
    if (behind >= most.one || (behind > 0 && this.#all >= most.all)) return false;
    return this.#all < most.everybody;
  }

  /** It may have read something: counts, and gives, what it has not. */
  look(party: Party): number {
    const { peer } = party;
    const bytes = peer.unfinished.bytes + (peer.session?.out.bytes ?? 0);
    const behind = bytes >= worthCounting ? bytes : 0;
    this.#note(party, behind);
    return behind;
  }

  /** It has gone. */
  forget(party: Party): void {
    this.#note(party, 0);
  }

  #note(party: Party, behind: number): void {
    this.#all += behind - (this.#behind.get(party) ?? 0);
    if (behind > 0) this.#behind.set(party, behind);
    else this.#behind.delete(party);
  }
}
