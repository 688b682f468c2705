// Both directions of a connection that may carry a session: what waits and is under way, what came in, and the
// acknowledgements. The two sides differ only in who offers and who agrees (session-client.ts, session-server.ts).
//
//   silent ─offer▶ offered ─agree▶ agreed      the first message took the offer along, and others follow it
//   resuming ─agree▶ agreed                    a new link of a known session: first both learn where to go on
//   silent, offered, resuming ─pass▶ plain     no session on this link: what was handed over is done with
//   plain ─agree▶ agreed                       the answer came late
//   from each: ─link▶ silent, ─return▶ resuming        (a new link)

import type { LimitError } from '../../base/errors.ts';
import { NetworkError, UsageError } from '../../base/errors.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { StateMachine } from '../../base/state-table.ts';
import type { Guarantee, Sending } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { Carrier, Fate, Fates, HeartbeatLimits, Outgoing } from '../../session/index.ts';
import { isCounted, noFates, OutStream, outgoingOf, readAck } from '../../session/index.ts';
import type { LinkSession } from '../link/link-role.ts';
import { consumed } from '../link/link-role.ts';
import { failure } from './deliver.ts';
import type { ExchangeHost, Wishes } from './exchange-host.ts';
import type { ExchangeEvent, ExchangePhase } from './exchange-table.ts';
import { exchangeTable } from './exchange-table.ts';
import { Expiry } from './expiry.ts';
import { Inbound } from './inbound.ts';
import { Life } from './life.ts';

export abstract class Exchange implements LinkSession {
  readonly fates: Fates = noFates();
  /** Deliveries whose fate somebody waits for. */
  deliveries = 0;
  /** What was accepted and has no fate yet. */
  readonly out: OutStream;
  protected readonly inbound: Inbound;
  protected readonly host: ExchangeHost;
  protected readonly life: Life;
  readonly #limits: QueueLimits;
  readonly #machine: StateMachine<ExchangePhase, ExchangeEvent>;
  /** Numbers given when the other side was last asked to confirm. */
  #askedAt = 0;
  #backlog: 'none' | 'told' = 'none';
  readonly #expiry: Expiry;
  #life: 'on' | 'over' = 'on';
  /** Why it is over. */
  protected end: Error | undefined;

  constructor(host: ExchangeHost, limits: QueueLimits, heartbeat: HeartbeatLimits, phase: ExchangePhase) {
    this.host = host;
    this.#limits = limits;
    this.#machine = new StateMachine(exchangeTable, phase);
    this.inbound = new Inbound(host.clock, message => this.#tell(message));
    this.life = new Life(heartbeat, host.clock);
    this.out = new OutStream(limits, host.clock, (outgoing, fate, reason) => this.settle(outgoing, fate, reason));
    this.#expiry = new Expiry(this.out, host.clock);
  }

  /** Whether somebody may wait for what only the other side's confirmations bring: a fate, or room. */
  get awaited(): number {
    return this.deliveries + (this.#backlog === 'told' ? 1 : 0);
  }

  get phase(): ExchangePhase {
    return this.#machine.state;
  }

  get guarantee(): Guarantee {
    return this.phase === 'agreed' ? 'exactly-once-per-session' : 'at-most-once';
  }

  /** `now` for who knows it. @throws LimitError OUTBOX_FULL or SPOOL_FULL, NetworkError CLOSED */
  send(message: Message<unknown>, wishes?: Wishes, now: number = this.host.clock.now()): Sending {
    if (this.#life === 'over') throw new NetworkError('CLOSED', `${this.host.name} is closed`);
    if (!isCounted(message)) return this.#sendOutside(message, wishes);
    const outgoing = this.#accept(message, wishes, now);
    if (outgoing !== undefined) {
      if (!this.#passes(outgoing)) this.flush();
      if (this.out.unsent === 0 && this.host.link?.outlet === 'clear') return 'sent';
    }
    if (this.#backlog === 'none') {
      this.#backlog = 'told';
      this.host.link?.wake();
    }
    return 'queued';
  }

  /** The way of most: nothing waits before it, and there is room on the link and in the window; all else waits. */
  #passes(outgoing: Outgoing): boolean {
    const { out, phase, host } = this;
    const mayPass = phase === 'agreed' && out.unsent === 0 && this.mayFlow && this.mayGo(outgoing);
    if (!mayPass || !out.windowIsOpen || host.link?.outlet !== 'clear') {
      out.push(outgoing);
      return false;
    }
    out.pass(outgoing);
    host.link.sendLine(outgoing.line, outgoing.message, outgoing.bytes);
    return true;
  }

  /** Sends what waits, as far as there is room on the link and in the window. */
  flush(): void {
    while (this.mayFlow && this.host.link?.outlet === 'clear') {
      if (this.phase !== 'plain' && !this.out.windowIsOpen) {
        this.#askForConfirmation();
        break;
      }
      const outgoing = this.#next();
      if (outgoing === undefined) break;
      const carrier = this.carrying(outgoing.again ?? outgoing.message, 'first') ?? outgoing.again;
      if (carrier === undefined) this.host.link.sendLine(outgoing.line, outgoing.message, outgoing.bytes);
      else this.host.link.send(carrier);
    }
    if (this.phase === 'plain') this.settleSent();
    this.#tellRoom();
  }

  /** Gives up on all, and says how many there were. */
  abandon(cause: Error | undefined): number {
    this.stopTimers();
    this.#expiry.end();
    this.inbound.restart();
    this.#life = 'over';
    this.end = cause;
    return this.out.abandon();
  }

  /** Why a message with this fate was not delivered. */
  failure(fate: Fate, reason: LimitError | undefined): Error {
    return reason ?? failure(fate, this.end);
  }

  stopTimers(): void {
    this.life.end();
    this.inbound.stopTimer();
  }

  // ---- for the link

  /** As `LinkRole.arrive`. */
  arrive(message: Message): number {
    if (this.phase !== 'agreed') return this.arriveEarly(message);
    const { command } = message;
    if (command === 'ACK') return this.#acknowledged(message);
    if (command === 'SESSION') return this.control(message);
    if (command === 'ALIVE' || command === 'ABSOLUTELY') return this.life.sign(message);
    if (command === 'INVALID' && !isCounted(message)) return this.refused();
    return this.inbound.stream.arrive() || consumed;
  }

  complain(message: Message<unknown>): void {
    const { link } = this.host;
    if (isCounted(message) && this.phase !== 'plain' && this.phase !== 'silent') this.send(message);
    else if (link?.canSend) link.send(this.carrying(message, 'ahead') ?? message);
  }

  get stream(): object {
    return this.inbound.stream;
  }

  take(number: number): void {
    this.inbound.stream.take(number);
  }

  done(number: number, stream: object): void {
    this.inbound.done(number, stream);
  }

  refuse(number: number, stream: object): void {
    this.inbound.refuse(number, stream);
  }

  unreadable(): void {
    if (this.phase === 'agreed') this.inbound.unreadable();
  }

  heard(): void {
    this.life.heard();
  }

  repeats(_message: Message): boolean {
    return false;
  }

  // ---- for the two sides

  /** Whether messages may go onto the link now. */
  protected abstract get mayFlow(): boolean;
  /** A message before the agreement. */
  protected abstract arriveEarly(message: Message): number;
  /** SESSION on an agreed link. */
  protected abstract control(message: Message): number;
  /** INVALID about our SESSION. */
  protected abstract refused(): number;

  /** The message as it goes out where it takes the offer along. */
  protected carrying(_message: Message<unknown>, _carrier: Carrier): Message<unknown> | undefined {
    return undefined;
  }

  /** What went out on a plain link is done with. */
  protected settleSent(): void {
    this.out.settleSent();
  }

  /** Whether a message may go out yet. */
  protected mayGo(_outgoing: Outgoing): boolean {
    return true;
  }

  /** Keeps a message on disk where that is wanted. @throws LimitError SPOOL_FULL, NetworkError SPOOL_FAILED */
  protected store(_outgoing: Outgoing): void {}

  protected step(event: ExchangeEvent): void {
    this.#machine.step(event);
  }

  /** Both sides count from now on. */
  protected agreed(): void {
    this.#machine.step('agree');
    this.#askedAt = 0;
    this.inbound.acknowledge();
    this.flush();
  }

  /** A message has ended. */
  protected settle({ message }: Outgoing, fate: Fate, reason?: LimitError): void {
    this.fates[fate] += 1;
    if (fate === 'confirmed' || fate === 'sent' || fate === 'withdrawn') return;
    this.host.missed(message, this.failure(fate, reason));
  }

  /** @throws LimitError */
  #accept(given: Message<unknown>, wishes: Wishes | undefined, now: number): Outgoing | undefined {
    const { age } = this.#limits;
    const outgoing = outgoingOf(given, now + Math.min(wishes?.ttl ?? age, age), wishes);
    try {
      if (this.out.takes(outgoing.bytes)) {
        this.store(outgoing);
        return outgoing;
      }
    } catch (error) {
      this.fates.refused += 1;
      if (this.out.length > 0) this.#backlog = 'told';
      throw error;
    }
    const reason = this.out.full('DROPPED', 'the newest is dropped');
    wishes?.told?.('dropped', reason);
    this.settle(outgoing, 'dropped', reason);
    return undefined;
  }

  /** Once for each window: the other side would otherwise take its time. */
  #askForConfirmation(): void {
    if (this.phase !== 'agreed' || this.#askedAt === this.out.sent) return;
    this.#askedAt = this.out.sent;
    this.inbound.ask();
  }

  #next(): Outgoing | undefined {
    this.out.expire();
    const { first } = this.out;
    return first === undefined || !this.mayGo(first) ? undefined : this.out.next();
  }

  #tellRoom(): void {
    this.#expiry.watch();
    if (this.#backlog === 'none' || this.out.unsent > 0 || this.host.link?.outlet !== 'clear') return;
    this.#backlog = 'none';
    this.host.drained();
  }

  /** Commands of the session itself, from a program: as they are, or not at all. */
  #sendOutside(message: Message<unknown>, wishes: Wishes | undefined): Sending {
    const { link, name } = this.host;
    const { command } = message;
    if (command !== 'ALIVE' && command !== 'ABSOLUTELY' && this.phase !== 'plain') {
      throw new UsageError('INVALID_NAME', `${command} is a session's own on ${name}, it cannot be sent or passed on`);
    }
    if (link === undefined) throw new NetworkError('CLOSED', `${name} has no link for ${message.command}`);
    const sending = link.send(this.carrying(message, 'ahead') ?? message);
    wishes?.told?.('sent');
    return sending;
  }

  #acknowledged(message: Message): number {
    const { count, refused, beyond, asks } = readAck(message);
    this.out.confirm(count, new Set(refused), beyond);
    if (asks) this.inbound.asked();
    this.flush();
    this.host.link?.settled();
    return consumed;
  }

  /** Sends an acknowledgement; false where there is no link for it. */
  #tell(message: Message): boolean {
    const { link } = this.host;
    if (this.phase !== 'agreed' || link?.canSend !== true) return false;
    link.send(message);
    return true;
  }
}
