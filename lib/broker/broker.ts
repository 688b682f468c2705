// The broker of a machine: services register with it, and find each other through it (README.md).
//
//   idle ─start▶ opening ─opened▶ open ─stop▶ draining ─drained▶ closed
//                   └──failed▶ closed       opening ─stop▶ draining          idle ─stop▶ closed
//
//   draining: nothing more is taken (sessions keep it for the next life); what is under way may end

import { randomBytes } from 'node:crypto';
import { parseAddress } from '../base/address.ts';
import type { Cancel } from '../base/clock.ts';
import { UsageError } from '../base/errors.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Datagram, Listener } from '../connection/index.ts';
import type { Correspondent } from '../dispatcher/index.ts';
import { Dispatcher } from '../dispatcher/index.ts';
import { Message } from '../message/index.ts';
import { brokerName } from '../protocol/service/index.ts';
import { Broadcaster } from './broadcast.ts';
import type { ClusterNode } from './cluster.ts';
import { ownCommands } from './commands.ts';
import { Load, loadTimes } from './load.ts';
import type { BrokerOptions, BrokerSettings } from './options.ts';
import { settled } from './options.ts';
import { Reports } from './reports.ts';
import { Rights } from './rights.ts';
import { Router } from './router.ts';
import { Elsewhere } from './services/elsewhere.ts';
import type { Mailbox } from './services/mailbox.ts';
import { Registry } from './services/registry.ts';
import { Store } from './services/store.ts';
import type { BrokerStatus } from './status.ts';
import { Status } from './status.ts';

export type BrokerState = 'idle' | 'opening' | 'open' | 'draining' | 'closed';
type BrokerStep = 'start' | 'opened' | 'failed' | 'stop' | 'drained';

export const brokerTable: StateTable<BrokerState, BrokerStep> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { opened: 'open', failed: 'closed', stop: 'draining' },
  open: { stop: 'draining' },
  draining: { drained: 'closed' },
  closed: {},
};

/** How often messages are looked through for those that are too late, in ms. */
const sweepTime = 500;

interface Parts {
  readonly registry: Registry;
  readonly store: Store;
  readonly status: Status;
  readonly router: Router;
  readonly elsewhere: Elsewhere;
  readonly broadcaster: Broadcaster;
  readonly rights: Rights;
  readonly load: Load;
}

export class Broker {
  readonly #settings: BrokerSettings;
  readonly #machine = new StateMachine(brokerTable, 'idle');
  readonly #life = randomBytes(4).toString('hex');
  readonly #timers: Cancel[] = [];
  #listening: (Listener | Datagram)[] = [];
  #addresses: string[] = [];
  #parts: Parts | undefined;
  #announcing: 'no' | 'soon' = 'no';
  #stopped: Promise<void> | undefined;

  /** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_NAME, INVALID_VALUE */
  constructor(options: BrokerOptions) {
    this.#settings = settled(options);
  }

  get state(): BrokerState {
    return this.#machine.state;
  }

  get server(): string {
    return this.#settings.server;
  }

  /** Where it listens, with the ports that the system gave. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** @throws UsageError ILLEGAL_STEP before it was started */
  get status(): BrokerStatus {
    const { status, load, router, broadcaster } = this.#use();
    return status.whole(load, router.counts, broadcaster.counts);
  }

  /**
   * Opens the store, the listeners, and the cluster; gives the addresses.
   * @throws NetworkError LISTEN_FAILED, UsageError SPOOL_LOCKED, INVALID_ADDRESS, ILLEGAL_STEP
   */
  async start(): Promise<readonly string[]> {
    this.#machine.step('start');
    const { communicator, store, listen, cluster } = this.#settings;
    try {
      this.#parts = this.#make(await Store.open(store, communicator.clock, communicator.logger));
      this.#parts.router.recover();
      this.#listening = listen.map(address => this.#listen(address));
      this.#addresses = await Promise.all(this.#listening.map(({ ready }) => ready));
      this.#parts.load.address = this.#address();
      await cluster.join(this.#node());
    } catch (error) {
      this.#machine.attempt('failed');
      await this.#close();
      throw error;
    }
    this.#machine.attempt('opened');
    this.#every(sweepTime, () => this.#sweep());
    this.#every(loadTimes.look, () => this.#parts?.load.look());
    communicator.logger.log('info', `broker ${this.server} is open`, { addresses: this.#addresses.join(' ') });
    return this.#addresses;
  }

  /** Tells its services, lets what is under way end, and closes. The communicator is its owner's to stop. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    if (!this.#machine.attempt('stop') || this.#parts === undefined) return;
    const { router, status, registry } = this.#parts;
    const { communicator, limits, cluster } = this.#settings;
    router.stop();
    for (const one of this.#listening) one.stop();
    status.toAll(Message.of('DISCONNECTING', {}, { from: { server: this.server, service: brokerName } }));
    const end = communicator.clock.now() + limits.drain;
    const busy = (): boolean => [...registry.parties].some(({ underWay }) => underWay > 0);
    while (busy() && communicator.clock.now() < end) {
      await new Promise<void>(resolve => communicator.clock.after(20, resolve));
    }
    await cluster.leave(Math.max(0, end - communicator.clock.now()));
    await this.#close();
    this.#machine.attempt('drained');
  }

  /** What handlers still hold is not waited for: whoever has a session keeps it, and comes back to the next life. */
  async #close(): Promise<void> {
    for (const cancel of this.#timers.splice(0)) cancel();
    for (const one of this.#listening) one.stop();
    const { registry, store } = this.#parts ?? {};
    for (const { peer } of [...(registry?.parties ?? [])]) {
      peer.stop();
      if (peer.unfinished.handlers > 0 || peer.session !== undefined) peer.destroy();
    }
    await store?.close();
  }

  #make(store: Store): Parts {
    const { communicator, server, access, limits, services, cluster } = this.#settings;
    const { clock, logger } = communicator;
    const registry = new Registry({ server, services, limits }, clock, {
      status: (mailbox: Mailbox) => this.#parts?.status.tell(mailbox),
      changed: () => this.#announce(),
    });
    const rights = new Rights(access, server);
    const load = new Load(server, clock);
    const status = new Status({ server, life: this.#life, registry, store, cluster, clock, logger });
    const own = ownCommands({
      server,
      registry,
      rights,
      status,
      load,
      clock,
      address: () => this.#address(),
      page: after => status.page(load, router.counts, broadcaster.counts, after),
      changed: () => this.#announce(),
      logRotate: () => communicator.logger.reopen?.(),
      stop: which => this.#stopByMessage(which),
    });
    const broadcaster = new Broadcaster({ registry, cluster, server }, clock, logger);
    const reports = new Reports({ server, registry, cluster, logger });
    const elsewhere = new Elsewhere(server, cluster, registry, limits.services, logger);
    const parts = { server, registry, store, cluster, elsewhere, broadcaster, rights, reports, own, clock, logger };
    const router = new Router(parts);
    return { registry, store, status, router, elsewhere, broadcaster, rights, load };
  }

  #listen(address: string): Listener | Datagram {
    const { communicator, limits } = this.#settings;
    const { router, registry, rights } = this.#use();
    const { allow } = rights;
    if (parseAddress(address, 'tcp').scheme === 'udp') {
      const dispatcher = new Dispatcher().otherwise((message, sender) => router.arrive(message, mute(sender)));
      return communicator.bind(address, { dispatcher, allow });
    }
    const dispatcher = new Dispatcher().otherwise((message, peer) => router.arrive(message, peer));
    const { connections, count, bytes } = limits;
    return communicator.listen(address, {
      dispatcher,
      allow,
      // Each message that is not confirmed yet is a handler that has not ended.
      concurrency: 1_000_000,
      accepted: peer => registry.welcome(peer),
      limits: { connections, sessions: connections },
      outbox: { count: 2 * count, bytes: 2 * bytes },
    });
  }

  /** What READY says: where this broker can be reached over the network. */
  #address(): string | undefined {
    const found = this.#addresses.find(address => address.startsWith('tcp://'));
    return found?.slice('tcp://'.length);
  }

  #node(): ClusterNode {
    const { router, broadcaster, status, elsewhere } = this.#use();
    return {
      presence: status.presence(),
      take: (message, left) => router.take(message, left),
      expired: message => router.expired(message),
      hear: message => {
        const { service } = message.to;
        if (message.command === 'SHUTDOWN' && service === brokerName) this.#stopByMessage('this one');
        else broadcaster.hear(message);
      },
      changed: () => {
        status.tellCluster();
        if (this.state === 'open') elsewhere.changed();
      },
    };
  }

  #stopByMessage(which: 'this one' | 'all'): void {
    const { cluster, communicator } = this.#settings;
    const to = { server: '*', service: brokerName };
    const from = { server: this.server, service: brokerName };
    if (which === 'all') cluster.broadcast(Message.of('SHUTDOWN', {}, { from, to }), 'public');
    void this.stop().then(() => communicator.stop());
  }

  /** Once for all that changes in one round of the loop. */
  #announce(): void {
    if (this.#announcing === 'soon') return;
    this.#announcing = 'soon';
    setImmediate(() => {
      this.#announcing = 'no';
      const { cluster } = this.#settings;
      // Where there are no others, nobody asks: with a thousand services each look at all of them takes a millisecond.
      if (this.state === 'open' && this.#parts !== undefined && cluster.status.state !== 'alone')
        cluster.announce(this.#parts.status.presence());
    });
  }

  #sweep(): void {
    for (const mailbox of this.#parts?.registry.mailboxes.values() ?? []) mailbox.look();
    if (this.state === 'open') this.#parts?.elsewhere.handOver();
  }

  #every(ms: number, run: () => void): void {
    const { clock } = this.#settings.communicator;
    const at = this.#timers.push(() => undefined) - 1;
    const again = (): void => {
      run();
      this.#timers[at] = clock.after(ms, again);
    };
    this.#timers[at] = clock.after(ms, again);
  }

  #use(): Parts {
    if (this.#parts !== undefined) return this.#parts;
    throw new UsageError('ILLEGAL_STEP', `broker ${this.server} was not started`);
  }
}

/** Datagrams are never answered: their sender's address may be forged. */
function mute(sender: Correspondent): Correspondent {
  return { ...sender, send: () => 'sent' };
}
