// Who is called for which event. A list of callbacks is never changed, only replaced, so whoever registers within a callback
// disturbs no round that is under way.

import { randomUUID } from 'node:crypto';
import { UsageError } from '../../../base/errors.ts';
import type { Event } from '../definitions.ts';

/** What a callback is known by, to take it back or to replace it. */
export type Uid = string | number | symbol | object;

export interface RegisterOptions {
  /** What the callback is known by. @default a new UUID */
  readonly uid?: Uid | undefined;
  /** Takes the place of the callback with the same uid. @default false: ALREADY_REGISTERED */
  readonly replace?: boolean | undefined;
}

export type Callback = (event: Event<never>, ...content: never) => unknown;

export interface Registered {
  readonly event: Event;
  readonly uid: Uid;
  readonly callback: Callback;
}

export class Callbacks {
  readonly #lists = new Map<string, readonly Registered[]>();

  /** Names with at least one callback. */
  get names(): string[] {
    return [...this.#lists.keys()];
  }

  get count(): number {
    let count = 0;
    for (const list of this.#lists.values()) count += list.length;
    return count;
  }

  of(name: string): readonly Registered[] | undefined {
    return this.#lists.get(name);
  }

  clear(): void {
    this.#lists.clear();
  }

  /** @throws UsageError ALREADY_REGISTERED */
  add(event: Event, callback: Callback, given: Uid | undefined | null, replace: boolean): Uid {
    if (typeof callback !== 'function')
      throw new UsageError('INVALID_VALUE', `the callback of ${event} is no function`);
    const uid = given || randomUUID();
    const list = this.#lists.get(event.name) ?? [];
    const others = list.filter(one => one.uid !== uid);
    if (others.length < list.length && !replace) {
      throw new UsageError('ALREADY_REGISTERED', `${event} has a callback with uid ${String(uid)} already`);
    }
    this.#lists.set(event.name, [...others, { event, uid, callback }]);
    return uid;
  }

  /** Of this event the one with that uid, or all; those unknown are none. Says whether the last has gone. */
  remove(name: string, uid: Uid | undefined): boolean {
    const list = this.#lists.get(name);
    if (list === undefined) return false;
    const left = uid === undefined ? [] : list.filter(one => one.uid !== uid);
    if (left.length > 0) this.#lists.set(name, left);
    else this.#lists.delete(name);
    return left.length === 0;
  }
}
