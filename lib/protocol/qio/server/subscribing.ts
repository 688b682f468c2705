// Subscriptions come and go: the limits, the applications that decide, and what clients are answered.
//
//   on ─▶ known? answer 200 or 202 ─▶ room? or 420 ─▶ the application ─▶ 200, or 401 (404 where children are handled)
//
// The state of each is in its table (session/subscription.ts). An application is told `off` exactly once for each
// subscription that it was asked about, whatever ended it.

import { guarded, isPromise } from '../../../base/guard.ts';
import type { Found } from '../definitions/router.ts';
import type { Subscribing } from '../definitions.ts';
import { QioRefusal } from '../definitions.ts';
import type { Counters, QioLimits } from '../session/host.ts';
import { Subscription, Subscriptions } from '../session/subscription.ts';
import type { Session } from '../session.ts';
import { codes } from '../wire.ts';
import type { EventCall } from './calls.ts';
import { FairPool } from './pool.ts';
import type { Broadcasts, Place } from './topics.ts';
import { Topic } from './topics.ts';

/** Longest path that can be subscribed to, in letters: it is kept. */
const longestPath = 1_024;

/** A client's wish, until it is decided on. */
interface Wish {
  readonly session: Session;
  readonly subscription: Subscription;
  /** Where the answer goes. */
  readonly call: EventCall;
  readonly welcomes: (() => void)[];
}

export class SubscriptionDesk {
  readonly pool: FairPool;
  readonly #limits: QioLimits;
  readonly #counters: Counters;
  readonly #broadcasts: Broadcasts;

  constructor(limits: QioLimits, counters: Counters, broadcasts: Broadcasts) {
    this.#limits = limits;
    this.#counters = counters;
    this.#broadcasts = broadcasts;
    this.pool = new FairPool(limits.subscriptions, limits.pressure, limits.share);
  }

  /** Answers by `call`, now or when the application has decided. */
  on({ event: place, extra }: Found<Place>, data: unknown, call: EventCall): void {
    const session = call.client;
    const topic = place.topics.get(extra);
    const known = topic && session.topics?.get(topic);
    if (known !== undefined) {
      if (known.step('on') === 'active') return call.reply();
      return call.refuse(codes.pending, 'subscription pending');
    }
    if (!this.#hasRoom(session, place, extra)) return call.refuse(codes.calmDown);
    this.#ask({ session, subscription: this.#create(session, place, extra), call, welcomes: [] }, data);
  }

  /** Whether there was a subscription makes no difference. */
  off(session: Session, { event: place, extra }: Found<Place>): void {
    const topic = place.topics.get(extra);
    const subscription = topic && session.topics?.get(topic);
    if (subscription?.step('off') === 'none') this.#remove(session, subscription);
  }

  /** The client goes: all of its subscriptions are over. */
  retire(session: Session): void {
    const { topics } = session;
    if (topics === undefined) return;
    for (const subscription of topics.list()) {
      subscription.step('close');
      this.#remove(session, subscription);
    }
    session.topics = undefined;
  }

  #hasRoom(session: Session, { path }: Place, extra: string): boolean {
    const has = session.subscriptions;
    if (session.state !== 'open' || has >= this.#limits.perClient) return false;
    return path.length + extra.length <= longestPath && this.pool.take(has);
  }

  #create(session: Session, place: Place, extra: string): Subscription {
    const topic = place.topics.get(extra) ?? new Topic(place, extra);
    place.topics.set(topic.extra, topic);
    topic.holders += 1;
    const subscription = new Subscription(topic);
    subscription.step('on');
    session.topics ??= new Subscriptions();
    session.topics.add(subscription);
    this.#counters.subscribed += 1;
    return subscription;
  }

  #ask(wish: Wish, data: unknown): void {
    const { place, extra } = wish.subscription.topic;
    if (place.event.on === undefined) return this.#accept(wish);
    const subscribed = (run: () => void): void => void wish.welcomes.push(run);
    const who: Subscribing = { client: wish.session, app: place.app, extra, data, subscribed };
    try {
      const result = place.event.on(who);
      if (isPromise(result)) {
        result.then(
          verdict => this.#decide(wish, verdict),
          (error: unknown) => this.#reject(wish, error),
        );
      } else this.#decide(wish, result);
    } catch (error) {
      this.#reject(wish, error);
    }
  }

  #decide(wish: Wish, verdict: unknown): void {
    if (verdict !== false) return this.#accept(wish);
    const { handlesChildren } = wish.subscription.topic.place;
    this.#reject(wish, new QioRefusal(handlesChildren ? codes.unknown : codes.refused));
  }

  #accept({ session, subscription, call, welcomes }: Wish): void {
    const { topic } = subscription;
    if (!subscription.attempt('accept')) return;
    if (subscription.state === 'none') this.#remove(session, subscription);
    else {
      this.#broadcasts.flushTopic(topic);
      topic.members.add(session);
    }
    call.reply();
    if (subscription.state === 'none') return;
    for (const welcome of welcomes) guarded(welcome, error => topic.place.app.failed('subscribed', error));
  }

  #reject({ session, subscription, call }: Wish, error: unknown): void {
    if (!subscription.attempt('reject')) return;
    this.#remove(session, subscription);
    call.failed(error);
  }

  #remove(session: Session, subscription: Subscription): void {
    const { topic } = subscription;
    const { place, extra } = topic;
    session.topics?.delete(topic);
    topic.members.delete(session);
    topic.holders -= 1;
    if (topic.holders === 0) place.topics.delete(extra);
    this.pool.give();
    this.#counters.unsubscribed += 1;
    if (place.event.off === undefined) return;
    guarded(
      () => place.event.off?.(session, extra),
      error => place.app.failed('off', error),
    );
  }
}
