// Who listens to what. The table outlives connections: what is in it is asked for on each of them. A path is a key of a
// Map, so it may have any name.

import { codes } from '../wire.ts';
import type { Teller } from './teller.ts';
import type { Listener, Reply, Subscribing } from './types.ts';

interface Listening extends Subscribing {
  readonly listener: Listener<never>;
  /** Gone after its first event. */
  readonly once: boolean;
}

/** One path. Another `on` after the last `off` makes another one. */
export interface Subscription {
  readonly path: string;
  /** JSON that goes with the subscription, empty where there is none. */
  readonly data: string;
  readonly listeners: Listening[];
}

export class Subscriptions {
  readonly #teller: Teller;
  readonly #known = new Map<string, Subscription>();
  /** An earlier subscription of the same path is being decided on: what becomes of that is for these. */
  readonly #heirs = new WeakSet<Subscription>();

  constructor(teller: Teller) {
    this.#teller = teller;
  }

  get all(): readonly Subscription[] {
    return [...this.#known.values()];
  }

  has(path: string): boolean {
    return this.#known.has(path);
  }

  /** The subscription, where it is a new one. */
  add(path: string, data: string, listening: Listening): Subscription | undefined {
    const known = this.#known.get(path);
    if (known !== undefined) {
      known.listeners.push(listening);
      return undefined;
    }
    const made = { path, data, listeners: [listening] };
    this.#known.set(path, made);
    return made;
  }

  /** One listener, or all of them; says whether that ended the subscription. */
  remove(path: string, listener?: Listener<never>): boolean {
    const known = this.#known.get(path);
    if (known === undefined) return false;
    const at = known.listeners.findIndex(one => one.listener === listener);
    if (listener === undefined) known.listeners.length = 0;
    else if (at >= 0) known.listeners.splice(at, 1);
    return known.listeners.length === 0 && this.#known.delete(path);
  }

  /** Tells an event to all who listen; says whether that ended the subscription. */
  tell(path: string, data: unknown, reply?: Reply): boolean {
    const known = this.#known.get(path);
    if (known === undefined) return false;
    const told = [...known.listeners];
    const staying = told.filter(one => !one.once);
    known.listeners.splice(0, told.length, ...staying);
    const ended = known.listeners.length === 0 && this.#known.delete(path);
    for (const { listener } of told) this.#teller.run(path, () => (listener as Listener)(data, reply));
    return ended;
  }

  /** What the server says to a subscription. */
  answered(asked: Subscription, code: number, errMsg: string | null): void {
    const known = this.#known.get(asked.path);
    if (known === undefined) return;
    if (code === codes.pending) this.#heirs.add(asked);
    if (known !== asked && !this.#heirs.has(known)) return;
    if (code === codes.ok) {
      for (const { accepted } of [...known.listeners]) this.#teller.run(known.path, () => accepted?.());
    } else if (code !== codes.pending && code !== codes.disconnected) {
      this.#purge(known, code, errMsg);
    }
  }

  #purge({ path, listeners }: Subscription, code: number, errMsg: string | null): void {
    this.#known.delete(path);
    for (const { error } of listeners.splice(0)) {
      if (error === undefined) this.#teller.report(code, errMsg, path);
      else this.#teller.run(path, () => error(code, errMsg));
    }
  }
}
