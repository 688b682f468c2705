// The server: listens, and brings clients and applications together.
//
//   idle ─start▶ opening ─listening▶ open ─stop▶ closing ─over▶ closed
//     └─stop▶ closed ◀─failed─┘  └─stop▶ closing

import { lookup } from 'node:dns/promises';
import type { Address } from '../../base/address.ts';
import { parseAddress } from '../../base/address.ts';
import type { Cancel } from '../../base/clock.ts';
import { asError, NetworkError, reasonOf, UsageError } from '../../base/errors.ts';
import { guarded } from '../../base/guard.ts';
import { wholeInRange } from '../../base/options.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Owner, Unfinished } from '../../connection/index.ts';
import { BoundConnection } from '../../connection/parts/bound-connection.ts';
import type { Listening } from '../../transport/index.ts';
import type { QioApp, QioClient } from './definitions.ts';
import { Apps } from './server/apps.ts';
import { toJson } from './server/calls.ts';
import type { QioServerOptions, QioSettings, WebOptions } from './server/options.ts';
import { settleServer } from './server/options.ts';
import { Reception } from './server/reception.ts';
import type { Counters } from './session/host.ts';
import { newCounters } from './session/host.ts';
import { qioTransport } from './session/transport.ts';
import { cleanPath } from './wire.ts';

export type QioServerState = 'idle' | 'opening' | 'open' | 'closing' | 'closed';
type QioServerStep = 'start' | 'listening' | 'failed' | 'stop' | 'over';

export const qioServerTable: StateTable<QioServerState, QioServerStep> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { listening: 'open', failed: 'closed', stop: 'closing' },
  open: { stop: 'closing' },
  closing: { over: 'closed' },
  closed: {},
};

export type QioServerEvents = {
  listening: [address: string];
  /** A client's handshake is done. */
  connect: [client: QioClient];
  /** It is gone, with all that it had. */
  leave: [client: QioClient, reason: Error | undefined];
  /** Once, last: of the server. */
  close: [];
};

/** Schemes of addresses that need certificates. */
const secure: ReadonlySet<string> = new Set(['anys', 'tls', 'wss', 'https']);

/**
 * `ready` gives the address once the applications have started and it listens; it rejects with UsageError INVALID_VALUE or
 * DUPLICATE_RULE of an application too, or what one threw.
 */
export class QioServer extends BoundConnection<QioServerState, QioServerStep, QioServerEvents, Listening> {
  readonly #address: Address;
  readonly #options: QioServerOptions;
  readonly #settings: QioSettings;
  readonly #counters: Counters = newCounters();
  readonly #unmounted: QioApp[] = [];
  #publicAddress: string | undefined;
  #apps: Apps | undefined;
  #reception: Reception | undefined;
  #leaveBackplane: Cancel | undefined;
  #stopping: 'no' | 'asked' | 'done' = 'no';
  #failure: Error | undefined;

  /** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string, options: QioServerOptions = {}) {
    const { name = address, priority } = options;
    super('qio server', { name, priority }, new StateMachine(qioServerTable, 'idle'));
    this.#address = parseAddress(address, 'any');
    this.#options = options;
    this.#settings = settleServer(options);
    this.#unmounted.push(...(options.apps ?? []));
    if (!secure.has(this.#address.scheme) || this.#settings.web.tls !== undefined) return;
    throw new UsageError('INVALID_VALUE', `to listen on ${address} give web: { tls: { key, cert } }`);
  }

  /** Those whose handshake is done, the oldest first. */
  get clients(): readonly QioClient[] {
    return [...(this.#reception?.clients ?? [])];
  }

  /**
   * Adds an application, and starts it; before `start` it waits for that.
   * @throws UsageError INVALID_VALUE, DUPLICATE_RULE, ILLEGAL_STEP once the server stops; what the application throws
   */
  async mount(app: QioApp): Promise<void> {
    if (this.state === 'idle') return void this.#unmounted.push(app);
    const apps = this.#apps;
    if (apps === undefined || (this.state !== 'open' && this.state !== 'opening')) {
      throw new UsageError('ILLEGAL_STEP', `${this.name} is ${this.state}: it takes no application`);
    }
    const compartment = apps.mount(app);
    try {
      await compartment.start();
    } catch (error) {
      apps.unmount(compartment);
      throw error;
    }
  }

  /** To all clients that have subscribed to this path, here and on servers that share the backplane. */
  broadcast(path: string, data?: unknown): void {
    const clean = cleanPath(`/${path}`);
    const json = toJson(data);
    this.#apps?.say(clean, json);
    this.#publish(clean, json);
  }

  /**
   * Sends so many clients to another server, those first that came first; gives how many there were.
   * @throws UsageError OUT_OF_RANGE, INVALID_VALUE
   */
  move(count: number, address: string): number {
    wholeInRange('count', count, 0, Number.MAX_SAFE_INTEGER);
    const chosen = this.clients.slice(0, count);
    for (const client of chosen) client.move(address);
    return chosen.length;
  }

  override get unfinished(): Unfinished {
    const all = { messages: 0, bytes: 0, handlers: 0 };
    for (const { unfinished } of this.#reception?.sessions ?? []) {
      all.messages += unfinished.messages;
      all.bytes += unfinished.bytes;
      all.handlers += unfinished.handlers;
    }
    return all;
  }

  override destroy(reason: Error = new NetworkError('CLOSED', `${this.name} was destroyed`)): void {
    this.stop();
    this.#reception?.destroy(reason);
    // An application that does not come to an end is not waited for.
    this.#stopping = 'done';
    this.#look();
  }

  protected override begin(owner: Owner): void {
    this.machine.step('start');
    this.open(this.#prepare(owner), 'listening', 'listening on');
  }

  protected override enabledChanged(): void {
    if (this.enabled) this.#reception?.letIn();
  }

  protected override details(): object {
    const subscriptions = this.#apps?.desk.pool.used ?? 0;
    return { address: this.address, ...this.#reception?.details, subscriptions, ...this.#counters };
  }

  protected override shut(): void {
    this.#stopApps();
    super.shut();
    this.#leaveBackplane?.();
    this.#reception?.stop();
    this.#look();
  }

  protected override over(failure?: Error): void {
    this.#reception?.over();
    super.over(failure);
  }

  /** All that is needed, in order: the applications before the first client. */
  async #prepare(owner: Owner): Promise<Listening> {
    const { clock } = owner;
    const { limits } = this.#settings;
    const apps = new Apps({
      clock,
      limits,
      counters: this.#counters,
      hostname: () => this.#publicAddress ?? null,
      publish: (path, json) => this.#publish(path, json),
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
    this.#apps = apps;
    for (const app of this.#unmounted) apps.mount(app);
    await apps.start();
    this.#publicAddress = await this.#resolved(this.#settings.web.publicAddress);
    if (this.state !== 'opening') throw new NetworkError('CLOSED', `${this.name} was stopped`);
    const reception = this.#receptionFor(owner, apps);
    this.#reception = reception;
    this.#leaveBackplane = this.#options.backplane?.subscribe((path, json) => apps.say(path, json));
    const { tls } = this.#settings.web;
    const { client } = this.#settings.times;
    const transport = this.#options.transport ?? qioTransport({ ...limits, client, tls });
    return transport.listen(this.#address, reception.events);
  }

  #receptionFor({ clock, turns, random }: Owner, apps: Apps): Reception {
    const web: WebOptions = { ...this.#settings.web, publicAddress: this.#publicAddress };
    return new Reception({
      clock,
      turns,
      random,
      connection: this,
      limits: this.#settings.limits,
      times: this.#settings.times,
      web,
      counters: this.#counters,
      apps,
      isOpen: () => this.state === 'opening' || this.state === 'open',
      connected: client => this.tell('connect', client),
      left: (client, reason) => this.tell('leave', client, reason),
      emptied: () => this.#look(),
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
  }

  async #resolved(name: string | undefined): Promise<string | undefined> {
    if (name === undefined) return undefined;
    try {
      await lookup(name);
      return name;
    } catch (error) {
      this.log('warn', `"${name}" cannot be resolved, nobody can poll: ${reasonOf(error)}`);
      return undefined;
    }
  }

  #publish(path: string, json: string): void {
    const { backplane } = this.#options;
    const failed = (error: unknown): void => this.log('error', `the backplane failed: ${reasonOf(error)}`);
    if (backplane !== undefined) guarded(() => backplane.publish(path, json), failed);
  }

  #stopApps(): void {
    this.#stopping = 'asked';
    const stopped = (): void => {
      this.#stopping = 'done';
      this.#look();
    };
    const failed = (error: unknown): void => {
      this.#failure ??= asError(error);
      this.log('error', reasonOf(error));
    };
    (this.#apps?.stop() ?? Promise.resolve()).catch(failed).then(stopped);
  }

  /** Whether all is over. */
  #look(): void {
    if (this.state !== 'closing' || this.#stopping !== 'done') return;
    if (this.#reception !== undefined && this.#reception.sessions.size > 0) return;
    this.machine.step('over');
    this.over(this.#failure);
  }
}
