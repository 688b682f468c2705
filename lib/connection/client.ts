// A client that connects once. `PermanentClient` is this with the way back.
//
//   idle ─start▶ dialing ─opened▶ open ─lost▶ closed
//     └─stop▶ closed ◀─failed, stop─┘  └─stop▶ closed        (permanent: lost and failed lead to waiting instead)
//
// What is sent goes through the exchange: what cannot go out waits there, and with a session also what was not
// confirmed. On a new link the greeting goes first, what waited follows it.

import type { Address } from '../base/address.ts';
import { formatAddress, parseAddress } from '../base/address.ts';
import { asError, NetworkError, reasonOf, UsageError } from '../base/errors.ts';
import { promised } from '../base/guard.ts';
import { refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type {
  Correspondent,
  DeliverOptions,
  Guarantee,
  Receipt,
  RequestOptions,
  Sending,
} from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { silentLogger } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import type { Channel } from '../transport/index.ts';
import type { Owner, Unfinished } from './connection.ts';
import { Connection } from './connection.ts';
import type { SessionClient } from './exchange/session-client.ts';
import { Link } from './link/link.ts';
import type { LinkRole } from './link/link-role.ts';
import { outside } from './link/link-role.ts';
import type { ClientEvents } from './parts/client-events.ts';
import type { ClientOptions, ClientSettings } from './parts/client-options.ts';
import { knownClientOptions, settle } from './parts/client-options.ts';
import type { ClientState, ClientStep } from './parts/client-table.ts';
import { clientTable } from './parts/client-table.ts';
import { Conversation } from './parts/conversation.ts';
import { dial } from './parts/dial.ts';

export class Client extends Connection<ClientEvents> implements LinkRole, Correspondent {
  readonly remote: string;
  protected readonly addresses: readonly Address[];
  protected readonly options: ClientOptions;
  protected readonly stopping = new AbortController();
  /** When the present or the last link was open and greeted, on the clock. */
  protected openSince: number | undefined;
  readonly #machine: StateMachine<ClientState, ClientStep>;
  #settings: ClientSettings | undefined;
  #talk: Conversation | undefined;
  #link: Link | undefined;
  #spool: 'opening' | 'open or none' = 'open or none';
  #lost: (reason: Error) => void = () => undefined;
  #abandoned = 0;

  /** @throws UsageError INVALID_ADDRESS, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(
    address: string | readonly string[],
    options: ClientOptions = {},
    { kind, table }: { kind: string; table: StateTable<ClientState, ClientStep> } = {
      kind: 'client',
      table: clientTable,
    },
  ) {
    const texts = typeof address === 'string' ? [address] : address;
    super(kind, { name: options.name ?? texts.join(','), priority: options.priority });
    refuseUnknown(kind, knownClientOptions, options);
    if (texts.length === 0) throw new UsageError('INVALID_ADDRESS', 'there is no address to connect to');
    this.addresses = texts.map(text => parseAddress(text, 'tcp'));
    this.remote = this.addresses.map(formatAddress).join(',');
    this.options = options;
    this.#machine = new StateMachine(table, 'idle');
    settle(options, undefined, this.offersSession);
  }

  get state(): ClientState {
    return this.#machine.state;
  }

  get logger(): Logger {
    return this.owner?.logger ?? silentLogger;
  }

  get awaiting(): number {
    return this.#talk?.awaiting ?? 0;
  }

  /** What the present link promises. */
  get guarantee(): Guarantee {
    return this.#talk?.exchange.guarantee ?? 'at-most-once';
  }

  get unfinished(): Unfinished {
    const link = this.#link?.unfinished ?? { messages: 0, bytes: 0, handlers: 0 };
    return { ...link, messages: link.messages + (this.#talk?.exchange.out.length ?? 0) + this.#abandoned };
  }

  /**
   * Sends now, or queues until the link is open and has room. What the outbox drops later is reported by `dropped`.
   * @throws LimitError OUTBOX_FULL, NetworkError CLOSED, UsageError INVALID_NAME
   */
  send(message: Message<unknown> | string): Sending {
    return this.#open().send(message);
  }

  deliver(message: Message<unknown> | string, options: DeliverOptions = {}): Promise<Receipt> {
    return promised(() => this.#open().deliver(message, options));
  }

  request(message: Message<unknown> | string, options: RequestOptions = {}): Promise<Message> {
    return promised(() => this.#open().request(message, options));
  }

  /** Sends what waits on the open link, then closes. */
  close(): void {
    this.stop();
  }

  stop(): void {
    if (!this.step('stop')) return;
    const reason = new NetworkError('CLOSED', `${this.name} was stopped`);
    this.stopping.abort(reason);
    if (this.#link !== undefined) this.#link.drain();
    else if (this.#spool !== 'opening') this.#end(undefined);
  }

  destroy(reason?: Error): void {
    this.stop();
    this.#link?.destroy(reason);
  }

  // ---- for the link

  get session(): SessionClient | undefined {
    return this.#talk?.exchange;
  }

  /** Whether all that was accepted has gone out, is confirmed where that can be known, and answered where that is due. */
  get settled(): boolean {
    return this.#talk?.exchange.out.length === 0 && this.#talk.requests.size === 0;
  }

  arrive(message: Message): number {
    return this.#talk?.exchange.arrive(message) ?? outside;
  }

  answered(message: Message): boolean {
    return this.#talk?.requests.answered(message) ?? false;
  }

  lastWord(): void {
    this.#talk?.exchange.farewell(this.state === 'closed' ? 'stopped' : 'goes on');
  }

  linkDrained(): void {
    this.#talk?.exchange.flush();
    this.#link?.settled();
  }

  linkClosed(reason: Error | undefined): void {
    const cause = reason ?? new NetworkError('CLOSED', `${this.remote} closed the connection`);
    this.#link = undefined;
    if (this.state === 'closed') this.#talk?.requests.fail(cause.message, 'ABANDONED');
    this.#talk?.linkLost(cause);
    if (this.state === 'closed') return this.#end(reason);
    this.step('lost');
    this.tell('lost', cause);
    this.#lost(cause);
  }

  protected override begin(owner: Owner): void {
    for (const address of this.addresses) owner.streamTransport(address).catch(() => undefined);
    this.#talk = new Conversation(this.name, this.settings, owner.logger, (event, ...values) =>
      this.tell(event, ...values),
    );
    this.step('start');
    const opening = this.#talk.open();
    if (opening === undefined) return this.#live(owner);
    this.#spool = 'opening';
    opening.then(
      () => this.#live(owner),
      (error: unknown) => this.giveUp(asError(error)),
    );
  }

  #live(owner: Owner): void {
    this.#spool = 'open or none';
    if (this.stopping.signal.aborted) return this.#end(undefined);
    this.live(owner).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return;
      this.step('failed');
      this.#end(asError(error));
    });
  }

  /** Without a package it cannot go on; without its spool it must not: messages would be lost that are thought safe. */
  protected giveUp(error: Error): void {
    if (!this.step('stop')) return this.#end(error);
    this.logger.log('error', error.message, { connection: this.name, error });
    this.stopping.abort(error);
    this.#talk?.requests.fail(error.message);
    this.#end(error, error);
  }

  /** The whole life; rejects when it is over without having been stopped. */
  protected live(owner: Owner): Promise<never> {
    return this.attempt(owner);
  }

  /** One attempt and the life of its link; rejects when either ends. */
  protected async attempt(owner: Owner): Promise<never> {
    const deadline = this.settings.dialTime;
    const channel = await dial(this.addresses, owner, deadline, this.stopping.signal);
    if (this.stopping.signal.aborted) {
      channel.destroy();
      throw asError(this.stopping.signal.reason);
    }
    const lost = new Promise<never>((_, reject) => {
      this.#lost = reject;
    });
    this.#opened(channel);
    return lost;
  }

  /** The options, checked and filled up. */
  protected get settings(): ClientSettings {
    this.#settings ??= settle(this.options, this.owner, this.offersSession);
    return this.#settings;
  }

  /** Whether sessions are offered unless told otherwise: on a link that comes back they are worth it. */
  protected get offersSession(): boolean {
    return false;
  }

  protected override enabledChanged(): void {
    this.#link?.wake();
  }

  protected override details(): object {
    const { received = 0, sent = 0, invalid = 0 } = this.#link ?? {};
    const { out, fates } = this.#talk?.exchange ?? {};
    const { unsent: queued = 0, unconfirmed = 0, bytes: queuedBytes = 0 } = out ?? {};
    const { remote, guarantee } = this;
    const spool = this.#talk?.exchange.spooling?.trouble?.message;
    return { remote, guarantee, received, sent, invalid, queued, unconfirmed, queuedBytes, fates: { ...fates }, spool };
  }

  #open(): Conversation {
    if (this.state !== 'closed' && this.#talk !== undefined) return this.#talk;
    throw new NetworkError('CLOSED', `${this.name} is ${this.state === 'closed' ? 'closed' : 'not started'}`);
  }

  #opened(channel: Channel): void {
    const link = new Link(channel, this.settings.link, this);
    this.#link = link;
    this.openSince = undefined;
    this.step('opened');
    this.logger.log('info', `connected to ${channel.remote}`, { connection: this.name });
    link.start();
    this.#talk?.linkOpened(link);
    this.#open()
      .greet(this, this.options.opened)
      .then(
        () => this.#greeted(link),
        (error: unknown) => {
          this.logger.log('error', `greeting failed: ${reasonOf(error)}`, { connection: this.name, error });
          link.destroy(asError(error));
        },
      );
  }

  #greeted(link: Link): void {
    if (this.#link !== link) return;
    this.openSince = this.owner?.clock.now();
    this.#talk?.exchange.greeted();
    if (this.state === 'closed') return link.settled();
    this.tell('open');
  }

  protected step(event: ClientStep): boolean {
    if (!this.#machine.attempt(event)) return false;
    this.tell('state', this.state);
    return true;
  }

  #end(reason: Error | undefined, failure?: Error): void {
    const { aborted, reason: stopped } = this.stopping.signal;
    this.#talk?.requests.fail(reasonOf(reason ?? stopped), aborted ? 'ABANDONED' : 'CLOSED');
    this.#abandoned = this.#talk?.exchange.abandon(reason) ?? 0;
    const over = (): void => {
      this.owner?.ended(this, failure);
      this.tell('close', reason);
    };
    const closing = this.#talk?.exchange.spooling?.close();
    if (closing === undefined) return over();
    closing.catch((error: unknown) => this.logger.log('error', reasonOf(error), { connection: this.name })).then(over);
  }
}
