// A peer: the other side of a connection that a listener accepted. With a session it outlives its link: it waits for
// the client to come back, and goes on with the link on which it does.
//
//   open ─lost▶ detached ─adopt▶ open        (only with a session whose client has not said farewell)
//     │            └─stop, expire──────▲
//     └─stop▶ closing ─over▶ closed    └ closed        open ─over▶ closed        closing ─adopt▶ closing
//   open ─replace▶ replaced      (its link is that of a client which has come back: the peer that knows it goes on)

import type { Clock } from '../base/clock.ts';
import { asError, NetworkError, reasonOf } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import type { StateTable } from '../base/state-table.ts';
import type {
  Correspondent,
  DeliverOptions,
  Guarantee,
  Receipt,
  RequestOptions,
  Sending,
  UpgradeFacts,
} from '../dispatcher/index.ts';
import type { Logger } from '../logging/index.ts';
import { often, silentLogger } from '../logging/index.ts';
import type { Message } from '../message/index.ts';
import type { Offer } from '../session/index.ts';
import type { Channel } from '../transport/index.ts';
import type { Owner, Unfinished } from './connection.ts';
import { Connection } from './connection.ts';
import { checkDelivery, deliver } from './exchange/deliver.ts';
import type { ExchangeHost } from './exchange/exchange-host.ts';
import type { SessionPeer } from './exchange/session-memory.ts';
import { answersElsewhere, asksAgain, SessionServer } from './exchange/session-server.ts';
import { Link } from './link/link.ts';
import type { LinkRole } from './link/link-role.ts';
import { outside } from './link/link-role.ts';
import type { PeerEvents } from './parts/peer-events.ts';
import type { PeerHost } from './parts/peer-settings.ts';
import type { Numbers } from './parts/requests.ts';
import { Requests } from './parts/requests.ts';

type PeerState = 'open' | 'detached' | 'closing' | 'replaced' | 'closed';
type PeerStep = 'lost' | 'adopt' | 'replace' | 'expire' | 'stop' | 'over';

export const peerTable: StateTable<PeerState, PeerStep> = {
  open: { lost: 'detached', stop: 'closing', over: 'closed', adopt: 'open', replace: 'replaced' },
  detached: { adopt: 'open', stop: 'closed', expire: 'closed' },
  closing: { over: 'closed', adopt: 'closing' },
  replaced: {},
  closed: {},
};

export class Peer extends Connection<PeerEvents> implements LinkRole, ExchangeHost, SessionPeer, Correspondent {
  /** For the program: whatever belongs to this peer. */
  data: unknown;
  #state: PeerState = 'open';
  readonly #host: PeerHost<Peer>;
  #link: Link;
  #session: SessionServer | undefined;
  #requests: Requests | undefined;

  /** Made by listeners. */
  constructor(channel: Channel, host: PeerHost<Peer>, priority: number) {
    super('peer', { name: channel.remote, priority });
    this.#host = host;
    this.#link = new Link(channel, host.settings.link, this);
  }

  get remote(): string {
    return this.name;
  }

  get upgrade(): UpgradeFacts | undefined {
    return this.#link.upgrade;
  }

  get state(): string {
    return this.#state === 'detached' ? 'detached' : this.#link.state;
  }

  get logger(): Logger {
    return this.owner?.logger ?? silentLogger;
  }

  /** What the present link promises. */
  get guarantee(): Guarantee {
    return this.#session?.guarantee ?? 'at-most-once';
  }

  /** Present requests and deliveries that wait for an answer. */
  get awaiting(): number {
    return (this.#requests?.size ?? 0) + (this.#session?.awaited ?? 0);
  }

  get unfinished(): Unfinished {
    const link = this.#link.unfinished;
    return { ...link, messages: link.messages + (this.#session?.left ?? 0) };
  }

  send(message: Message<unknown> | string): Sending {
    const whole = this.#host.settings.link.dispatcher.outgoing(message);
    const session = this.#session;
    if (session !== undefined && this.#state !== 'closed') return session.send(whole);
    if (answersElsewhere(this.#host.memory.replies, whole, session ?? this)) return 'queued';
    if (session === undefined) return this.#link.send(whole);
    throw new NetworkError('CLOSED', `${this.name} is closed`);
  }

  async deliver(message: Message<unknown> | string, options: DeliverOptions = {}): Promise<Receipt> {
    const whole = this.#host.settings.link.dispatcher.outgoing(message);
    if (this.#session === undefined || this.#state === 'closed') {
      checkDelivery(options);
      options.signal?.throwIfAborted();
      this.#link.send(whole);
      return { guarantee: 'at-most-once' };
    }
    const delivery = deliver(this.#session, whole, options);
    this.#link.wake();
    return delivery;
  }

  request(message: Message<unknown> | string, options: RequestOptions = {}): Promise<Message> {
    const { plain, unique } = this.#host.numbers;
    const numbers = (): Numbers => (this.#session === undefined ? plain : unique);
    this.#requests ??= new Requests(this.clock, numbers, () => this.#link.mayFinish());
    const answer = this.#requests.open(message, options, {
      send: numbered => this.send(numbered),
      withdraw: numbered => this.#session?.out.withdraw(({ message }) => message === numbered),
    });
    this.#link.wake();
    return answer;
  }

  /** Sends what waits, then closes. */
  close(): void {
    if (!this.#step('stop')) return;
    if (this.#state !== 'closed') return this.#link.drain();
    const reason = new NetworkError('CLOSED', `${this.name} was closed`);
    this.#requests?.fail(reason.message, 'ABANDONED');
    this.#end(reason);
  }

  stop(): void {
    this.close();
  }

  destroy(reason?: Error): void {
    this.close();
    this.#link.destroy(reason);
  }

  // ---- for the link

  get link(): Link {
    return this.#link;
  }

  get clock(): Clock {
    return this.#host.settings.link.clock;
  }

  get session(): SessionServer | undefined {
    return this.#session;
  }

  get settled(): boolean {
    return (this.#session === undefined || this.#session.out.length === 0) && (this.#requests?.size ?? 0) === 0;
  }

  arrive(message: Message): number {
    if (this.#session !== undefined) return this.#session.arrive(message);
    return this.#link.received > 0 ? outside : this.#host.memory.first(message, this);
  }

  answered(message: Message): boolean {
    return this.#requests?.answered(message) ?? false;
  }

  repeats(message: Message): boolean {
    return asksAgain(this.#host.memory.replies, message, this);
  }

  lastWord(): void {
    this.#session?.lastWord();
  }

  linkDrained(): void {
    if (this.#session === undefined) return this.tell('drain');
    this.#session.flush();
    this.#link.settled();
  }

  linkClosed(reason: Error | undefined): void {
    this.#host.gone();
    if (this.#state === 'closing') this.#requests?.fail(reason?.message ?? `${this.name} was closed`, 'ABANDONED');
    if (this.#session?.mayReturn !== true || !this.#step('lost')) {
      this.#step('over');
      return this.#end(reason);
    }
    this.#session.linkLost(this.#host.memory.limits.remember, () => {
      this.#step('expire');
      this.#end(reason ?? new NetworkError('CLOSED', `${this.name} did not come back`));
    });
    this.log('info', 'link lost, the session waits', { reason: reason?.message });
    this.tell('lost', reason);
  }

  // ---- for the session

  beginSession(offer: Offer): SessionServer {
    const { outbox, heartbeat } = this.#host.settings;
    this.#session = new SessionServer(this, offer, outbox, { heartbeat, replies: this.#host.memory.replies });
    return this.#session;
  }

  /** The newcomer ends; where this peer's old link still lives, it is fenced off. */
  adopt(newcomer: Peer): void {
    const old = this.#link;
    const wasDetached = this.#state === 'detached';
    if (!this.#step('adopt')) return;
    this.#session?.comeBack();
    newcomer.#link.hold = old.hold;
    this.#link = newcomer.#link;
    this.#link.role = this;
    newcomer.#link = old;
    old.role = newcomer;
    newcomer.#step('replace');
    if (wasDetached) newcomer.#end(undefined);
    else old.destroy(new NetworkError('CLOSED', `${this.name} has come back on another link`));
  }

  resumed(): void {
    if (this.#state === 'closing') this.#link.drain();
    this.tell('resumed');
  }

  say(message: Message): void {
    this.#link.send(message);
  }

  missed(message: Message<unknown>, reason: Error): void {
    this.log('warn', `${message.command} was not delivered: ${reason.message}`, { [often]: 'not delivered' });
    this.tell('dropped', message, reason);
  }

  drained(): void {
    this.tell('drain');
  }

  protected override begin(_owner: Owner): void {
    this.#link.start();
    guarded(
      () => this.#host.greet(this),
      error => this.#greetingFailed(error),
    );
  }

  protected override enabledChanged(): void {
    this.#link.wake();
  }

  protected override details(): object {
    const { received, sent, invalid, unfinished } = this.#link;
    const { remote, guarantee } = this;
    const { fates } = this.#session ?? {};
    const unconfirmed = this.#session?.out.length ?? 0;
    const { bytes: unsent, handlers } = unfinished;
    const counts = { received, sent, invalid, unsent, handlers, unconfirmed };
    return { remote, guarantee, ...counts, fates: { ...fates } };
  }

  #step(event: PeerStep): boolean {
    const to = peerTable[this.#state][event];
    if (to !== undefined) this.#state = to;
    return to !== undefined;
  }

  #end(reason: Error | undefined): void {
    if (this.#session !== undefined) {
      this.#host.memory.forget(this.#session.offer);
      this.#session.over(reason);
    }
    this.#requests?.fail(reason?.message ?? `${this.name} is closed`);
    this.owner?.ended(this);
    this.tell('close', reason);
  }

  #greetingFailed(error: unknown): void {
    // It was no newcomer: its link belongs to a peer that has come back.
    if (this.#state === 'replaced') return;
    this.log('error', `greeting failed: ${reasonOf(error)}`, { error, [often]: 'greeting' });
    this.destroy(asError(error));
  }
}
