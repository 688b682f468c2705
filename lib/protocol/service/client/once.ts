// Messages that must run once: each has a name in the world, and the names of the last ones are remembered.
//
// A set, and not the highest number: a message that went to another process of the same service, which died before it
// handled it, comes here late, behind younger ones.

import { randomBytes } from 'node:crypto';
import type { Message } from '../../../message/index.ts';
import { onceParameter } from '../wire.ts';

/** As many names are remembered: 10,000, what a sender may have under way. */
const mostKnown = 10_000;

export class Once {
  readonly #life = randomBytes(9).toString('base64url');
  #number = 0;
  #young = new Set<string>();
  #old = new Set<string>();
  /** Messages that had come before. */
  repeated = 0;

  /** The message with a name of its own; one that has a name keeps it. */
  named(message: Message): Message {
    if (message.has(onceParameter)) return message;
    this.#number += 1;
    return message.with({ [onceParameter]: `${this.#life}.${this.#number}` });
  }

  /** Whether a message came before; from now on it did. */
  repeats(message: Message<unknown>): boolean {
    const name = message.get(onceParameter);
    if (name === undefined) return false;
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
