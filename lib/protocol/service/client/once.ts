// Messages that must run once: each has a name in the world, and the names of the last ones are remembered.
//
// A set, and not the highest number: a message that went to another process of the same service, which died before it
// handled it, comes here late, behind younger ones. Names cannot be guessed: whoever sends a message under the name of another
// that is yet to come would have that one left aside.

import { chanceName } from '../../../base/chance-name.ts';
import type { Message } from '../../../message/index.ts';
import { onceParameter } from '../wire.ts';

/** As many names are remembered: 10,000, what a sender may have under way. */
const mostKnown = 10_000;
/** Longer names are not ours, and are not remembered. */
const longestName = 64;

export class Once {
  #young = new Set<string>();
  #old = new Set<string>();
  /** Messages that had come before. */
  repeated = 0;

  /** The message with a name of its own; one that has a name keeps it. */
  named(message: Message): Message {
    if (message.has(onceParameter)) return message;
    return message.with({ [onceParameter]: chanceName() });
  }

  /** Whether a message came before; from now on it did. */
  repeats(message: Message<unknown>): boolean {
    const given = message.get(onceParameter);
    if (given === undefined || given.length > longestName) return false;
    // A text of its own: the one in the message keeps the chunk that it came in.
    const name = Buffer.from(given).toString();
    if (this.#young.has(name) || this.#old.has(name)) {
      this.repeated += 1;
      return true;
    }
    if (this.#young.size >= mostKnown) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(name);
    return false;
  }
}
