// The controller: accepts links, registers nodes and controls, and hands their messages on.
//
//   idle ─start▶ opening ─listening▶ open ─stop▶ closing ─over▶ closed
//     └─stop▶ closed ◀─failed─┘  └─stop▶ closing

import type { Address } from '../../base/address.ts';
import { NetworkError, reasonOf } from '../../base/errors.ts';
import type { StateTable } from '../../base/state-table.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Owner } from '../../connection/index.ts';
import { BoundConnection } from '../../connection/parts/bound-connection.ts';
import type { Channel, Listening } from '../../transport/index.ts';
import { Catalogue, Checks } from './definitions/catalogue.ts';
import type { HandlerOf, Places } from './definitions/routing.ts';
import { failed, Routing } from './definitions/routing.ts';
import { loadValidator } from './definitions/validator.ts';
import type { BroadcastTo, Definition, EventDefinition, ForwardTo } from './definitions.ts';
import { loadAuthentication } from './server/authentication.ts';
import type { LinkServerOptions, LinkServerSettings } from './server/options.ts';
import { settleServer } from './server/options.ts';
import type { LinkPeer } from './server/peer.ts';
import { Reception } from './server/reception.ts';
import type { LinkPeerStep } from './server/table.ts';
import { linkAddress } from './session/address.ts';
import type { Link } from './session/link.ts';
import { offer } from './session/offer.ts';
import type { Data, Dialect } from './wire.ts';

export type LinkServerState = 'idle' | 'opening' | 'open' | 'closing' | 'closed';
type LinkServerStep = 'start' | 'listening' | 'failed' | 'stop' | 'over';

export const linkServerTable: StateTable<LinkServerState, LinkServerStep> = {
  idle: { start: 'opening', stop: 'closed' },
  opening: { listening: 'open', failed: 'closed', stop: 'closing' },
  open: { stop: 'closing' },
  closing: { over: 'closed' },
  closed: {},
};

export type LinkServerEvents = {
  listening: [address: string];
  /** A node or control has registered. */
  connect: [peer: LinkPeer];
  /** Its link is gone; its session waits for it. */
  drop: [peer: LinkPeer, reason: Error | undefined];
  /** It has come back, and the session goes on. */
  resume: [peer: LinkPeer];
  /** It did not come back in time: the session is forgotten. `close` follows. */
  invalidate: [peer: LinkPeer];
  /** It is gone for good. */
  leave: [peer: LinkPeer, reason: Error | undefined];
  /** Once, last: of the server. */
  close: [];
};

/** What of a step is told, and how it is called. */
const told: { readonly [step in LinkPeerStep]?: keyof LinkServerEvents } = {
  drop: 'drop',
  resume: 'resume',
  expire: 'invalidate',
};

/** `ready` gives the address once it listens. */
export class LinkServer
  extends BoundConnection<LinkServerState, LinkServerStep, LinkServerEvents, Listening>
  implements Places
{
  readonly #address: Address;
  readonly #options: LinkServerOptions;
  readonly #settings: LinkServerSettings;
  readonly #routing = new Routing<LinkPeer>(this);
  #reception: Reception | undefined;

  /** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string, options: LinkServerOptions) {
    const { name = address, priority } = options;
    super('link server', { name, priority }, new StateMachine(linkServerTable, 'idle'));
    this.#address = linkAddress(address);
    this.#options = options;
    this.#settings = settleServer(options);
  }

  /** Those that have registered, also while their link is dropped. */
  get peers(): readonly LinkPeer[] {
    return [...(this.#reception?.members ?? [])];
  }

  /** The node with this id. @throws PeerError REQUEST_FAILED where there is none */
  node(id: number): LinkPeer {
    const found = this.#reception?.members?.node(id);
    if (found === undefined) throw failed(`Node ${id} is not connected`);
    return found;
  }

  /** Does what comes in with a definition, instead of sending it on. @throws UsageError DUPLICATE_RULE */
  handle<D extends Definition>(definition: D, handler: HandlerOf<D, LinkPeer>): this {
    this.#routing.handle(definition, handler);
    return this;
  }

  /** Sends an event to all nodes; one whose buffer is full misses it, and is logged once until it has room. @throws UsageError INVALID_VALUE */
  broadcast<D>(definition: EventDefinition<D>, data: D): void {
    for (const { link } of this.#reception?.members?.nodes ?? []) offer(link, definition, data);
  }

  override destroy(reason: Error = new NetworkError('CLOSED', `${this.name} was destroyed`)): void {
    this.stop();
    this.#reception?.destroy(reason);
  }

  // ---- for what it routes

  *around(_to: BroadcastTo): Iterable<Link> {
    // Instances are reached by way of their nodes.
    for (const { link } of this.#reception?.members?.nodes ?? []) yield link;
  }

  towards(to: ForwardTo, data: Data): Link {
    if (to === 'controller') throw failed('the controller is here');
    if (to === 'node') return this.node(data.node_id as number).link;
    const id = data.instance_id as number;
    const at = this.#options.locate?.(id);
    if (at === undefined) throw failed(`Instance with ID ${id} does not exist`);
    if (at === null) throw failed(`Instance with ID ${id} is not assigned to a node`);
    return this.node(at).link;
  }

  override log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void {
    super.log(severity, text, fields);
  }

  protected override begin(owner: Owner): void {
    const transport = owner.streamTransport(this.#address);
    this.machine.step('start');
    const events = {
      accept: (channel: Channel) => this.#accept(channel),
      trouble: (error: Error) => this.log('error', `accepting failed: ${reasonOf(error)}`),
    };
    const opening = this.#prepare(owner)
      .then(() => transport)
      .then(found => found.listen(this.#address, events));
    this.open(opening, 'listening', 'listening on');
  }

  protected override enabledChanged(): void {
    if (this.enabled) this.#reception?.open();
  }

  protected override details(): object {
    const dropped = this.peers.filter(({ state }) => state === 'dropped').length;
    return { address: this.address, peers: this.peers.length, dropped, ...this.#reception?.details };
  }

  protected override shut(): void {
    super.shut();
    this.#reception?.stop();
    this.#look();
  }

  protected override over(failure?: Error): void {
    this.#reception?.members.close();
    super.over(failure);
  }

  /** Loads what is needed, and compiles the definitions. */
  async #prepare(owner: Owner): Promise<void> {
    const { definitions, secret } = this.#options;
    const checks = Checks.of(await loadValidator());
    const catalogues = new Map<string, Catalogue>();
    const catalogue = (dialect: Dialect, role: 'node' | 'control'): Catalogue => {
      const known = catalogues.get(`${dialect} ${role}`);
      const found = known ?? new Catalogue('controller', role, dialect, definitions, checks);
      catalogues.set(`${dialect} ${role}`, found);
      return found;
    };
    // Bad definitions are found here, not when somebody connects.
    for (const role of ['node', 'control'] as const)
      for (const dialect of ['seed', 'session'] as const) catalogue(dialect, role);
    const { clock, turns, drainTime } = owner;
    this.#reception = new Reception({
      ...this.#settings,
      ...{ catalogue, clock, turns, drainTime },
      connection: this,
      authenticate: secret === undefined ? undefined : await loadAuthentication(secret),
      perform: (definition, data, peer) => this.#routing.perform(definition, data, peer.link, peer),
      own: peer => void owner.add(peer),
      connected: peer => this.tell('connect', peer),
      stepped: (peer, step, reason) => this.#stepped(peer, step, reason),
      emptied: () => this.#look(),
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
  }

  #accept(channel: Channel): void {
    if (this.state === 'open' || this.state === 'opening') this.#reception?.accept(channel);
    else channel.destroy();
  }

  #stepped(peer: LinkPeer, step: LinkPeerStep, reason: Error | undefined): void {
    const word = told[step];
    if (word !== undefined) this.tell(word, peer, reason);
    if (peer.state === 'closed') this.tell('leave', peer, reason);
  }

  /** Whether all is over. */
  #look(): void {
    if (this.state !== 'closing' || this.#reception?.isEmpty === false) return;
    this.machine.step('over');
    this.over();
  }
}
