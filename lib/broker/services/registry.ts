// Who is there: services by name, and guests, who have not registered.
//
// A name belongs to one process, unless all who have it say how it is shared. A second one is refused, with an answer; but
// first a process without a session is asked whether it still lives, and one whose link is lost has lost its name too.

import type { Clock } from '../../base/clock.ts';
import { PeerError } from '../../base/errors.ts';
import { ownText } from '../../base/own-text.ts';
import type { Peer } from '../../connection/index.ts';
import { isName } from '../../message/index.ts';
import type { Share } from '../../protocol/service/index.ts';
import { brokerName } from '../../protocol/service/index.ts';
import type { BrokerLimits } from '../options.ts';
import { Mailbox } from './mailbox.ts';
import { Party } from './party.ts';
import { Probes } from './probes.ts';
import { Unread } from './unread.ts';

/** Told of what changes. */
export interface RegistryEvents {
  /** A service has its first process, or has lost its last one. */
  status(mailbox: Mailbox): void;
  /** Anything that others see of the services here. */
  changed(): void;
}

/** Services come back to a broker that was started anew within so many ms: twice the longest of their pauses. */
const youth = 10_000;
const guestName = /^guest_\d+$/;
/** Characters of a name at most: what is longer is nobody's. */
export const longestName = 255;

export class Registry {
  readonly mailboxes: Map<string, Mailbox> = new Map();
  readonly parties: Set<Party> = new Set();
  readonly #guests = new Map<string, Party>();
  readonly #server: string;
  readonly #kept: ReadonlySet<string>;
  readonly #limits: BrokerLimits;
  readonly #clock: Clock;
  readonly #events: RegistryEvents;
  /** What is said beside messages. */
  readonly unread: Unread = new Unread();
  readonly #probes: Probes;
  /** What waits in all mailboxes. */
  readonly #all = { bytes: 0 };
  readonly #born: number;
  #guestCount = 0;

  constructor(
    { server, services, limits }: { server: string; services: readonly string[]; limits: BrokerLimits },
    clock: Clock,
    events: RegistryEvents,
  ) {
    this.#server = server;
    this.#kept = new Set(services);
    this.#limits = limits;
    this.#clock = clock;
    this.#born = clock.now();
    this.#events = events;
    this.#probes = new Probes(clock, { server, service: brokerName }, limits.probe);
    for (const name of services) this.mailbox(name);
  }

  /** A link is there. */
  welcome(peer: Peer): void {
    const party = new Party(peer);
    peer.data = party;
    this.parties.add(party);
    peer.on('lost', () => this.#moved(party, 'lost'));
    peer.on('resumed', () => this.#moved(party, 'resumed'));
    peer.on('drain', () => {
      party.outlet = 'clear';
      this.unread.look(party);
      this.mailboxes.get(party.name)?.pumpSoon();
    });
    peer.on('close', () => this.#gone(party));
  }

  /** The mailbox of this name, made where there is none. */
  mailbox(name: string): Mailbox {
    const found = this.mailboxes.get(name);
    if (found !== undefined) return found;
    const made = new Mailbox(ownText(name), this.#limits, this.#clock, this.#all);
    this.#forgetIdle();
    this.mailboxes.set(made.name, made);
    return made;
  }

  /** Whether there is room for a message or a process of this name: a name that has none yet may be one too many. */
  hasRoomFor(name: string): boolean {
    if (this.mailboxes.has(name) || this.mailboxes.size < this.#limits.services) return true;
    this.#forgetIdle();
    return this.mailboxes.size < this.#limits.services;
  }

  /** Whether a process of this name is here, even if its link is lost at present. */
  has(name: string): boolean {
    return (this.mailboxes.get(name)?.members.length ?? 0) > 0;
  }

  /** Whether a message for this name is kept: its sender has asked, or it was here, or is in the options; and there is room. */
  keepsFor(name: string, asked: boolean): boolean {
    const isKnown = this.#kept.has(name) || (this.mailboxes.get(name)?.downSince ?? 0) > 0 || this.has(name);
    return (asked || isKnown) && name.length <= longestName && this.hasRoomFor(name);
  }

  /**
   * Whether a sender comes back from an earlier life of this broker, that has started a moment ago: it knows no names yet, and
   * what was handled and not confirmed comes again.
   */
  comesAgain(sender: Party | undefined): boolean {
    return sender?.peer.session?.offer.carrier === 'resume' && this.#clock.now() - this.#born < youth;
  }

  /** The guest with that name of our making. */
  guest(name: string): Party | undefined {
    return this.#guests.get(name);
  }

  /**
   * What a guest's messages say they come from: a name to answer to, where it gave one itself.
   * @throws PeerError INVALID_MESSAGE for a name that is too long to be kept
   */
  nameGuest(party: Party, given: Party['from']): Party['from'] {
    if (given.service === '') return party.from;
    if (given.service !== party.alias?.service || given.server !== party.alias.server) {
      if (Math.max(given.service.length, given.server.length) > longestName) {
        throw new PeerError('INVALID_MESSAGE', `a sender's name has ${longestName} characters at most`);
      }
      party.alias = { server: ownText(given.server), service: ownText(given.service) };
    }
    if (party.from.service === '') {
      this.#guestCount += 1;
      party.from = { server: this.#server, service: `guest_${this.#guestCount}` };
      this.#guests.set(party.from.service, party);
    }
    return party.from;
  }

  /**
   * Gives a name to a party. A promise where another process must be asked first.
   * @throws PeerError INVALID_PARAMETER for a name that nobody can have, NOT_ALLOWED for one that is taken
   */
  register(party: Party, name: string, share: Share | undefined): void | Promise<void> {
    if (!isName(name) || name === brokerName || guestName.test(name) || name.length > longestName) {
      throw new PeerError('INVALID_PARAMETER', `"${name.slice(0, 40)}" is no name for a service`, 'REGISTER');
    }
    if (!this.hasRoomFor(name)) {
      throw new PeerError('NOT_ALLOWED', `there are ${this.mailboxes.size} services already`, 'REGISTER');
    }
    return this.#claim(party, ownText(name), share);
  }

  #claim(party: Party, name: string, share: Share | undefined): void | Promise<void> {
    const others = this.mailbox(name).members.filter(one => one !== party);
    const first = others.find(({ state }) => state !== 'away') ?? others[0];
    if (first === undefined || (share !== undefined && first.share === share)) return this.#join(party, name, share);
    if (first.state === 'away') return this.#fence(others, party, name, share);
    if (first.peer.session !== undefined || first.share !== undefined) throw taken(name);
    return this.#probes.ask(first).then(lives => {
      if (lives) throw taken(name);
      // Meanwhile it may have gone by itself, another may have the name, or the newcomer may have gone.
      if (party.peer.state !== 'open') return undefined;
      const isStillThere = this.mailbox(name).members.includes(first);
      return isStillThere ? this.#fence([first], party, name, share) : this.#claim(party, name, share);
    });
  }

  /** A sign of life of a party: whatever it said. */
  heard(party: Party): void {
    this.#probes.settle(party, true);
  }

  /** Takes no more messages; ends when what is under way is confirmed. */
  leave(party: Party): void {
    if (!party.machine.attempt('leave')) return;
    this.#remove(party);
    const wait = party.underWay === 0 ? 0 : this.#limits.drain;
    // At once is too soon: its word that it leaves is confirmed when this handler has ended.
    this.#clock.after(wait, () => {
      if (party.state === 'leaving') party.peer.close();
    });
  }

  #join(party: Party, name: string, share: Share | undefined): void {
    const mailbox = this.mailbox(name);
    if (party.name !== '' && party.name !== name) this.#remove(party);
    if (party.from.service !== name) this.#guests.delete(party.from.service);
    if (!party.machine.attempt('register')) return;
    party.name = name;
    party.share = share;
    party.alias = undefined;
    party.from = { server: this.#server, service: name };
    if (!mailbox.members.includes(party)) {
      party.since = this.#seconds();
      mailbox.members.push(party);
    }
    mailbox.pumpSoon();
    this.#events.status(mailbox);
    this.#events.changed();
  }

  /** The newcomer has the name; what the dead ones had not confirmed comes back, and goes to it. */
  #fence(dead: readonly Party[], party: Party, name: string, share: Share | undefined): void {
    this.#join(party, name, share);
    for (const one of dead) {
      this.#remove(one);
      one.peer.destroy(new PeerError('REPLACED', `another process has registered as ${name}`));
    }
  }

  #moved(party: Party, event: 'lost' | 'resumed'): void {
    if (!party.machine.attempt(event)) return;
    const mailbox = this.mailbox(party.name);
    if (event === 'resumed') mailbox.pumpSoon();
    else if (!mailbox.isUp) mailbox.downSince = this.#seconds();
    this.#events.status(mailbox);
    this.#events.changed();
  }

  #gone(party: Party): void {
    party.machine.attempt('close');
    this.#probes.settle(party, false);
    this.parties.delete(party);
    this.unread.forget(party);
    this.#guests.delete(party.from.service);
    this.#remove(party);
  }

  #remove(party: Party): void {
    const mailbox = this.mailboxes.get(party.name);
    const at = mailbox?.members.indexOf(party) ?? -1;
    if (mailbox === undefined || at < 0) return;
    mailbox.members.splice(at, 1);
    mailbox.pumpSoon();
    if (!mailbox.isUp) mailbox.downSince = this.#seconds();
    this.#events.status(mailbox);
    this.#events.changed();
  }

  #seconds(): number {
    return Math.floor(this.#clock.wall() / 1000);
  }

  /** Names that are gone are kept as long as there is room. */
  #forgetIdle(): void {
    if (this.mailboxes.size < this.#limits.services) return;
    for (const [name, mailbox] of this.mailboxes) {
      if (mailbox.isIdle && !this.#kept.has(name)) return void this.mailboxes.delete(name);
    }
  }
}

function taken(name: string): PeerError {
  return new PeerError('NOT_ALLOWED', `service ${name} is registered already, and lives`, 'REGISTER');
}
