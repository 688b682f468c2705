// What clients subscribe to: an event and the rest of a path. A topic is there while somebody has subscribed.
//
// Broadcasts gather until the end of the loop's turn, and go out then: each is framed once for each kind of carrier, and
// those of one topic go out in one write. Who subscribes meanwhile gets none that was said before.

import type { Routed } from '../definitions/router.ts';
import type { QioEvent } from '../definitions.ts';
import { Framed } from '../session/carrier.ts';
import type { Counters } from '../session/host.ts';
import type { Session } from '../session.ts';
import { writeEvent } from '../wire.ts';
import type { Compartment } from './apps.ts';

/** An event at its path. */
export class Place implements Routed {
  readonly path: string;
  readonly event: QioEvent;
  readonly app: Compartment;
  readonly topics = new Map<string, Topic>();

  constructor(path: string, event: QioEvent, app: Compartment) {
    this.path = path;
    this.event = event;
    this.app = app;
  }

  get handlesChildren(): boolean {
    return this.event.handlesChildren === true;
  }
}

export class Topic {
  readonly place: Place;
  readonly extra: string;
  readonly path: string;
  /** Who gets what is said here. */
  readonly members = new Set<Session>();
  /** Subscriptions, those that are not decided on included. */
  holders = 0;
  /** Said in this turn of the loop. */
  said: Framed[] = [];

  constructor(place: Place, extra: string) {
    this.place = place;
    // A piece of a text keeps the whole of it; this one lives on its own.
    this.extra = Buffer.from(extra, 'latin1').toString('latin1');
    this.path = `${place.path}${this.extra}`;
  }
}

/** Letters that wait for the end of the turn; beyond, they do not wait. */
const mostWaiting = 1024 * 1024;

export class Broadcasts {
  readonly #counters: Counters;
  #waiting: Topic[] = [];
  #length = 0;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  say(topic: Topic, json: string): void {
    if (topic.said.length === 0) this.#waiting.push(topic);
    const framed = new Framed(writeEvent(topic.path, 0, json));
    topic.said.push(framed);
    if (this.#length === 0) setImmediate(() => this.flush());
    this.#length += framed.text.length;
    if (this.#length > mostWaiting) this.flush();
  }

  /** Lets all go now. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#length = 0;
    for (const topic of waiting) this.flushTopic(topic);
  }

  /** Lets go what was said on one topic. */
  flushTopic(topic: Topic): void {
    const { said, members } = topic;
    if (said.length === 0) return;
    topic.said = [];
    this.#counters.broadcastEvents += said.length * members.size;
    const framed = new Framed(said);
    for (const session of members) session.write(framed);
  }
}
