// A listener: accepts connections on an address and makes a peer of each.
//
//   idle ─start▶ opening ─listening▶ open ─stop▶ closed
//                   └──────failed, stop──────────────▲        idle ─stop▶ closed

import type { Address } from '../base/address.ts';
import { parseAddress } from '../base/address.ts';
import { reasonOf } from '../base/errors.ts';
import type { Given } from '../base/options.ts';
import { refuseUnknown, wholeInRange } from '../base/options.ts';
import type { QueueLimits } from '../base/queue.ts';
import { checkedQueue, queueDefaults } from '../base/queue.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Allow } from '../dispatcher/index.ts';
import { allow, Dispatcher } from '../dispatcher/index.ts';
import { longestLine } from '../framing/index.ts';
import { often } from '../logging/index.ts';
import { heartbeatDefaults } from '../session/index.ts';
import type { Channel, Listening } from '../transport/index.ts';
import type { ConnectionOptions, Owner } from './connection.ts';
import { SessionMemory, sessionLimits } from './exchange/session-memory.ts';
import type { LinkLimits } from './link/link-role.ts';
import { settledLimits, unsentLimit } from './link/link-role.ts';
import { BoundConnection } from './parts/bound-connection.ts';
import type { PeerHost } from './parts/peer-settings.ts';
import { smallNumbers, uniqueNumbers } from './parts/requests.ts';
import { Peer } from './peer.ts';

export type ListenerState = 'idle' | 'opening' | 'open' | 'closed';
type ListenerEvent = 'start' | 'listening' | 'failed' | 'stop';

export const listenerTable: StateTable<ListenerState, ListenerEvent> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { listening: 'open', failed: 'closed', stop: 'closed' },
  open: { stop: 'closed' },
  closed: {},
};

export interface ListenerLimits extends LinkLimits {
  /** Connections at the same time; more are refused. @default 10_000 */
  readonly connections: number;
  /** Sessions at the same time; who offers another one gets none. @default 1_000 */
  readonly sessions: number;
  /** How long a session whose link was lost is remembered, in ms. @default 60_000 */
  readonly remember: number;
}

const listenerLimits: ListenerLimits = {
  connections: 10_000,
  line: longestLine,
  unsent: unsentLimit,
  sessions: sessionLimits.count,
  remember: sessionLimits.remember,
  ...heartbeatDefaults,
};

export interface ListenOptions extends ConnectionOptions {
  /** Who handles what the peers say. @default one that answers UNKNOWN */
  readonly dispatcher?: Dispatcher | undefined;
  /** Who may send what; who may not is answered INVALID, and stays. @default `allow.usual` */
  readonly allow?: Allow | undefined;
  /** Greets each new peer; nothing it said has been handled yet. */
  readonly accepted?: ((peer: Peer) => unknown) | undefined;
  /** Handlers of one peer whose promises may run at the same time. @default 1 */
  readonly concurrency?: number | undefined;
  readonly limits?: Given<ListenerLimits> | undefined;
  /** Limits of what waits for the client of each session, or was not confirmed by it. @default as a client's outbox */
  readonly outbox?: Given<QueueLimits> | undefined;
}

const known: { [K in keyof Required<ListenOptions>]: 0 } = {
  name: 0,
  priority: 0,
  dispatcher: 0,
  allow: 0,
  accepted: 0,
  concurrency: 0,
  limits: 0,
  outbox: 0,
};

/** Connections kept waiting while the listener is disabled. */
const mostHeld = 50;
/** Refusals are logged at most once in so many ms. */
const refusalLogPause = 1_000;

export type ListenerEvents = { listening: [address: string]; close: [] };

/** `ready` gives the address once it listens, with the port that the system gave. */
export class Listener extends BoundConnection<ListenerState, ListenerEvent, ListenerEvents, Listening> {
  readonly #address: Address;
  readonly #options: ListenOptions;
  readonly #limits: ListenerLimits;
  #held: Channel[] = [];
  #host: PeerHost<Peer> | undefined;
  #peers = 0;
  #accepted = 0;
  #refused = 0;
  #lastRefusalLog = Number.NEGATIVE_INFINITY;

  /** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string, options: ListenOptions = {}) {
    const { name = address, priority } = options;
    super('listener', { name, priority }, new StateMachine(listenerTable, 'idle'));
    refuseUnknown('listen', known, options);
    this.#address = parseAddress(address, 'tcp');
    this.#options = options;
    this.#limits = settledLimits(listenerLimits, options.limits);
    wholeInRange('concurrency', options.concurrency ?? 1, 1, 1_000_000);
    checkedQueue(queueDefaults, options.outbox);
  }

  /**
   * Reads the certificates of its place again, where it has any; who is connected stays so.
   * @example systemCommands({ restart: () => listener.reload() })
   * @throws NetworkError LISTEN_FAILED with the reason; the old certificate stays then
   */
  async reload(): Promise<void> {
    await this.bound?.reload?.();
  }

  protected override begin(owner: Owner): void {
    const { dispatcher = new Dispatcher().otherwiseUnknown(), concurrency = 1 } = this.#options;
    const { line, unsent, remember, sessions, ask, dead } = this.#limits;
    const { clock, turns, drainTime } = owner;
    this.#host = {
      settings: {
        link: {
          dispatcher,
          allow: this.#options.allow ?? allow.usual,
          concurrency,
          longestLine: line,
          unsentLimit: unsent,
          clock,
          turns,
          drainTime,
        },
        outbox: checkedQueue(queueDefaults, this.#options.outbox),
        heartbeat: { ask, dead },
      },
      memory: new SessionMemory({ remember, count: sessions }, clock),
      numbers: { plain: smallNumbers(), unique: uniqueNumbers() },
      greet: peer => this.#options.accepted?.(peer),
      gone: () => {
        this.#peers -= 1;
      },
    };
    const transport = owner.streamTransport(this.#address);
    this.machine.step('start');
    const events = {
      accept: (channel: Channel) => this.#accept(channel, owner),
      trouble: (error: Error) => this.log('error', `accepting failed: ${reasonOf(error)}`, { [often]: 'accepting' }),
    };
    const opening = transport.then(found => found.listen(this.#address, events));
    this.open(opening, 'listening', 'listening on');
  }

  protected override enabledChanged(): void {
    if (!this.enabled || this.owner === undefined) return;
    const { owner } = this;
    for (const channel of this.#held.splice(0)) this.#accept(channel, owner);
  }

  protected override details(): object {
    const { size = 0, stolen = 0, refused = 0 } = this.#host?.memory ?? {};
    const sessions = { known: size, refused, stolen };
    return { address: this.address, peers: this.#peers, accepted: this.#accepted, refused: this.#refused, sessions };
  }

  protected override shut(): void {
    super.shut();
    for (const channel of this.#held.splice(0)) channel.destroy();
  }

  #accept(channel: Channel, owner: Owner): void {
    if (this.state !== 'open' && this.state !== 'opening') return channel.destroy();
    if (this.#peers + this.#held.length >= this.#limits.connections) return this.#refuse(channel, owner);
    if (!this.enabled) {
      if (this.#held.length >= mostHeld) return this.#refuse(channel, owner);
      this.#held.push(channel);
      return;
    }
    this.#accepted += 1;
    this.#peers += 1;
    owner.add(new Peer(channel, this.#host as PeerHost<Peer>, this.priority));
  }

  #refuse(channel: Channel, owner: Owner): void {
    this.#refused += 1;
    channel.destroy();
    const now = owner.clock.now();
    if (now - this.#lastRefusalLog < refusalLogPause) return;
    this.#lastRefusalLog = now;
    this.log('warn', `connections refused: ${this.#refused}`, { open: this.#peers });
  }
}
