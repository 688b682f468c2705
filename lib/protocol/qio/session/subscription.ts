// One client's subscription to one topic.
//
//   none ─on▶ pending ─accept▶ active ─off, close▶ none      active ─on▶ active
//              │ ▲ └─reject, close▶ none
//              │ └─on───┐
//              └─off▶ tombstoned ─accept, reject, close▶ none      pending ─on▶ pending   tombstoned ─off▶ tombstoned
//
// While an application decides the client may change its mind, and change it again: only the last word counts.

import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Topic } from '../server/topics.ts';

export type SubscriptionState = 'none' | 'pending' | 'tombstoned' | 'active';
export type SubscriptionStep = 'on' | 'off' | 'accept' | 'reject' | 'close';

export const subscriptionTable: StateTable<SubscriptionState, SubscriptionStep> = {
  none: { on: 'pending' },
  pending: { on: 'pending', off: 'tombstoned', accept: 'active', reject: 'none', close: 'none' },
  tombstoned: { on: 'pending', off: 'tombstoned', accept: 'none', reject: 'none', close: 'none' },
  active: { on: 'active', off: 'none', close: 'none' },
};

/** All of one client. */
export type Subscriptions = Map<Topic, Subscription>;

export class Subscription {
  readonly topic: Topic;
  readonly #machine = new StateMachine(subscriptionTable, 'none');

  constructor(topic: Topic) {
    this.topic = topic;
  }

  get state(): SubscriptionState {
    return this.#machine.state;
  }

  step(step: SubscriptionStep): SubscriptionState {
    return this.#machine.step(step);
  }

  /** False where its client has gone meanwhile. */
  attempt(step: SubscriptionStep): boolean {
    return this.#machine.attempt(step);
  }
}
