// A client's session, over as many sockets as it lasts.
//
//   going ─quit▶ leaving         going ─break▶ broken        (broken: the next link begins a new session)

import type { Clock } from '../../../base/clock.ts';
import { NetworkError, PeerError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import type { Definition } from '../definitions.ts';
import type { Ending, FrameSocket, Next, SocketOwner } from '../session/frame-socket.ts';
import { Link } from '../session/link.ts';
import type { LinkHost } from '../session/link-host.ts';
import { Pulse } from '../session/pulse.ts';
import { SeedCourse, SessionCourse } from '../session.ts';
import type { Close, Data, Dialect } from '../wire.ts';
import { closes } from '../wire.ts';
import { fatalError } from './fatal.ts';
import type { SessionKey } from './handshake.ts';
import type { LinkClientLimits } from './options.ts';

type LifeState = 'going' | 'leaving' | 'broken';
type LifeStep = 'quit' | 'break';

export const lifeTable: StateTable<LifeState, LifeStep> = {
  going: { quit: 'leaving', break: 'broken' },
  leaving: { break: 'broken' },
  broken: {},
};

/** The connection that it belongs to. */
interface Switched {
  readonly priority: number;
  /** Whether messages are handled at present. */
  readonly enabled: boolean;
}

export interface LifeHost {
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly limits: LinkClientLimits;
  readonly catalogue: Catalogue;
  /** What is said at an orderly end. */
  readonly farewell: string;
  readonly connection: Switched;
  perform(definition: Definition, data: Data, link: Link): unknown;
  /** The socket is gone; `fatal` where no other one should follow. */
  dropped(reason: Error, fatal: boolean): void;
  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void;
}

/** Heartbeats that a controller may ask for, in ms; the source: none, real ones ask for 15 s. */
const shortestInterval = 10;

export class Life implements LinkHost, SocketOwner {
  readonly clock: Clock;
  readonly link: Link;
  readonly #host: LifeHost;
  readonly #machine = new StateMachine(lifeTable, 'going');
  readonly #token: string;
  #socket: FrameSocket;
  #pulse: Pulse | undefined;
  #timeout = 0;
  #fault: PeerError | undefined;

  /** `seq` is the number that the handshake used last; `data` came with `ready`. */
  constructor(socket: FrameSocket, seq: number, data: Data, host: LifeHost) {
    this.clock = host.clock;
    this.#host = host;
    this.#socket = socket;
    this.#token = (data.session_token as string | undefined) ?? '';
    const { dialect, limits, catalogue } = host;
    const course =
      dialect === 'seed' ? new SeedCourse(socket, seq, limits.frame) : new SessionCourse(socket, limits, host.clock);
    this.link = new Link(catalogue, course, this, limits.handlers);
    this.#take(socket, data);
  }

  /** What the session goes on with on another link; undefined where it cannot. */
  get key(): SessionKey | undefined {
    const { course } = this.link;
    if (!(course instanceof SessionCourse) || this.#machine.state === 'broken') return undefined;
    return { token: this.#token, received: course.received };
  }

  /** How long the controller remembers it without a link, in ms. */
  get timeout(): number {
    return this.#timeout;
  }

  /** Goes on over another socket. False where the controller cannot have what it says it has. */
  resume(socket: FrameSocket, data: Data): boolean {
    const { course } = this.link;
    const received = data.last_seq as number | null;
    if (!(course instanceof SessionCourse) || !course.canResume(received)) {
      this.#machine.attempt('break');
      socket.close(closes.badHandshake);
      return false;
    }
    this.#socket = socket;
    this.#take(socket, data);
    course.resume(socket, received);
    return true;
  }

  /** Ends in good order. */
  quit(drainTime: number): void {
    // Where the rules were broken its socket closes already.
    if (!this.#machine.attempt('quit')) return;
    const { farewell } = this.#host;
    const isSeed = this.link.course.dialect === 'seed';
    if (isSeed && this.link.waiting === 0) return this.#say(farewell);
    const close = (): void => (isSeed ? this.#say(farewell) : this.#socket.close({ ...closes.quit, reason: farewell }));
    void this.link.prepareEnd(drainTime).then(close);
  }

  end(reason: Error): void {
    this.#pulse?.stop();
    this.link.end(reason);
  }

  // ---- for the link

  perform(definition: Definition, data: Data): unknown {
    return this.#host.perform(definition, data, this.link);
  }

  broken(close: Close, session: 'kept' | 'ended'): void {
    if (session === 'ended') this.#machine.attempt('break');
    this.#fault = new PeerError('PROTOCOL_ERROR', close.reason);
    if (this.link.course.dialect === 'seed') this.#say(close.reason);
    else this.#socket.close(close);
    if (session === 'ended') this.end(new NetworkError('SESSION_LOST', close.reason));
  }

  closed(reason: string): void {
    this.#fault = fatalError(undefined, reason, 'later');
    this.#socket.destroy(new NetworkError('CLOSED', `${this.#socket.remote} closed: ${reason}`));
  }

  wake(): void {
    this.#socket.wake();
  }

  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void {
    this.#host.log(severity, text, fields);
  }

  // ---- for the socket

  get priority(): number {
    return this.#host.connection.priority;
  }

  next(): Next {
    return this.#host.connection.enabled ? this.link.next() : 'waits';
  }

  frame(value: unknown, bytes: number): void {
    this.#pulse?.heard();
    this.link.receive(value, bytes);
  }

  unreadable(close: Close): void {
    this.link.unreadable(close);
  }

  drained(): void {
    this.link.course.flush();
  }

  gone({ code, reason, error }: Ending): void {
    this.#pulse?.stop();
    this.link.parted(code);
    this.link.course.detach();
    const words = reason === '' ? String(code) : `${code}: ${reason}`;
    const fatal =
      fatalError(code, reason, 'later') ?? (this.#fault?.code === 'PROTOCOL_ERROR' ? undefined : this.#fault);
    const cause =
      fatal ?? this.#fault ?? error ?? new NetworkError('CLOSED', `${this.#socket.remote} closed with ${words}`);
    this.#host.dropped(cause, fatal !== undefined);
  }

  #take(socket: FrameSocket, data: Data): void {
    this.#fault = undefined;
    socket.owner = this;
    const { course } = this.link;
    if (!(course instanceof SessionCourse)) return;
    this.#timeout = (data.session_timeout as number) * 1_000;
    const dead = (silent: number): void => {
      socket.destroy(new NetworkError('SILENT', `${socket.remote} was silent for ${Math.round(silent)} ms`));
    };
    const interval = Math.max(shortestInterval, (data.heartbeat_interval as number) * 1_000);
    this.#pulse?.stop();
    this.#pulse = new Pulse(this.clock, interval, {
      beat: () => course.heartbeat(),
      isDeaf: () => !this.#host.connection.enabled || this.link.isDeaf,
      dead,
    });
  }

  /** Seed: closes in words. */
  #say(reason: string): void {
    if (!this.#socket.isOpen) return;
    this.link.course.post('close', { reason });
    this.#socket.close();
  }
}
