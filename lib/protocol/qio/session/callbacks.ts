// The callbacks that a server asked one client for: four slots, each with ids of its own; the id on the wire is
// slot << 16 | id. An answer frees its slot. Where all are taken a random one is given up, and age gives them up too.

import { LimitError, TimeoutError } from '../../../base/errors.ts';
import type { Lost } from '../definitions.ts';
import type { CallbackId } from '../wire.ts';

/** What an answer sets off: `id` is what the client asks for in its turn. */
export type Fire = (id: CallbackId, json: string) => void;

const slotCount = 4;
const idBits = 16;
const idMask = 2 ** idBits - 1;

interface Slot {
  /** The last id that was given. */
  id: number;
  asked: Asked | undefined;
}

interface Asked {
  readonly since: number;
  readonly fire: Fire;
  readonly lost: Lost | undefined;
}

export class Callbacks {
  readonly #slots: Slot[] = [];
  readonly #random: () => number;

  /** `random` gives 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#slots.filter(({ asked }) => asked !== undefined).length;
  }

  /** The id to ask for. `evicted` is told where another had to go. */
  add(now: number, fire: Fire, lost: Lost | undefined, evicted: () => void): number {
    const at = this.#free() ?? this.#evict(evicted);
    const slot = this.#slots[at] as Slot;
    slot.id = (slot.id % idMask) + 1;
    slot.asked = { since: now, fire, lost };
    return (at << idBits) | slot.id;
  }

  /** What is to be called for an answer with this id, once; undefined where nothing is. */
  take(id: CallbackId): Fire | undefined {
    if (typeof id === 'bigint' || id > slotCount << idBits) return undefined;
    const slot = this.#slots[id >>> idBits];
    if (slot === undefined || slot.id !== (id & idMask)) return undefined;
    const { asked } = slot;
    slot.asked = undefined;
    return asked?.fire;
  }

  /** Gives up those that have waited for more than `age` ms; says how many. */
  prune(now: number, age: number): number {
    return this.#giveUp(
      ({ since }) => now - since > age,
      () => new TimeoutError('REQUEST_TIMEOUT', `no callback within ${age} ms`),
    );
  }

  clear(reason: Error): void {
    this.#giveUp(
      () => true,
      () => reason,
    );
  }

  #free(): number | undefined {
    const at = this.#slots.findIndex(({ asked }) => asked === undefined);
    if (at >= 0) return at;
    if (this.#slots.length === slotCount) return undefined;
    return this.#slots.push({ id: 0, asked: undefined }) - 1;
  }

  #evict(evicted: () => void): number {
    const at = Math.floor(this.#random() * slotCount);
    const slot = this.#slots[at] as Slot;
    const { asked } = slot;
    slot.asked = undefined;
    evicted();
    asked?.lost?.(new LimitError('DROPPED', `more than ${slotCount} callbacks were asked for at the same time`));
    return at;
  }

  #giveUp(which: (asked: Asked) => boolean, why: () => Error): number {
    let count = 0;
    for (const slot of this.#slots) {
      const { asked } = slot;
      if (asked === undefined || !which(asked)) continue;
      slot.asked = undefined;
      count += 1;
      asked.lost?.(why());
    }
    return count;
  }
}
