// A client that connects once. `PermanentClient` is this with the way back.
//
//   idle ─start▶ dialing ─opened▶ open ─lost▶ closed
//     └─stop▶ closed ◀─failed, stop─┘  └─stop▶ closed        (permanent: lost and failed lead to waiting instead)
//
// What is sent before the link is open, or while it takes no more, waits in the outbox. On a new link the
// greeting goes first, what waited follows it.

import type { Address } from '../base/address.ts';
import { formatAddress, parseAddress } from '../base/address.ts';
import { asError, NetworkError, reasonOf, UsageError } from '../base/errors.ts';
import { refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Correspondent, RequestOptions, Sending } from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { silentLogger } from '../logging/index.ts';
import { Message } from '../message/index.ts';
import type { Channel } from '../transport/index.ts';
import type { Owner, Unfinished } from './connection.ts';
import { Connection } from './connection.ts';
import type { ClientOptions, ClientSettings } from './parts/client-options.ts';
import { knownClientOptions, settle } from './parts/client-options.ts';
import type { ClientState, ClientStep } from './parts/client-table.ts';
import { clientTable } from './parts/client-table.ts';
import { dial } from './parts/dial.ts';
import { Link } from './parts/link.ts';
import type { LinkRole } from './parts/link-role.ts';
import { Outbox } from './parts/outbox.ts';
import { Requests } from './parts/requests.ts';

export type ClientEvents = {
  /** Each time the state changes. */
  state: [to: ClientState];
  /** The link is open, the greeting was sent. */
  open: [];
  /** The link is gone. */
  lost: [reason: Error];
  /** A permanent client's attempt failed or its link was lost; the next try is in `pause` ms. */
  retry: [error: Error, pause: number];
  /** A message left the outbox without being sent. */
  dropped: [message: Message<unknown>, reason: Error];
  /** There is room again behind a `send` that said 'queued'. */
  drain: [];
  /** Once, last; with a reason where it was not asked for. */
  close: [reason: Error | undefined];
};

export class Client extends Connection<ClientEvents> implements LinkRole, Correspondent {
  readonly remote: string;
  protected readonly addresses: readonly Address[];
  protected readonly options: ClientOptions;
  protected readonly stopping = new AbortController();
  /** When the present or the last link was open and greeted, on the clock. */
  protected openSince: number | undefined;
  readonly #machine: StateMachine<ClientState, ClientStep>;
  #settings: ClientSettings | undefined;
  #outbox: Outbox | undefined;
  #requests: Requests | undefined;
  #link: Link | undefined;
  #greeting: 'under way' | 'done' = 'under way';
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
    settle(options, undefined);
  }

  get state(): ClientState {
    return this.#machine.state;
  }

  get logger(): Logger {
    return this.owner?.logger ?? silentLogger;
  }

  get awaiting(): number {
    return this.#requests?.size ?? 0;
  }

  get unfinished(): Unfinished {
    const link = this.#link?.unfinished ?? { messages: 0, bytes: 0, handlers: 0 };
    return { ...link, messages: link.messages + (this.#outbox?.length ?? 0) + this.#abandoned };
  }

  /**
   * Sends now, or queues until the link is open and has room.
   * @throws LimitError OUTBOX_FULL, NetworkError CLOSED, UsageError INVALID_NAME
   */
  send(message: Message<unknown> | string): Sending {
    const whole = typeof message === 'string' ? Message.of(message) : message;
    if (this.state === 'closed' || this.#outbox === undefined) {
      throw new NetworkError('CLOSED', `${this.name} is ${this.state === 'closed' ? 'closed' : 'not started'}`);
    }
    if (this.#flows) return this.#link?.send(whole) ?? 'queued';
    this.#outbox.push(whole);
    return 'queued';
  }

  request(message: Message<unknown> | string, options: RequestOptions = {}): Promise<Message> {
    if (this.#requests === undefined) return Promise.reject(new NetworkError('CLOSED', `${this.name} is not started`));
    const answer = this.#requests.open(message, options, {
      send: numbered => this.send(numbered),
      withdraw: numbered => this.#outbox?.withdraw(numbered),
    });
    this.#link?.wake();
    return answer;
  }

  /** Sends what waits on the open link, then closes. */
  close(): void {
    this.stop();
  }

  stop(): void {
    if (!this.#step('stop')) return;
    const reason = new NetworkError('CLOSED', `${this.name} was stopped`);
    this.stopping.abort(reason);
    this.#requests?.fail(reason.message);
    if (this.#link === undefined) return this.#end(undefined);
    this.#link.mustEnd();
    this.#finish();
  }

  destroy(reason?: Error): void {
    this.stop();
    this.#link?.destroy(reason);
  }

  answered(message: Message): boolean {
    return this.#requests?.answered(message) ?? false;
  }

  linkDrained(): void {
    if (this.state === 'closed') return this.#finish();
    this.#flush();
    if (this.#flows) this.tell('drain');
  }

  linkClosed(reason: Error | undefined): void {
    const cause = reason ?? new NetworkError('CLOSED', `${this.remote} closed the connection`);
    this.#link = undefined;
    this.#requests?.fail(cause.message);
    if (this.state === 'closed') return this.#end(reason);
    this.#step('lost');
    this.tell('lost', cause);
    this.#lost(cause);
  }

  protected override begin(owner: Owner): void {
    for (const address of this.addresses) owner.streamTransport(address).catch(() => undefined);
    this.#requests = new Requests(owner.clock);
    this.#outbox = new Outbox(this.options.outbox, owner.clock, (message, reason) => {
      this.logger.log('warn', `${message.command} was not sent: ${reason.message}`, {
        connection: this.name,
      });
      this.tell('dropped', message, reason);
    });
    this.#step('start');
    this.live(owner).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return;
      this.#step('failed');
      this.#end(asError(error));
    });
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

  protected step(event: ClientStep): void {
    this.#step(event);
  }

  /** The options, checked and filled up. */
  protected get settings(): ClientSettings {
    this.#settings ??= settle(this.options, this.owner);
    return this.#settings;
  }

  protected override enabledChanged(): void {
    this.#link?.wake();
  }

  protected override details(): object {
    const { received = 0, sent = 0, invalid = 0 } = this.#link ?? {};
    const { length: queued = 0, bytes: queuedBytes = 0, dropped = 0, expired = 0 } = this.#outbox ?? {};
    return { remote: this.remote, received, sent, invalid, queued, queuedBytes, dropped, expired };
  }

  /** Whether what is sent now may go straight onto the link: nothing waits before it, and there is room. */
  get #flows(): boolean {
    const link = this.#link;
    return link?.outlet === 'clear' && this.#greeting === 'done' && this.#outbox?.length === 0;
  }

  #opened(channel: Channel): void {
    const link = new Link(channel, this.settings.link, this);
    this.#link = link;
    this.#greeting = 'under way';
    this.openSince = undefined;
    this.#step('opened');
    this.logger.log('info', `connected to ${channel.remote}`, { connection: this.name });
    link.start();
    this.#greet(link).then(
      () => this.#greeted(link),
      (error: unknown) => {
        this.logger.log('error', `greeting failed: ${reasonOf(error)}`, { connection: this.name, error });
        link.destroy(asError(error));
      },
    );
  }

  /** The greeting writes past the outbox. It stays synchronous where the program's function is. */
  async #greet(link: Link): Promise<void> {
    const send = (message: Message<unknown> | string): Sending =>
      link.send(typeof message === 'string' ? Message.of(message) : message);
    const { name, remote, logger } = this;
    await this.options.opened?.({
      name,
      remote,
      logger,
      send,
      request: (message, options = {}) => (this.#requests as Requests).open(message, options, { send }),
      close: () => link.drain(),
    });
  }

  #greeted(link: Link): void {
    if (this.#link !== link) return;
    this.#greeting = 'done';
    this.openSince = this.owner?.clock.now();
    if (this.state === 'closed') return this.#finish();
    this.#flush();
    this.tell('open');
  }

  /** Sends what waits while there is room. */
  #flush(): void {
    while (this.#link?.outlet === 'clear' && this.#greeting === 'done') {
      const message = this.#outbox?.shift();
      if (message === undefined) return;
      this.#link.send(message);
    }
  }

  /** After stop: what waits goes out as the link takes it, then the link ends. */
  #finish(): void {
    this.#flush();
    if (this.#outbox?.length === 0) this.#link?.drain();
  }

  #step(event: ClientStep): boolean {
    if (!this.#machine.attempt(event)) return false;
    this.tell('state', this.state);
    return true;
  }

  #end(reason: Error | undefined): void {
    const closed = new NetworkError('CLOSED', `${this.name} is closed`, { cause: reason });
    this.#abandoned = this.#outbox?.clear(closed) ?? 0;
    this.owner?.ended(this);
    this.tell('close', reason);
  }
}
