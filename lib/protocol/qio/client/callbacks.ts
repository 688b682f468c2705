// The callbacks that one connection owes. They end with it. Pure.

import type { CallbackId } from '../wire.ts';
import type { Callback } from './types.ts';

export class Callbacks {
  readonly #owed = new Map<CallbackId, Callback>();
  #next: number;

  constructor(firstId: number) {
    this.#next = firstId;
  }

  get size(): number {
    return this.#owed.size;
  }

  add(callback: Callback): number {
    const id = this.#next;
    this.#next += 1;
    this.#owed.set(id, callback);
    return id;
  }

  /** The callback of this id, which is owed no more. */
  take(id: CallbackId): Callback | undefined {
    const callback = this.#owed.get(id);
    this.#owed.delete(id);
    return callback;
  }

  takeAll(): readonly Callback[] {
    const all = [...this.#owed.values()];
    this.#owed.clear();
    return all;
  }
}
