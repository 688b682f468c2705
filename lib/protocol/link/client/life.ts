// A client's session, over as many sockets as it lasts.
//
//   going ─quit▶ leaving         going ─break▶ broken        (broken: the next link begins a new session)

import type { Clock } from '../../../base/clock.ts';
import { NetworkError, PeerError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import type { Definition } from '../definitions.ts';
import type { Ending, FrameSocket } from '../session/frame-socket.ts';
import type { Switched } from '../session/line.ts';
import { Line } from '../session/line.ts';
import { Link } from '../session/link.ts';
import type { LinkHost } from '../session/link-host.ts';
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

export class Life implements LinkHost {
  readonly clock: Clock;
  readonly link: Link;
  readonly #host: LifeHost;
  readonly #machine = new StateMachine(lifeTable, 'going');
  readonly #token: string;
  readonly #line: Line;
  #timeout = 0;
  #fault: PeerError | undefined;

  /** `seq` is the number that the handshake used last; `data` came with `ready`. */
  constructor(socket: FrameSocket, seq: number, data: Data, host: LifeHost) {
    this.clock = host.clock;
    this.#host = host;
    this.#token = (data.session_token as string | undefined) ?? '';
    const { dialect, limits, catalogue } = host;
    const course =
      dialect === 'seed' ? new SeedCourse(socket, seq, limits.frame) : new SessionCourse(socket, limits, host.clock);
    this.link = new Link(catalogue, course, this, limits.handlers);
    const { clock, connection } = host;
    this.#line = new Line(this.link, socket, { clock, connection, gone: ending => this.#gone(ending) });
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
    this.#take(socket, data);
    course.resume(socket, received);
    return true;
  }

  /** Ends in good order. */
  quit(drainTime: number): void {
    // Where the rules were broken its socket closes already.
    if (!this.#machine.attempt('quit')) return;
    const close = (): void => this.#line.close({ ...closes.quit, reason: this.#host.farewell });
    if (this.link.course.dialect === 'seed' && this.link.waiting === 0) return close();
    void this.link.prepareEnd(drainTime).then(close);
  }

  end(reason: Error): void {
    this.#line.rest();
    this.link.end(reason);
  }

  // ---- for the link

  perform(definition: Definition, data: Data): unknown {
    return this.#host.perform(definition, data, this.link);
  }

  broken(close: Close, session: 'kept' | 'ended'): void {
    if (session === 'ended') this.#machine.attempt('break');
    this.#fault = new PeerError('PROTOCOL_ERROR', close.reason);
    this.#line.close(close);
    if (session === 'ended') this.end(new NetworkError('SESSION_LOST', close.reason));
  }

  closed(reason: string): void {
    this.#fault = fatalError(undefined, reason, 'later');
    const { socket } = this.#line;
    socket.destroy(new NetworkError('CLOSED', `${socket.remote} closed: ${reason}`));
  }

  wake(): void {
    this.#line.socket.wake();
  }

  log(severity: 'debug' | 'warn' | 'error', text: string, fields?: object): void {
    this.#host.log(severity, text, fields);
  }

  #gone({ code, reason, error }: Ending): void {
    this.link.course.detach();
    const words = reason === '' ? String(code) : `${code}: ${reason}`;
    const fatal =
      fatalError(code, reason, 'later') ?? (this.#fault?.code === 'PROTOCOL_ERROR' ? undefined : this.#fault);
    const cause =
      fatal ?? this.#fault ?? error ?? new NetworkError('CLOSED', `${this.#line.socket.remote} closed with ${words}`);
    this.#host.dropped(cause, fatal !== undefined);
  }

  #take(socket: FrameSocket, data: Data): void {
    this.#fault = undefined;
    // The seed has neither.
    const { session_timeout: timeout = 0, heartbeat_interval: interval = 0 } = data as { [key: string]: number };
    this.#timeout = timeout * 1_000;
    this.#line.take(socket, Math.max(shortestInterval, interval * 1_000), socket.remote);
  }
}
