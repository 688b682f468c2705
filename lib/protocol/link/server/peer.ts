// A node or a control that has registered. With a session it outlives its socket: it waits for the other side to come
// back, and goes on where both had been. Its states, with their figure, are in server/table.ts.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { NetworkError, PeerError } from '../../../base/errors.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Owner, Unfinished } from '../../../connection/index.ts';
import { Connection } from '../../../connection/index.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import type { Definition, EventDefinition, RequestDefinition } from '../definitions.ts';
import type { Ending, FrameSocket } from '../session/frame-socket.ts';
import { nobody } from '../session/frame-socket.ts';
import { Line } from '../session/line.ts';
import { Link } from '../session/link.ts';
import type { LinkHost, Sender, SendOptions } from '../session/link-host.ts';
import { sendOver } from '../session/link-host.ts';
import { SeedCourse, SessionCourse } from '../session.ts';
import type { Close, Data, Dialect } from '../wire.ts';
import { closes, isOrderly, writeFrame } from '../wire.ts';
import type { LinkLimits, SessionOptions } from './options.ts';
import type { LinkPeerEvents, LinkPeerState, LinkPeerStep } from './table.ts';
import { linkPeerTable } from './table.ts';

/** Who registered. */
export interface Registration {
  readonly dialect: Dialect;
  readonly role: 'node' | 'control';
  /** Of a node. */
  readonly id: number | undefined;
  /** Of a node; the agent of a control. */
  readonly name: string;
  readonly agent: string;
  readonly version: string;
}

/** The server, as far as its peers need it. */
export interface PeerHost {
  readonly clock: Clock;
  readonly priority: number;
  readonly limits: LinkLimits;
  readonly session: SessionOptions;
  readonly drainTime: number;
  perform(definition: Definition, data: Data, peer: LinkPeer): unknown;
  /** Its state has changed. */
  stepped(peer: LinkPeer, step: LinkPeerStep, reason?: Error): void;
  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void;
}

export class LinkPeer extends Connection<LinkPeerEvents> implements LinkHost, Sender {
  readonly registration: Registration;
  /** With which a session is resumed; empty in the seed dialect. */
  readonly token: string;
  /** For the program: whatever belongs to this peer. */
  data: unknown;
  readonly link: Link;
  readonly #host: PeerHost;
  readonly #machine = new StateMachine(linkPeerTable, 'idle');
  readonly #line: Line;
  #forget: Cancel | undefined;

  /** Made by servers. */
  constructor(registration: Registration, token: string, socket: FrameSocket, catalogue: Catalogue, host: PeerHost) {
    super('link peer', { name: registration.name, priority: host.priority });
    this.registration = registration;
    this.token = token;
    this.#host = host;
    const course =
      registration.dialect === 'seed'
        ? new SeedCourse(socket, 1, host.limits.frame)
        : new SessionCourse(socket, { ...host.session, frame: host.limits.frame }, host.clock);
    this.link = new Link(catalogue, course, this, host.limits.handlers);
    const { clock } = host;
    this.#line = new Line(this.link, socket, { clock, connection: this, gone: ending => this.#gone(ending) });
  }

  get state(): LinkPeerState {
    return this.#machine.state;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  get id(): number | undefined {
    return this.registration.id;
  }

  get remote(): string {
    return this.#line.socket.remote;
  }

  get unfinished(): Unfinished {
    return this.link.unfinished;
  }

  /** While the link is dropped, messages wait for it. */
  send<Q, R>(definition: RequestDefinition<Q, R>, data: Q, options?: SendOptions): Promise<R>;
  send<D>(definition: EventDefinition<D>, data: D): void;
  send(definition: Definition, data: unknown, options?: SendOptions): Promise<unknown> | undefined {
    return sendOver(this.link, definition, data, options);
  }

  // ---- for the server

  /** Tells the other side that it is registered. */
  protected override begin(_owner: Owner): void {
    this.#machine.step('start');
    const { socket } = this.#line;
    this.#take(socket);
    if (this.link.course.dialect === 'seed') this.link.course.post('ready', {});
    else socket.send(writeFrame(null, 'ready', { session_token: this.token, ...this.#intervals }));
  }

  /** Whether the other side can go on behind this number. */
  canResume(seq: number | null): boolean {
    const { course } = this.link;
    const { state } = this;
    if (state !== 'connected' && state !== 'dropped') return false;
    return course instanceof SessionCourse && course.canResume(seq);
  }

  /** The other side has come back; what it was on before, it has left. */
  resume(socket: FrameSocket, seq: number | null): void {
    const { course } = this.link;
    if (!(course instanceof SessionCourse)) return;
    if (this.#machine.state === 'connected') {
      const { socket: former } = this.#line;
      former.owner = nobody;
      former.destroy();
      this.#drop(new NetworkError('CLOSED', 'the other side has come back'));
    }
    this.#machine.step('resume');
    this.#forget?.();
    this.#take(socket);
    socket.send(writeFrame(null, 'continue', { last_seq: course.received, ...this.#intervals }));
    course.resume(socket, seq);
    this.tell('resume');
    this.#host.stepped(this, 'resume');
  }

  /** Ends in good order. */
  stop(): void {
    if (this.state === 'dropped') return this.#end('stop', stopped());
    if (!this.#machine.attempt('stop')) return;
    const isSeed = this.link.course.dialect === 'seed';
    if (isSeed && this.link.waiting === 0) return this.close(closes.shutdown);
    const quit = (): void => this.close(isSeed ? closes.shutdown : closes.serverQuit);
    void this.link.prepareEnd(this.#host.drainTime).then(quit);
  }

  /** Ends it now, and says why. */
  close(close: Close): void {
    if (this.state === 'closed') return;
    this.#line.close(close);
    this.#end('over', this.#reasonOf(close));
  }

  destroy(reason: Error = new NetworkError('CLOSED', `${this.name} was destroyed`)): void {
    this.#line.socket.destroy(reason);
    this.#end('over', reason);
  }

  // ---- for the link

  perform(definition: Definition, data: Data): unknown {
    return this.#host.perform(definition, data, this);
  }

  broken(close: Close, session: 'kept' | 'ended'): void {
    if (session === 'ended') return this.close(close);
    this.#line.close(close);
  }

  closed(reason: string): void {
    this.#line.socket.destroy();
    this.#end('over', new NetworkError('CLOSED', `the other side closed: ${reason}`));
  }

  wake(): void {
    this.#line.socket.wake();
  }

  override log(severity: 'debug' | 'warn' | 'error', text: string, fields: object = {}): void {
    this.#host.log(severity, text, { peer: this.name, id: this.id, ...fields });
  }

  #gone({ code, reason, error }: Ending): void {
    const words = reason === '' ? `closed with ${code}` : `closed with ${code}: ${reason}`;
    const cause = error ?? new NetworkError('CLOSED', `the other side ${words}`);
    const parting = isOrderly(code) || this.link.isEnding;
    if (this.link.course.dialect === 'seed' || parting || this.state === 'closing') return this.#end('over', cause);
    this.#drop(cause);
  }

  protected override enabledChanged(): void {
    this.wake();
  }

  protected override details(): object {
    const { role, id, dialect, agent, version } = this.registration;
    return { role, id, dialect, agent, version, remote: this.remote, ...this.link.details };
  }

  #drop(reason: Error): void {
    if (!this.#machine.attempt('drop')) return;
    this.#line.rest();
    this.link.course.detach();
    const late = new NetworkError(
      'SESSION_LOST',
      `the session was not resumed within ${this.#host.session.timeout} ms`,
    );
    this.#forget = this.clock.after(this.#host.session.timeout, () => this.#end('expire', late));
    this.tell('drop', reason);
    this.#host.stepped(this, 'drop', reason);
  }

  #take(socket: FrameSocket): void {
    this.#line.take(socket, this.#host.session.heartbeat, 'the other side');
  }

  #end(step: LinkPeerStep, reason: Error): void {
    if (!this.#machine.attempt(step)) return;
    this.#forget?.();
    this.#line.rest();
    this.link.end(reason);
    if (step === 'expire') this.tell('invalidate');
    this.#host.stepped(this, step, reason);
    this.owner?.ended(this);
    this.tell('close', reason);
  }

  #reasonOf({ code, reason }: Close): Error {
    if (code === closes.replaced.code) return new PeerError('REPLACED', reason);
    return code === closes.malformed.code
      ? new PeerError('PROTOCOL_ERROR', reason)
      : new NetworkError('CLOSED', reason);
  }

  get #intervals(): Data {
    const { timeout, heartbeat } = this.#host.session;
    return { session_timeout: timeout / 1_000, heartbeat_interval: heartbeat / 1_000 };
  }
}

const stopped = (): Error => new NetworkError('ABANDONED', 'the server was stopped');
