// Messages to all who know their command: `.` on this machine, `?` on the machines of our network, `*` on all.
//
// A broadcast is sent once, by the broker that it came to first; the others hear it from the cluster, and pass it on to their
// services alone. Its name in the world (`broadcast_msgid`) is remembered for as long as it counts: one that comes back, over
// whatever way, is dropped. A name that a service has given itself counts among its own broadcasts alone, or it could give
// those of others, which would be dropped then. Whoever sends one hears it too, if it knows the command, as with the C++ broker.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { reasonOf } from '../base/errors.ts';
import { ownText } from '../base/own-text.ts';
import type { Logger } from '../logging/index.ts';
import { often } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import { written } from '../message/index.ts';
import type { Cluster } from './cluster.ts';
import type { Registry } from './services/registry.ts';
import { longestName } from './services/registry.ts';

export interface BroadcastCounts {
  /** Broadcasts that came. */
  received: number;
  /** What went out to services here. */
  copies: number;
  /** Came a second time, or too late. */
  dropped: number;
  /** Services that had no room for one. */
  missed: number;
}

/** Seconds that a broadcast counts (reference eventdispatcher §10.5). */
const lifetime = 10;
/** So many are remembered at most. */
const mostKnown = 10_000;

export class Broadcaster {
  readonly counts: BroadcastCounts = { received: 0, copies: 0, dropped: 0, missed: 0 };
  readonly #life = randomBytes(4).toString('hex');
  /** Names of broadcasts, with the second in which each is forgotten. */
  readonly #known = new Map<string, number>();
  readonly #registry: Registry;
  readonly #cluster: Cluster;
  readonly #server: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #number = 0;

  constructor(
    { registry, cluster, server }: { registry: Registry; cluster: Cluster; server: string },
    clock: Clock,
    logger: Logger,
  ) {
    this.#registry = registry;
    this.#cluster = cluster;
    this.#server = server;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** From a service here, with its sender made sure of. */
  send(message: Message): void {
    if (!this.#isNew(message, `${message.from.service} `)) return;
    this.#deliver(message);
    const { server, service } = message.to;
    if (service === '.' || server === '.' || server === this.#server || this.#cluster.status.state === 'alone') return;
    this.#number += 1;
    const broadcast_msgid = `${this.#server}-${this.#life}-${this.#number}`;
    const broadcast_timeout = this.#seconds() + lifetime;
    this.#remember(broadcast_msgid, broadcast_timeout);
    this.#cluster.broadcast(
      message.with({ broadcast_msgid, broadcast_timeout }),
      service === '?' || server === '?' ? 'private' : 'public',
    );
  }

  /** From another broker. */
  hear(message: Message): void {
    if (this.#isNew(message, '')) this.#deliver(message);
  }

  #deliver(given: Message): void {
    const message = written(given);
    const { command } = message;
    const { parties, unread } = this.#registry;
    const now = this.#clock.now();
    unread.lookAgain();
    for (const party of parties) {
      if (party.state !== 'member' || !party.commands.has(command)) continue;
      try {
        if (unread.tell(party, message, now)) this.counts.copies += 1;
        else this.#missed(message, party.name, 'too much is not read yet');
      } catch (error) {
        this.#missed(message, party.name, reasonOf(error));
      }
    }
  }

  #missed({ command }: Message, who: string, why: string): void {
    this.counts.missed += 1;
    const fields = { missed: this.counts.missed, [often]: 'missed' };
    this.#logger.log('warn', `${command} to all was missed by ${who}: ${why}`, fields);
  }

  /** @param scope whose name it is: those of services begin with theirs */
  #isNew(message: Message, scope: string): boolean {
    const given = message.get('broadcast_msgid')?.slice(0, longestName);
    const name = given === undefined ? undefined : ownText(scope + given);
    const limit = Number(message.get('broadcast_timeout') ?? Number.NaN);
    const known = name !== undefined && this.#known.has(name);
    if (known || limit < this.#seconds()) {
      this.counts.dropped += 1;
      return false;
    }
    this.counts.received += 1;
    if (name !== undefined) this.#remember(name, Number.isNaN(limit) ? this.#seconds() + lifetime : limit);
    return true;
  }

  #remember(name: string, until: number): void {
    const now = this.#seconds();
    for (const [old, end] of this.#known) {
      if (end >= now && this.#known.size < mostKnown) break;
      this.#known.delete(old);
    }
    this.#known.set(name, Math.min(until, now + lifetime));
  }

  #seconds(): number {
    return Math.floor(this.#clock.wall() / 1000);
  }
}
