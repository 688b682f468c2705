// One client's subscription to one topic.
//
//   none ─on▶ pending ─accept▶ active ─off, close▶ none      active ─on▶ active
//              │ ▲ └─reject, close▶ none
//              │ └─on───┐
//              └─off▶ tombstoned ─accept, reject, close▶ none      pending ─on▶ pending   tombstoned ─off▶ tombstoned
//
// While an application decides the client may change its mind, and change it again: only the last word counts.

import type { StateTable } from '../../../base/state-table.ts';
import { stepped } from '../../../base/state-table.ts';
import type { Topic } from '../server/topics.ts';

export type SubscriptionState = 'none' | 'pending' | 'tombstoned' | 'active';
export type SubscriptionStep = 'on' | 'off' | 'accept' | 'reject' | 'close';

export const subscriptionTable: StateTable<SubscriptionState, SubscriptionStep> = {
  none: { on: 'pending' },
  pending: { on: 'pending', off: 'tombstoned', accept: 'active', reject: 'none', close: 'none' },
  tombstoned: { on: 'pending', off: 'tombstoned', accept: 'none', reject: 'none', close: 'none' },
  active: { on: 'active', off: 'none', close: 'none' },
};

export class Subscription {
  readonly topic: Topic;
  #state: SubscriptionState = 'none';

  constructor(topic: Topic) {
    this.topic = topic;
  }

  get state(): SubscriptionState {
    return this.#state;
  }

  /** @throws UsageError ILLEGAL_STEP */
  step(step: SubscriptionStep): SubscriptionState {
    this.#state = stepped(subscriptionTable, this.#state, step);
    return this.#state;
  }

  /** False where its client has gone meanwhile. */
  attempt(step: SubscriptionStep): boolean {
    const to = subscriptionTable[this.#state][step];
    this.#state = to ?? this.#state;
    return to !== undefined;
  }
}

/** All of one client. Most have one, and a map of one is larger than all else that a subscription costs. */
export class Subscriptions {
  #only: Subscription | undefined;
  /** Made with the second. */
  #all: Map<Topic, Subscription> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(topic: Topic): Subscription | undefined {
    if (this.#all !== undefined) return this.#all.get(topic);
    return this.#only?.topic === topic ? this.#only : undefined;
  }

  add(subscription: Subscription): void {
    const only = this.#only;
    if (this.#all === undefined && only === undefined) this.#only = subscription;
    else {
      this.#only = undefined;
      this.#all ??= new Map(only && [[only.topic, only]]);
      this.#all.set(subscription.topic, subscription);
    }
  }

  delete(topic: Topic): void {
    this.#all?.delete(topic);
    if (this.#only?.topic === topic) this.#only = undefined;
  }

  /** As they are now, the oldest first. */
  list(): Subscription[] {
    if (this.#all !== undefined) return [...this.#all.values()];
    return this.#only === undefined ? [] : [this.#only];
  }
}
