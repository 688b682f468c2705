// Letters that are in a mailbox for long: they get texts of their own, so that what they take is what is counted.
//
// The texts of a message are places in the chunk of up to 64 KiB that it came in. Most are gone in a moment, and copying those
// would be for nothing; 10,000 that wait, each out of another chunk, would keep 640 MiB where 2 are counted.

import { Letter } from './letter.ts';
import type { LetterRow } from './letter-row.ts';
import type { Party } from './party.ts';

export class LongHeld {
  /** Letters up to this place have texts of their own. */
  #own = 0;
  /** Letters up to this place were here at the last look. */
  #seen = 0;

  /** What was here at the last look too may stay: waiting, or in the hands of a process. */
  look(waiting: LetterRow, members: readonly Party[]): void {
    let newest = 0;
    const one = (letter: Letter): void => {
      newest = Math.max(newest, letter.place);
      if (letter.place > this.#own && letter.place <= this.#seen) letter.own();
    };
    for (const letter of waiting) one(letter);
    for (const { peer, underWay } of members) {
      if (underWay === 0 || peer.session === undefined) continue;
      const { out } = peer.session;
      for (const { teller } of out.held('under way')) if (teller instanceof Letter) one(teller);
      for (const { teller } of out.held('waiting')) if (teller instanceof Letter) one(teller);
    }
    this.#own = newest === 0 ? 0 : this.#seen;
    this.#seen = newest;
  }
}
