// A node or a control: registers with a controller, and comes back, for ever or until that has no sense. Its states, with
// their figure, are in client/table.ts.
//
// The permanent client of the connection floor moves lines of text, in a session that offers itself. Its way back is used
// here (dial, pauses, p-retry: client/attempts.ts); the rest is another protocol.

import type { Address } from '../../base/address.ts';
import type { Cancel, Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';
import { asError, NetworkError, PeerError, UsageError } from '../../base/errors.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Owner, Unfinished } from '../../connection/index.ts';
import { Connection, nothingUnfinished } from '../../connection/index.ts';
import { Attempts, fatal } from './client/attempts.ts';
import type { SessionKey } from './client/handshake.ts';
import { Handshake } from './client/handshake.ts';
import { LinkInstance } from './client/instance.ts';
import { Life } from './client/life.ts';
import type { LinkClientOptions, LinkClientSettings } from './client/options.ts';
import { settleClient } from './client/options.ts';
import type { LinkClientEvents, LinkClientState } from './client/table.ts';
import { linkClientTable } from './client/table.ts';
import { Catalogue, Checks } from './definitions/catalogue.ts';
import type { HandlerOf, Places } from './definitions/routing.ts';
import { failed, Routing } from './definitions/routing.ts';
import { loadValidator } from './definitions/validator.ts';
import type { BroadcastTo, Definition, EventDefinition, ForwardTo, RequestDefinition } from './definitions.ts';
import { linkAddress } from './session/address.ts';
import { FrameSocket } from './session/frame-socket.ts';
import type { Link } from './session/link.ts';
import type { Sender, SendOptions } from './session/link-host.ts';
import { sendOver } from './session/link-host.ts';
import type { Data } from './wire.ts';

export class LinkClient extends Connection<LinkClientEvents> implements Sender, Places {
  readonly #addresses: readonly Address[];
  readonly #options: LinkClientOptions;
  readonly #settings: LinkClientSettings;
  readonly #machine = new StateMachine(linkClientTable, 'idle');
  readonly #stopping = new AbortController();
  readonly #routing = new Routing<LinkClient | LinkInstance>(this);
  readonly #instances = new Map<number, LinkInstance>();
  #checks: Checks | undefined;
  #catalogue: Catalogue | undefined;
  #socket: FrameSocket | undefined;
  #life: Life | undefined;
  #lost: (reason: Error) => void = () => undefined;
  #attempts: Attempts | undefined;
  #expiry: Cancel | undefined;
  #lostAt = 0;
  /** What its end left. */
  #undone = nothingUnfinished;

  /** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(address: string, options: LinkClientOptions) {
    super('link client', { name: options.name ?? address, priority: options.priority });
    this.#addresses = [linkAddress(address)];
    this.#options = options;
    this.#settings = settleClient(options, this.name);
  }

  get state(): LinkClientState {
    return this.#machine.state;
  }

  get unfinished(): Unfinished {
    return this.#life?.link.unfinished ?? this.#undone;
  }

  /**
   * To the controller, which sends on what is not for itself. While the session waits for its link, messages wait too;
   * without a session nothing is taken.
   */
  send<Q, R>(definition: RequestDefinition<Q, R>, data: Q, options?: SendOptions): Promise<R>;
  send<D>(definition: EventDefinition<D>, data: D): void;
  send(definition: Definition, data: unknown, options?: SendOptions): Promise<unknown> | undefined {
    if (this.#life !== undefined) return sendOver(this.#life.link, definition, data, options);
    const error = new NetworkError('CLOSED', `${this.name} has no session: it is ${this.state}`);
    if (definition.kind === 'request') return Promise.reject(error);
    throw error;
  }

  /** Does what comes in with a definition, instead of sending it on. @throws UsageError DUPLICATE_RULE */
  handle<D extends Definition>(definition: D, handler: HandlerOf<D, LinkClient | LinkInstance>): this {
    this.#routing.handle(definition, handler);
    return this;
  }

  /** Begins an instance of this node. @throws UsageError ILLEGAL_STEP before the first `connect`, or where it runs */
  instance(id: number): LinkInstance {
    const over = this.state === 'closed' || this.#checks === undefined;
    if (this.#checks === undefined || over || this.#instances.has(id)) {
      const why = over ? 'its node does not run' : 'it runs already';
      throw new UsageError('ILLEGAL_STEP', `instance ${id} cannot begin: ${why}`);
    }
    const instance = new LinkInstance(id, {
      clock: this.#clock,
      definitions: this.#options.definitions,
      checks: this.#checks,
      perform: (definition, data, link) => this.#routing.perform(definition, data, link, instance),
      gone: () => void this.#instances.delete(id),
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
    this.#instances.set(id, instance);
    return instance;
  }

  stop(): void {
    if (this.state === 'connected') {
      this.#machine.step('stop');
      this.#life?.quit(this.owner?.drainTime ?? 0);
    } else if (this.#machine.attempt('stop')) {
      this.#socket?.destroy();
      this.#end(undefined);
    }
  }

  destroy(reason?: Error): void {
    this.stop();
    this.#socket?.destroy(reason);
  }

  // ---- for what it routes

  *around(to: BroadcastTo): Iterable<Link> {
    if (to === 'instance') for (const { outer } of this.#instances.values()) yield outer;
  }

  towards(to: ForwardTo, data: Data): Link {
    if (to === 'node') throw failed(`Node ${String(data.node_id)} is not this one`);
    if (to === 'instance') {
      const instance = this.#instances.get(data.instance_id as number);
      if (instance === undefined) throw failed(`Instance ID ${String(data.instance_id)} is not running`);
      return instance.outer;
    }
    if (this.#life === undefined) throw failed('the controller is not connected');
    return this.#life.link;
  }

  override log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void {
    super.log(severity, text, fields);
  }

  protected override begin(owner: Owner): void {
    for (const address of this.#addresses) owner.streamTransport(address).catch(() => undefined);
    this.#machine.step('start');
    this.#live(owner).catch((error: unknown) => {
      if (!this.#machine.attempt('fatal')) return;
      this.log('error', asError(error).message, { error });
      this.#end(asError(error));
    });
  }

  protected override enabledChanged(): void {
    this.#socket?.wake();
  }

  protected override details(): object {
    return { attempt: this.#attempts?.count ?? 0, ...this.#life?.link.details };
  }

  async #live(owner: Owner): Promise<void> {
    const { role, dialect, limits, pause } = this.#settings;
    this.#checks = Checks.of(await loadValidator());
    this.#catalogue = new Catalogue(role, 'controller', dialect, this.#options.definitions, this.#checks);
    const { signal } = this.#stopping;
    signal.throwIfAborted();
    this.#attempts = new Attempts(owner, {
      addresses: this.#addresses,
      dialTime: limits.dial,
      pause,
      signal,
      outage: () => (this.#life === undefined ? undefined : owner.clock.now() - this.#lostAt),
      live: channel => this.#shake(new FrameSocket(channel, limits, owner)),
      retry: (error, time) => {
        // The first is the lost link, the next the first dial that failed; the others say the same again.
        this.log((this.#attempts?.count ?? 0) <= 2 ? 'warn' : 'debug', `not connected: ${error.message}`, {
          attempt: this.#attempts?.count,
          pause: Math.round(time),
        });
        this.tell('retry', error, time);
      },
    });
    await this.#attempts.run();
  }

  /** The handshake on a socket, and what follows; rejects when the socket is of no use any more. */
  #shake(socket: FrameSocket): Promise<never> {
    const { dialect, register, limits } = this.#settings;
    const session = (): SessionKey | undefined => this.#life?.key;
    const handshake = new Handshake(socket, {
      clock: this.#clock,
      priority: this.priority,
      dialect,
      register,
      handshakeTime: limits.dial,
      get session() {
        return session();
      },
      ready: data => this.#ready(socket, handshake.seq, data),
      continued: data => this.#continued(socket, data),
      invalidated: () => this.#invalidate('the controller has forgotten the session'),
      failed: (error, final) => this.#lost(final ? fatal(error) : error),
    });
    this.#socket = socket;
    socket.owner = handshake;
    return new Promise<never>((_, reject) => {
      this.#lost = reject;
      socket.start();
    });
  }

  #ready(socket: FrameSocket, seq: number, data: Data): void {
    const { limits, role, dialect } = this.#settings;
    this.#life = new Life(socket, seq, data, {
      clock: this.#clock,
      dialect,
      limits,
      connection: this,
      catalogue: this.#catalogue as Catalogue,
      farewell: role === 'control' ? 'quit' : 'shutdown',
      perform: (definition, content, link) => this.#routing.perform(definition, content, link, this),
      dropped: (reason, final) => this.#dropped(reason, final),
      log: (severity, text, fields) => this.log(severity, text, fields),
    });
    this.#machine.step('ready');
    this.#opened('connect', socket);
  }

  #continued(socket: FrameSocket, data: Data): void {
    this.#expiry?.();
    if (this.#life?.resume(socket, data) === true) {
      this.#machine.step('resume');
      return this.#opened('resume', socket);
    }
    const reason = 'the controller goes on with another session';
    this.#invalidate(reason);
    this.#lost(new PeerError('PROTOCOL_ERROR', reason));
  }

  #opened(what: 'connect' | 'resume', socket: FrameSocket): void {
    this.#attempts?.opened();
    this.log('info', `${what === 'connect' ? 'registered with' : 'back at'} ${socket.remote}`);
    this.tell(what);
  }

  #dropped(reason: Error, final: boolean): void {
    if (this.state === 'closing') {
      this.#machine.step('over');
      return this.#end(undefined);
    }
    if (!this.#machine.attempt('drop')) return;
    this.#lostAt = this.#clock.now();
    this.tell('drop', reason);
    if (final || this.#life?.key === undefined) this.#invalidate(reason.message);
    else this.#expiry = this.#clock.after(this.#life.timeout, () => this.#expired());
    this.#lost(final ? fatal(reason) : reason);
  }

  /** The controller has forgotten the session by now. */
  #expired(): void {
    this.#socket?.destroy();
    this.#invalidate(`the session was not resumed within ${this.#life?.timeout} ms`);
  }

  #invalidate(reason: string): void {
    this.#expiry?.();
    const life = this.#life;
    this.#life = undefined;
    life?.end(new NetworkError('SESSION_LOST', reason));
    if (this.#machine.attempt('invalidate')) this.tell('invalidate');
  }

  #end(reason: Error | undefined): void {
    const over = reason ?? new NetworkError('ABANDONED', `${this.name} was stopped`);
    this.#stopping.abort(over);
    this.#expiry?.();
    this.#undone = this.unfinished;
    this.#life?.end(over);
    this.#life = undefined;
    for (const instance of [...this.#instances.values()]) instance.close();
    // A call that is wrong fails the program; what the controller refuses is for those who listen.
    this.owner?.ended(this, reason instanceof UsageError ? reason : undefined);
    this.tell('close', reason);
  }

  get #clock(): Clock {
    return this.owner?.clock ?? systemClock;
  }
}
