// What the broker can say about itself, its services and its cluster.

import type { Clock } from '../base/clock.ts';
import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../logging/index.ts';
import { often } from '../logging/index.ts';
import type { Place } from '../message/index.ts';
import { Message } from '../message/index.ts';
import { brokerName } from '../protocol/service/index.ts';
import type { BroadcastCounts } from './broadcast.ts';
import type { Cluster, Presence } from './cluster.ts';
import type { Load } from './load.ts';
import type { RouteCounts } from './router.ts';
import type { Mailbox } from './services/mailbox.ts';
import type { Page } from './services/pages.ts';
import { pageOf } from './services/pages.ts';
import type { Registry } from './services/registry.ts';
import type { Store } from './services/store.ts';

/** One process of a service. */
export interface MemberRow {
  readonly remote: string;
  readonly state: string;
  readonly guarantee: string;
  readonly since: number;
  readonly underWay: number;
  readonly handed: number;
  readonly user: string | undefined;
}

export interface ServiceRow {
  readonly name: string;
  readonly status: 'up' | 'down';
  readonly waiting: number;
  readonly underWay: number;
  readonly bytes: number;
  readonly counts: Mailbox['counts'];
  /** How many processes it has. */
  readonly processes: number;
  /** The first of them. */
  readonly members: readonly MemberRow[];
}

/** The whole, as plain data: what `ed-top` shows. */
export interface BrokerStatus {
  readonly server: string;
  readonly life: string;
  /** Seconds that it runs. */
  readonly uptime: number;
  /** Load of this machine by processor, in the last minute. */
  readonly load: number;
  readonly memory: number;
  readonly connections: number;
  /** Who is told the load of this machine. */
  readonly listeners: number;
  readonly routes: RouteCounts;
  readonly broadcasts: BroadcastCounts;
  readonly services: readonly ServiceRow[];
  readonly store: { readonly bytes: number; readonly trouble: string | undefined };
  readonly cluster: ClusterRow;
}

export interface ClusterRow {
  readonly state: string;
  readonly computers: number;
  readonly live: number;
  readonly quorum: number;
  /** `up`: more than half of the computers are there. */
  readonly status: 'up' | 'down';
  /** `complete`: all are. */
  readonly complete: boolean;
  readonly waiting: number;
  readonly trouble: string | undefined;
  readonly others: readonly { readonly server: string; readonly services: readonly string[] }[];
}

export interface StatusParts {
  readonly server: string;
  readonly life: string;
  readonly registry: Registry;
  readonly store: Store;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Status {
  readonly #parts: StatusParts;
  readonly #from: Place;
  readonly #start: number;
  #serial = 0;
  #lastCluster = '';
  readonly #lastStatus = new Map<string, string>();

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#from = { server: parts.server, service: brokerName };
    this.#start = parts.clock.now();
  }

  /** Of one service, as STATUS says it. */
  message(name: string): Message {
    const { server, registry } = this.#parts;
    const mailbox = registry.mailboxes.get(name);
    const up = mailbox?.isUp === true;
    const gone = !up && mailbox !== undefined && mailbox.downSince > 0;
    const parameters = {
      cache: 'no',
      server_name: up || gone ? server : undefined,
      service: name,
      status: up ? 'up' : gone ? 'down' : 'unknown',
      up_since: up ? mailbox.members.find(({ state }) => state === 'member')?.since : undefined,
      down_since: gone ? mailbox.downSince : undefined,
    };
    return Message.of('STATUS', parameters, { from: this.#from });
  }

  /** Tells all who know STATUS where it has changed. */
  tell(mailbox: Mailbox): void {
    const message = this.message(mailbox.name);
    const text = `${message.get('status')} ${message.get('up_since')}`;
    if (this.#lastStatus.get(mailbox.name) === text) return;
    this.#lastStatus.set(mailbox.name, text);
    if (this.#lastStatus.size > this.#parts.registry.mailboxes.size + 1_000) this.#lastStatus.clear();
    this.toAll(message);
  }

  /** Says something of the broker's own to all services here who know it. */
  toAll(message: Message): void {
    const { registry } = this.#parts;
    for (const party of registry.parties) {
      if (party.state !== 'member' || !party.commands.has(message.command)) continue;
      try {
        registry.unread.tell(party, message);
      } catch (error) {
        const text = `${message.command} was missed by ${party.name}: ${reasonOf(error)}`;
        this.#parts.logger.log('warn', text, { [often]: 'missed' });
      }
    }
  }

  /** For the others. */
  presence(): Presence {
    const { server, life, registry } = this.#parts;
    this.#serial += 1;
    const services = [...registry.mailboxes.values()].flatMap(({ name, members }) => {
      if (members.length === 0) return [];
      const commands = new Set(members.flatMap(one => [...one.commands]));
      return [{ name, commands: [...commands].sort(), instances: members.length }];
    });
    return { server, life, serial: this.#serial, services };
  }

  get cluster(): ClusterRow {
    const others = this.#parts.cluster.others.map(({ server, services }) => ({
      server,
      services: services.map(({ name }) => name),
    }));
    return { ...this.#clusterHead, others };
  }

  /** All but the services of the others, which may be many. */
  get #clusterHead(): ClusterRow {
    const { cluster } = this.#parts;
    const { state, computers, live, waiting, trouble } = cluster.status;
    const quorum = Math.floor(computers / 2) + 1;
    // Who has never met the others does not know how many there are.
    const cut = state === 'joining' || state === 'down';
    const status = live >= quorum && !cut ? 'up' : 'down';
    return { state, computers, live, quorum, status, complete: live === computers, waiting, trouble, others: [] };
  }

  /** CLUSTER_UP or DOWN, CLUSTER_COMPLETE or INCOMPLETE. */
  clusterMessages(): [Message, Message] {
    const { computers, live, quorum, status, complete } = this.#clusterHead;
    const parameters = { neighbors_count: computers, _live: live, _quorum: quorum };
    const words = [
      `CLUSTER_${status === 'up' ? 'UP' : 'DOWN'}`,
      `CLUSTER_${complete ? 'COMPLETE' : 'INCOMPLETE'}`,
    ] as const;
    const made = (word: string): Message => Message.of(word, parameters, { from: this.#from });
    return [made(words[0]), made(words[1])];
  }

  /** Tells all who know them where they have changed. */
  tellCluster(): void {
    const messages = this.clusterMessages();
    const text = messages.map(({ command, list }) => `${command} ${list.join()}`).join();
    if (text === this.#lastCluster) return;
    this.#lastCluster = text;
    for (const message of messages) this.toAll(message);
  }

  whole(load: Load, routes: RouteCounts, broadcasts: BroadcastCounts): BrokerStatus {
    const services = [...this.#parts.registry.mailboxes.values()].map(mailbox => serviceRow(mailbox));
    return { ...this.#head(load, routes, broadcasts), services, cluster: this.cluster };
  }

  /** A part of the whole that fits into a line. */
  page(load: Load, routes: RouteCounts, broadcasts: BroadcastCounts, after: string): Page {
    const { mailboxes } = this.#parts.registry;
    const { others } = this.cluster;
    return pageOf({ head: this.#head(load, routes, broadcasts), mailboxes, others }, after);
  }

  #head(load: Load, routes: RouteCounts, broadcasts: BroadcastCounts): BrokerStatus {
    const { server, life, registry, store, clock } = this.#parts;
    return {
      server,
      life,
      uptime: Math.round((clock.now() - this.#start) / 1000),
      load: load.now,
      memory: process.memoryUsage.rss(),
      connections: registry.parties.size,
      listeners: load.listening,
      routes: { ...routes },
      broadcasts: { ...broadcasts },
      services: [],
      store: { bytes: store.bytes, trouble: store.trouble },
      cluster: this.#clusterHead,
    };
  }
}

/** @param most processes that are described */
export function serviceRow(mailbox: Mailbox, most: number = Number.POSITIVE_INFINITY): ServiceRow {
  const { name, waiting, underWay, bytes, counts, isUp } = mailbox;
  const members = mailbox.members.slice(0, most).map(({ peer, state, since, underWay, handed, user }) => {
    return { remote: peer.remote, state, guarantee: peer.guarantee, since, underWay, handed, user };
  });
  const processes = mailbox.members.length;
  return { name, status: isUp ? 'up' : 'down', waiting, underWay, bytes, counts: { ...counts }, processes, members };
}
