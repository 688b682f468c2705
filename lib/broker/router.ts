// Where a message goes (reference eventdispatcher §10.5): to the broker itself, to all, to a service here, to one at another
// broker, or into the cache for a service that is nowhere. Each ends as one of `RouteCounts`.
//
// A message that came over a session is answered for: what `arrive` gives is a promise that settles when the service has
// handled the message, or rejects with a Refusal where it never will; then the sender's own `deliver` does the same. Handlers
// of one link run side by side, so a slow service holds nobody else up. What came without a session holds nothing: nobody waits.

import type { Clock } from '../base/clock.ts';
import { asError, PeerError, Refusal, reasonOf } from '../base/errors.ts';
import type { Correspondent, Dispatcher } from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { Message } from '../message/index.ts';
import { brokerName, cacheParameter, readCache } from '../protocol/service/index.ts';
import type { Broadcaster } from './broadcast.ts';
import type { Cluster, Presence } from './cluster.ts';
import type { Reports } from './reports.ts';
import { forGuest } from './reports.ts';
import type { Rights } from './rights.ts';
import type { Mailbox } from './services/mailbox.ts';
import { sizeOf } from './services/mailbox.ts';
import type { Party } from './services/party.ts';
import { partyOf } from './services/party.ts';
import type { Registry } from './services/registry.ts';
import type { Store } from './services/store.ts';

/** Messages by what was done with them. */
export interface RouteCounts {
  /** For the broker itself. */
  own: number;
  /** To a service here. */
  forwarded: number;
  /** To a service at another broker. */
  remote: number;
  /** From another broker to a service here. */
  fromCluster: number;
  /** Kept for a service that was not there. */
  cached: number;
  /** To a service that nobody knows, or that did not want to be waited for. */
  unknown: number;
  /** Not delivered in time, or refused by a service, or by a limit. */
  failed: number;
  /** Came while the broker was stopping. */
  late: number;
}

export interface RouterParts {
  readonly server: string;
  readonly registry: Registry;
  readonly store: Store;
  readonly cluster: Cluster;
  readonly broadcaster: Broadcaster;
  readonly rights: Rights;
  readonly reports: Reports;
  /** For what is for the broker itself. */
  readonly own: Dispatcher;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A message for a service that is there is given up after so many ms, as in any outbox. */
const patience = 300_000;
const nobody = { server: '', service: '' };

export class Router {
  readonly counts: RouteCounts = {
    own: 0,
    forwarded: 0,
    remote: 0,
    fromCluster: 0,
    cached: 0,
    unknown: 0,
    failed: 0,
    late: 0,
  };
  #stopping: 'no' | 'yes' = 'no';
  readonly #parts: RouterParts;

  constructor(parts: RouterParts) {
    this.#parts = parts;
  }

  /** From now on nothing is taken: sessions keep what they send, others hear QUITTING. */
  stop(): void {
    this.#stopping = 'yes';
  }

  /** A message of a link, or of a datagram. @throws PeerError */
  arrive(message: Message, from: Correspondent): unknown {
    const party = partyOf(from);
    if (party !== undefined) this.#parts.registry.heard(party);
    if (this.#stopping === 'yes') return this.#late(message, from, party);
    const { server, service } = message.to;
    const { own } = this.#parts;
    if (this.#isForUs(server, service)) {
      this.counts.own += 1;
      const known = party === undefined || party.name === '' ? message : rewritten(message, party.from);
      return own.dispatch(known, from);
    }
    const sent = rewritten(this.#parts.rights.withoutSecret(message), this.#sender(message, party));
    if (service === '*' || service === '?' || service === '.') return this.#broadcast(sent);
    const result = this.#forward(sent, party);
    return party?.peer.session === undefined ? void result?.catch(() => undefined) : result;
  }

  /** A message of another broker, for a service here. */
  async take(message: Message): Promise<void> {
    const { registry } = this.#parts;
    const { service } = message.to;
    this.counts.fromCluster += 1;
    const guest = registry.guest(service);
    if (guest !== undefined) return void guest.peer.send(forGuest(message, guest));
    if (!registry.has(service)) throw new Refusal(`service ${service} is not here`, message.command);
    await this.#post(message, registry.mailbox(service), patience);
  }

  /** What an earlier life of the broker has kept. */
  recover(): void {
    const { registry, logger } = this.#parts;
    const kept = this.#parts.store.recovered();
    for (const { message, stored, left } of kept) {
      if (left <= 0) this.#fate(message, stored)(new Refusal('it waited for too long', message.command));
      else this.#tryPut(registry.mailbox(message.to.service), message, left, stored);
    }
    if (kept.length > 0) logger.log('info', `messages kept from before: ${kept.length}`);
  }

  #isForUs(server: string, service: string): boolean {
    if (service !== '' && service !== brokerName) return false;
    return server === '' || server === '.' || server === '*' || server === this.#parts.server;
  }

  /** Nobody says that it is somebody else: what a link claims to be counts for nothing. */
  #sender(message: Message, party: Party | undefined): Message['from'] {
    if (party === undefined) return nobody;
    return party.name === '' ? this.#parts.registry.nameGuest(party, message.from) : party.from;
  }

  #late(message: Message, from: Correspondent, party: Party | undefined): unknown {
    this.counts.late += 1;
    // It is not confirmed, so the session sends it again, to the next life of this broker.
    if (party?.peer.session !== undefined) return new Promise(() => undefined);
    if (party === undefined || message.command === 'UNREGISTER' || message.command === 'QUITTING') return undefined;
    from.send(Message.of('QUITTING', {}, { from: { server: this.#parts.server, service: brokerName } }));
    return undefined;
  }

  #broadcast(message: Message): void {
    const { server } = message.to;
    const { broadcaster } = this.#parts;
    if (server !== '' && server !== '*' && server !== '.' && server !== '?' && server !== this.#parts.server) {
      throw new PeerError('INVALID_MESSAGE', 'a broadcast is for no one server', message.command);
    }
    broadcaster.send(message);
  }

  #forward(message: Message, party: Party | undefined): Promise<void> | undefined {
    const { registry, server: here } = this.#parts;
    const { server, service } = message.to;
    if (service === party?.name) throw new Refusal('a service does not send to itself', message.command);
    const local = server === '' || server === '.' || server === '*' || server === '?' || server === here;
    if (local) {
      const guest = registry.guest(service);
      if (guest !== undefined) return void guest.peer.send(forGuest(message, guest));
      if (registry.has(service)) {
        this.counts.forwarded += 1;
        return this.#report(message, this.#post(message, registry.mailbox(service), this.#patience(message)));
      }
    }
    const other = server === '.' || server === here ? undefined : this.#other(local ? '' : server, service);
    if (other !== undefined) return this.#abroad(other, message);
    return local ? this.#absent(message, party) : this.#unknown(message, `there is no server ${server}`);
  }

  /** The other broker that a message goes to; while the cluster is not up, a name that was given may be one. */
  #other(server: string, service: string): string | undefined {
    const { cluster } = this.#parts;
    const { state } = cluster.status;
    if (server !== '' && state !== 'up' && state !== 'alone') return server;
    const fits = (one: Presence): boolean =>
      server === '' ? one.services.some(({ name }) => name === service) : one.server === server;
    return cluster.others.find(fits)?.server;
  }

  #patience(message: Message): number {
    const wish = message.get(cacheParameter);
    return wish?.includes('ttl=') ? readCache(wish).ttl : patience;
  }

  #abroad(server: string, message: Message): Promise<void> {
    const { cluster } = this.#parts;
    this.counts.remote += 1;
    const sending = cluster.forward(server, message).catch((error: unknown) => {
      throw error instanceof Refusal ? error : new Refusal(`${server}: ${reasonOf(error)}`, message.command);
    });
    return this.#report(message, sending);
  }

  /** Nobody of that name is anywhere. */
  #absent(message: Message, party: Party | undefined): Promise<void> | undefined {
    const { registry, cluster } = this.#parts;
    const { service } = message.to;
    const text = message.get(cacheParameter);
    const wish = readCache(text);
    if (wish.choice === 'refuse' || !registry.keepsFor(service, text !== undefined)) {
      return this.#unknown(message, `service ${service} is not there`, wish.reply || text === undefined);
    }
    this.counts.cached += 1;
    if (cluster.status.state === 'alone') return this.#keep(message, party, wish.ttl, text !== undefined);
    const keeping = cluster.keep(message, wish.ttl).then(
      kept => {
        if (!kept) return this.#keep(message, party, wish.ttl, text !== undefined);
        this.#parts.reports.cached(message);
        return undefined;
      },
      () => this.#keep(message, party, wish.ttl, text !== undefined),
    );
    return keeping;
  }

  /**
   * Keeps it here. A sender with a session keeps it itself until it is handled, unless it asked for the cache: then it is
   * done with once it is safe on our disk.
   */
  #keep(message: Message, party: Party | undefined, ttl: number, asked: boolean): Promise<void> | undefined {
    const { store, registry } = this.#parts;
    const mailbox = registry.mailbox(message.to.service);
    this.#parts.reports.cached(message);
    if (!store.isThere || (!asked && party?.peer.session !== undefined)) {
      return this.#report(message, this.#post(message, mailbox, ttl));
    }
    return new Promise((resolve, reject) => {
      try {
        const stored = store.keep(message, ttl, resolve);
        const failure = this.#tryPut(mailbox, message, ttl, stored);
        if (failure !== undefined) reject(failure);
      } catch (error) {
        const failure = new Refusal(reasonOf(error), message.command, { cause: error });
        this.#failedToReach(message, failure);
        reject(failure);
      }
    });
  }

  /** One that is on our disk; what there is no room for is not kept there either. */
  #tryPut(mailbox: Mailbox, message: Message, ttl: number, stored: number): Error | undefined {
    const settle = this.#fate(message, stored);
    try {
      this.#put(mailbox, message, ttl, stored, settle);
      return undefined;
    } catch (error) {
      settle(asError(error));
      return asError(error);
    }
  }

  /** What happens at the end of a message that is on our disk. */
  #fate(message: Message, stored: number): (failure?: Error) => void {
    return failure => {
      this.#parts.store.end(stored);
      if (failure !== undefined) this.#failedToReach(message, failure);
    };
  }

  #post(message: Message, mailbox: Mailbox, ttl: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#put(mailbox, message, ttl, 0, failure => (failure === undefined ? resolve() : reject(failure)));
    });
  }

  #put(mailbox: Mailbox, message: Message, ttl: number, stored: number, settle: (failure?: Error) => void): void {
    const { service } = message.from;
    const expires = this.#parts.clock.now() + ttl;
    mailbox.put({ message, sender: service, bytes: sizeOf(message), expires, stored, number: 0, settle });
  }

  #report(message: Message, sending: Promise<void>): Promise<void> {
    return sending.catch((error: unknown) => {
      this.#failedToReach(message, error);
      throw error;
    });
  }

  #failedToReach(message: Message, error: unknown): void {
    this.counts.failed += 1;
    this.#parts.logger.log('warn', `${message.command} did not reach ${message.to.service}: ${reasonOf(error)}`);
    this.#parts.reports.unavailable(message, true);
  }

  #unknown(message: Message, reason: string, reply = true): Promise<void> {
    this.counts.unknown += 1;
    this.#parts.logger.log('debug', `${message.command} is not forwarded: ${reason}`, { from: message.from.service });
    this.#parts.reports.unavailable(message, reply);
    return Promise.reject(new Refusal(reason, message.command));
  }
}

/** The same from somebody else. */
function rewritten(message: Message, from: Message['from']): Message {
  return new Message(message.command, message.list, from, message.to);
}
