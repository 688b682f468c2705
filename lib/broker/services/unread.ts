// What is said to services beside their messages (broadcasts, STATUS and the like), and what of it they have not read.

import type { Message } from '../../message/index.ts';
import type { Party } from './party.ts';

/** So many bytes of one, and of all together, may be unread: then those that have not read theirs miss the next. */
const most = { one: 1024 * 1024, all: 64 * 1024 * 1024 } as const;
/** Less is not counted. */
const worthCounting = 64 * 1024;

export class Unread {
  /** Bytes that parties have not read, of those that are behind. */
  readonly #behind = new Map<Party, number>();
  #all = 0;

  /**
   * Says something; false where the party has not read what it was told before, and misses it.
   * @throws NetworkError CLOSED, LimitError OUTBOX_FULL
   */
  tell(party: Party, message: Message): boolean {
    if (this.#behind.has(party)) {
      const behind = this.look(party);
      if (behind >= most.one || (behind > 0 && this.#all >= most.all)) return false;
    }
    if (party.peer.send(message) === 'queued' || party.peer.session !== undefined) this.look(party);
    return true;
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
