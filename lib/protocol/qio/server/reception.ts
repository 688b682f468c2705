// Takes clients in, over whatever they come, and has them until they are gone.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import type { Turns } from '../../../connection/index.ts';
import type { AnyListenEvents, Channel, FrameChannel } from '../../../transport/index.ts';
import type { Carrier, CarrierOwner } from '../session/carrier.ts';
import type { Counters, QioLimits, QioTimes, SessionHost } from '../session/host.ts';
import type { PollingCarrier } from '../session/polling.ts';
import { RawCarrier } from '../session/raw.ts';
import { WebSocketCarrier } from '../session/websocket.ts';
import { Session } from '../session.ts';
import type { Close } from '../wire.ts';
import { closes } from '../wire.ts';
import type { Apps } from './apps.ts';
import type { WebOptions } from './options.ts';
import type { PollsHost } from './polls.ts';
import { Polls } from './polls.ts';
import { Deadlines, every, Round } from './pulse.ts';

/** The server, as far as its reception needs it. */
export interface ReceptionHost {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly random: () => number;
  readonly connection: { readonly priority: number; readonly enabled: boolean };
  readonly limits: QioLimits;
  readonly times: QioTimes;
  readonly web: WebOptions;
  readonly counters: Counters;
  readonly apps: Apps;
  /** Whether clients are let in. */
  readonly isOpen: () => boolean;
  connected(session: Session): void;
  /** Of those that were connected. */
  left(session: Session, reason: Error | undefined): void;
  /** A client is gone. */
  emptied(): void;
  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void;
}

/** What a WebSocket is told for which there is no room; a raw stream has no words. */
const tooMany: Close = { code: 1013, reason: 'too many clients' };
/** Refusals are logged at most once in so many ms. */
const refusalLogPause = 1_000;
/** Connections kept waiting while the server is disabled; further ones are refused. */
const mostKept = 50;
const deaf = { data: () => undefined, drained: () => undefined, ended: () => undefined, closed: () => undefined };

export class Reception implements SessionHost, PollsHost {
  /** For the transport. */
  readonly events: AnyListenEvents = {
    websocket: channel => this.#enter(() => this.#webSocket(channel)),
    stream: channel => this.#enter(() => this.#stream(channel)),
    request: exchange => this.#polls.request(exchange),
    trouble: error => this.log('error', `accepting failed: ${reasonOf(error)}`),
  };
  readonly clock: Clock;
  readonly turns: Turns;
  readonly random: () => number;
  readonly limits: QioLimits;
  readonly times: QioTimes;
  readonly web: WebOptions;
  readonly counters: Counters;
  readonly deadlines: Deadlines<Session>;
  readonly sessions = new Set<Session>();
  readonly #host: ReceptionHost;
  readonly #polls: Polls;
  readonly #open = new Set<Session>();
  readonly #tick: Cancel;
  /** What lets those in who came while the server was disabled. */
  readonly #kept: (() => void)[] = [];
  #lastId = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(host: ReceptionHost) {
    this.#host = host;
    this.clock = host.clock;
    this.turns = host.turns;
    this.random = host.random;
    this.limits = host.limits;
    this.times = host.times;
    this.web = host.web;
    this.counters = host.counters;
    this.deadlines = new Deadlines(host.clock, host.times.client, session => session.late());
    this.#polls = new Polls(this);
    const round = new Round(this.sessions, session => session.tick(this.clock.now()), this);
    this.#tick = every(host.clock, host.times.tick, () => round.go());
  }

  get priority(): number {
    return this.#host.connection.priority;
  }

  /** Those whose handshake is done, the oldest first. */
  get clients(): ReadonlySet<Session> {
    return this.#open;
  }

  get details(): { readonly clients: number; readonly joining: number; readonly polling: number } {
    const clients = this.#open.size;
    return { clients, joining: this.sessions.size - clients, polling: this.#polls.size };
  }

  // ---- for those that poll

  open(carrierFor: (owner: CarrierOwner) => PollingCarrier): boolean {
    if (!this.#hasRoom('a client that polls')) return false;
    this.#admit(carrierFor).ohai();
    return true;
  }

  // ---- for sessions

  event(session: Session, text: string): void {
    this.#host.apps.event(session, text);
  }

  opened(session: Session): void {
    this.counters.handshakes += 1;
    this.#open.add(session);
    this.#host.connected(session);
  }

  retired(session: Session): void {
    this.#host.apps.desk.retire(session);
  }

  gone(session: Session, reason: Error | undefined): void {
    this.sessions.delete(session);
    if (this.#open.delete(session)) this.#host.left(session, reason);
    else this.counters.badHandshakes += 1;
    this.#host.emptied();
  }

  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields: object = {}): void {
    this.#host.log(severity, text, fields);
  }

  /** The server is enabled again. */
  letIn(): void {
    for (const enter of this.#kept.splice(0)) enter();
  }

  // ---- the end

  /** Tells all that the server goes. */
  stop(): void {
    this.letIn(); // where nobody is let in, so that each is told
    for (const session of [...this.sessions]) {
      // Last words do not wait for another request now.
      if (session.state === 'closing' && session.carrier === 'polling') session.destroy();
      else session.close(closes.shutdown);
    }
  }

  destroy(reason: Error): void {
    for (const session of [...this.sessions]) session.destroy(reason);
  }

  /** No timer is left behind. */
  over(): void {
    this.#tick();
  }

  #enter(enter: () => void): void {
    const { enabled } = this.#host.connection;
    if (enabled || this.#kept.length >= mostKept || !this.#host.isOpen()) enter();
    else this.#kept.push(enter);
  }

  #webSocket(channel: FrameChannel): void {
    if (!this.#hasRoom(channel.remote)) {
      const { code, reason }: Close = this.#host.isOpen() ? tooMany : closes.shutdown;
      channel.start(deaf);
      return channel.closeWith(code, reason);
    }
    const { event } = this.limits;
    let carrier: WebSocketCarrier | undefined;
    this.#admit(owner => {
      carrier = new WebSocketCarrier(channel, owner, event);
      return carrier;
    });
    carrier?.start();
  }

  #stream(channel: Channel): void {
    if (!this.#hasRoom(channel.remote)) return channel.destroy();
    let carrier: RawCarrier | undefined;
    this.#admit(owner => {
      carrier = new RawCarrier(channel, owner, this.limits.event);
      return carrier;
    });
    carrier?.start();
  }

  #admit(carrierFor: (owner: CarrierOwner) => Carrier): Session {
    this.#lastId += 1;
    const session = new Session(this.#lastId, this, carrierFor);
    this.sessions.add(session);
    this.deadlines.set(session);
    return session;
  }

  #hasRoom(remote: string): boolean {
    if (!this.#host.isOpen()) return false;
    const { enabled } = this.#host.connection;
    if (enabled && this.sessions.size + this.#kept.length < this.limits.connections) return true;
    this.counters.refused += 1;
    const now = this.clock.now();
    if (now - this.#refusedAt >= refusalLogPause) {
      this.#refusedAt = now;
      const why = enabled ? `${this.sessions.size} clients are here` : `disabled, ${this.#kept.length} wait`;
      this.log('warn', `${why}: more are refused`, { remote });
    }
    return false;
  }
}
