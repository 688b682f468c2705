// Where a message goes (reference eventdispatcher §10.5): to the broker itself, to all, to a service here, to one at another
// broker, or into the cache for a service that is nowhere. Each ends as one of `RouteCounts`.
//
// A message that came over a session is answered for: what `arrive` gives is a ticket, or a promise, that ends when the service
// has handled the message, or fails with a Refusal where it never will; then the sender's own `deliver` does the same. Handlers
// of one link run side by side, so a slow service holds nobody else up. What came without a session holds nothing: nobody waits.

import type { Clock } from '../base/clock.ts';
import { PeerError, Refusal, reasonOf } from '../base/errors.ts';
import type { Correspondent, Dispatcher, Ticket } from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { often } from '../logging/index.ts';
import { Message } from '../message/index.ts';
import { brokerName, cacheParameter, readCache } from '../protocol/service/index.ts';
import type { Broadcaster } from './broadcast.ts';
import type { Cluster } from './cluster.ts';
import { NotHere } from './cluster.ts';
import type { Reports } from './reports.ts';
import { forGuest } from './reports.ts';
import type { Rights } from './rights.ts';
import type { Elsewhere } from './services/elsewhere.ts';
import type { Party } from './services/party.ts';
import { partyOf } from './services/party.ts';
import { Post } from './services/post.ts';
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
  readonly elsewhere: Elsewhere;
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
const none = { own: 0, forwarded: 0, remote: 0, fromCluster: 0, cached: 0, unknown: 0, failed: 0, late: 0 };
const nobody = { server: '', service: '' };

export class Router {
  readonly counts: RouteCounts = { ...none };
  #stopping: 'no' | 'yes' = 'no';
  readonly #parts: RouterParts;
  readonly #post: Post;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#post = new Post(parts.clock, parts.store, (message, error) => this.#failedToReach(message, error));
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
      const known = party === undefined || party.name === '' ? message : message.sentBy(party.from);
      return own.dispatch(known, from);
    }
    const sent = this.#parts.rights.withoutSecret(message).sentBy(this.#sender(message, party));
    if (service === '*' || service === '?' || service === '.') return this.#broadcast(sent);
    const result = this.#forward(sent, party);
    if (isAnsweredFor(party)) return result;
    if (result instanceof Promise) result.catch(() => undefined);
    return undefined;
  }

  /** A message of another broker, for a service here. */
  async take(message: Message, left = patience): Promise<void> {
    const { registry } = this.#parts;
    const { service } = message.to;
    this.counts.fromCluster += 1;
    const guest = registry.guest(service);
    if (guest !== undefined) return void guest.peer.send(forGuest(message, guest));
    if (!registry.has(service)) throw new NotHere(`service ${service} is not here`, message.command);
    await this.#post.send(message, registry.mailbox(service), left);
  }

  /** What the cluster had kept has waited for too long. */
  expired(message: Message): void {
    this.#failedToReach(message, new Refusal('it waited for too long'));
  }

  /** What an earlier life of the broker has kept. */
  recover(): void {
    const { registry, logger } = this.#parts;
    const kept = this.#parts.store.recovered();
    for (const one of kept) this.#post.again(one, registry.mailbox(one.message.to.service));
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

  #forward(message: Message, party: Party | undefined): Ticket | Promise<void> | undefined {
    const { registry, elsewhere, server: here } = this.#parts;
    const { server, service } = message.to;
    if (service === party?.name) throw new Refusal('a service does not send to itself', message.command);
    const local = server === '' || server === '.' || server === '*' || server === '?' || server === here;
    if (local) {
      const mailbox = registry.mailboxes.get(service);
      if (mailbox !== undefined && mailbox.members.length > 0) {
        this.counts.forwarded += 1;
        const sender = isAnsweredFor(party) ? 'hears of it' : 'does not';
        return this.#post.handOn(message, mailbox, this.#patience(message), sender);
      }
      const guest = registry.guest(service);
      if (guest !== undefined) return void guest.peer.send(forGuest(message, guest));
    }
    const other = server === '.' || server === here ? undefined : elsewhere.find(local ? '' : server, service);
    if (other !== undefined) return this.#abroad(other, message, local ? party : 'nobody else');
    return local ? this.#absent(message, party) : this.#unknown(message, `there is no server ${server}`);
  }

  #patience(message: Message): number {
    return message.get(cacheParameter)?.includes('ttl=') ? readCache(message.get(cacheParameter)).ttl : patience;
  }

  /** Where the service has gone from there since, it waits for it, unless it was for nobody else. */
  #abroad(server: string, message: Message, party: Party | undefined | 'nobody else'): Promise<void> {
    this.counts.remote += 1;
    const place = this.#post.place();
    return this.#parts.cluster.forward(server, message).catch((error: unknown) => {
      if (error instanceof NotHere && party !== 'nobody else') return this.#absent(message, party, place);
      const refusal = error instanceof Refusal ? error : new Refusal(`${server}: ${reasonOf(error)}`, message.command);
      return this.#report(message, Promise.reject(refusal));
    });
  }

  /** Nobody of that name is anywhere. */
  #absent(message: Message, party: Party | undefined, place = this.#post.place()): Promise<void> | undefined {
    const { registry, cluster, elsewhere } = this.#parts;
    const { service } = message.to;
    const text = message.get(cacheParameter);
    const wish = readCache(text);
    const isWanted = text !== undefined || elsewhere.knows(service) || registry.comesAgain(party);
    if (wish.choice === 'refuse' || !registry.keepsFor(service, isWanted)) {
      return this.#unknown(message, `service ${service} is not there`, wish.reply || text === undefined);
    }
    this.counts.cached += 1;
    // A sender that keeps it until it is handled wants nobody else to keep it, unless it said so.
    const isKept = text === undefined && party?.peer.session !== undefined;
    const keepHere = (): Promise<void> | undefined => this.#keep(message, isKept, wish.ttl, place);
    if (isKept || cluster.status.state === 'alone') return keepHere();
    return cluster
      .keep(message, wish.ttl)
      .then(kept => (kept ? this.#parts.reports.cached(message) : keepHere()), keepHere);
  }

  /** Keeps it here: where its sender does not, on our disk, and it is done with once it is safe there. */
  #keep(message: Message, isKept: boolean, ttl: number, place: number): Promise<void> | undefined {
    const { store, registry } = this.#parts;
    const mailbox = registry.mailbox(message.to.service);
    this.#parts.reports.cached(message);
    if (!store.isThere || isKept) return this.#report(message, this.#post.send(message, mailbox, ttl, place));
    return this.#post.keep(message, mailbox, ttl, place);
  }

  #report(message: Message, sending: Promise<void>): Promise<void> {
    return sending.catch((error: unknown) => {
      this.#failedToReach(message, error);
      throw error;
    });
  }

  #failedToReach(message: Message, error: unknown): void {
    this.counts.failed += 1;
    const text = `${message.command} did not reach ${message.to.service}: ${reasonOf(error)}`;
    this.#parts.logger.log('warn', text, { [often]: 'did not reach' });
    this.#parts.reports.unavailable(message, true);
  }

  #unknown(message: Message, reason: string, reply = true): Promise<void> {
    this.counts.unknown += 1;
    this.#parts.logger.log('debug', `${message.command} is not forwarded: ${reason}`, { from: message.from.service });
    this.#parts.reports.unavailable(message, reply);
    return Promise.reject(new Refusal(reason, message.command));
  }
}

/** Whether its session tells a sender what came of its messages. */
function isAnsweredFor(party: Party | undefined): boolean {
  return party?.peer.session !== undefined;
}
