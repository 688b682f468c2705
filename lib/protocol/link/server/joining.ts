// A socket that has not registered yet: the handshake, as the server leads it.
//
//   waiting ─register▶ verifying ─accept▶ joined        waiting ─resume▶ joined      (session that is known)
//      ▲                   │                            waiting ─invalidate▶ waiting (one that is not)
//      │                   └─refuse▶ refused            waiting ─refuse▶ refused
//
// While a token is verified nothing is read; what was read already waits in its socket, also where its other side has gone
// since: it is handled once the token has turned out to be good, as if that had taken no time.

import type { Cancel, Clock } from '../../../base/clock.ts';
import { reasonOf } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { FrameSocket, Next, SocketOwner } from '../session/frame-socket.ts';
import type { Close, Data, Dialect, Envelope } from '../wire.ts';
import { closes, envelopeOf, isData, isShaped, writeFrame } from '../wire.ts';
import type { Authenticate } from './authentication.ts';
import type { Dialects } from './options.ts';
import type { Registration } from './peer.ts';

type JoiningState = 'waiting' | 'verifying' | 'joined' | 'refused';
type JoiningStep = 'register' | 'accept' | 'resume' | 'invalidate' | 'refuse';

export const joiningTable: StateTable<JoiningState, JoiningStep> = {
  waiting: { register: 'verifying', resume: 'joined', invalidate: 'waiting', refuse: 'refused' },
  verifying: { accept: 'joined', refuse: 'refused' },
  joined: {},
  refused: {},
};

/** What becomes of an attempt to go on with a session. */
export type Resumption = 'resumed' | 'unknown' | 'replaced';

export interface JoiningHost {
  readonly clock: Clock;
  readonly priority: number;
  /** Longest handshake in ms. */
  readonly handshakeTime: number;
  readonly authenticate: Authenticate | undefined;
  register(registration: Registration, socket: FrameSocket): void;
  resume(token: string, seq: number | null, socket: FrameSocket): Resumption;
  /** It has joined, or is gone. */
  left(joining: Joining): void;
  log(severity: 'info' | 'warn', text: string, fields?: object): void;
}

/** The version of the protocol, as `hello` says it. */
const protocolVersion = '2.0.0';

const wish = /[?&](seed|session)\/?(?:[=&]|$)/;

/**
 * What is spoken with who asked for this URL. Where both dialects are, its query may name one (`?session`), also with the
 * slash that real clients put behind all they are told.
 */
export function dialectFor(url: string, spoken: Dialects): Dialects {
  const [, wished] = wish.exec(url) ?? [];
  return spoken === 'both' && (wished === 'seed' || wished === 'session') ? wished : spoken;
}

export class Joining implements SocketOwner {
  readonly #socket: FrameSocket;
  readonly #dialect: Dialects;
  readonly #host: JoiningHost;
  readonly #machine = new StateMachine(joiningTable, 'waiting');
  #late: Cancel;

  constructor(socket: FrameSocket, dialect: Dialects, host: JoiningHost) {
    this.#socket = socket;
    this.#dialect = dialect;
    this.#host = host;
    this.#late = this.#limit();
  }

  /**
   * Greets. A real client of either dialect refuses the hello of the other, and is silent before it. Where both are
   * spoken, and none was asked for, the seed's is said: our own clients of the session dialect take it.
   */
  greet(): void {
    const version = protocolVersion;
    if (this.#dialect === 'session') this.#socket.send(writeFrame(null, 'hello', { version, plugins: {} }));
    else this.#socket.send(writeFrame(1, 'hello', { version }));
  }

  get priority(): number {
    return this.#host.priority;
  }

  next(): Next {
    return this.#machine.state === 'verifying' ? 'pauses' : 'reads';
  }

  frame(value: unknown): void {
    if (this.#machine.state !== 'waiting') return;
    const envelope = envelopeOf(value) ?? this.#withoutNumber(value);
    const dialect = this.#dialectOf(value);
    if (envelope === undefined || !isShaped(dialect, envelope)) return this.#refuse(this.#invalid(dialect), dialect);
    const { type, data } = envelope;
    if (type === 'close') return this.#socket.destroy();
    if (type === 'resume') return this.#resume(data);
    if (type === 'register_slave' || type === 'register_control') return this.#register(type, data, dialect);
    this.#refuse(this.#invalid(dialect), dialect);
  }

  unreadable(close: Close): void {
    if (this.#dialect === 'session') this.#refuse(close, 'session');
    else this.#refuse(closes.invalidHandshake, 'seed');
  }

  drained(): void {}

  gone(): void {
    this.#machine.attempt('refuse');
    this.#leave();
  }

  /** Ends it, and says why. */
  close(close: Close): void {
    this.#refuse(close, this.#dialect === 'session' ? 'session' : 'seed');
  }

  #limit(): Cancel {
    return this.#host.clock.after(this.#host.handshakeTime, () => this.close(closes.tooLate));
  }

  /** The document's example of a handshake has no numbers: it is taken where the seed dialect is spoken. */
  #withoutNumber(value: unknown): Envelope | undefined {
    if (this.#dialect === 'session' || !isData(value) || Object.hasOwn(value, 'seq')) return undefined;
    return envelopeOf({ ...value, seq: 1 });
  }

  /** Which dialect the other side speaks: sessions have no numbers in the handshake, and tell their plugins. */
  #dialectOf(value: unknown): Dialect {
    if (this.#dialect !== 'both') return this.#dialect;
    const { seq, data } = isData(value) ? value : {};
    return seq === null || (isData(data) && Object.hasOwn(data, 'plugins')) ? 'session' : 'seed';
  }

  #invalid(dialect: Dialect): Close {
    return dialect === 'seed' ? closes.invalidHandshake : closes.badHandshake;
  }

  #resume(data: Data): void {
    this.#machine.step('invalidate');
    const { session_token: token, last_seq: seq } = data as { session_token: string; last_seq: number | null };
    const found = this.#host.resume(token, seq, this.#socket);
    if (found === 'resumed') {
      // Whoever was told of it may have stopped the server by now.
      this.#machine.attempt('resume');
      return this.#leave();
    }
    if (found === 'replaced') return this.#refuse(closes.replaced, 'session');
    this.#late();
    this.#late = this.#limit();
    this.#socket.send(writeFrame(null, 'invalidate', {}));
  }

  #register(type: string, data: Data, dialect: Dialect): void {
    const role = type === 'register_slave' ? 'node' : 'control';
    const {
      agent,
      version,
      name = agent,
      id,
      token,
    } = data as {
      agent: string;
      version: string;
      name?: string;
      id?: number;
      token?: string;
    };
    this.#machine.step('register');
    const registration: Registration = { dialect, role, id, name, agent, version };
    const { authenticate, clock } = this.#host;
    if (authenticate === undefined) return this.#accept(registration);
    if (token === undefined) return this.#refuse(this.#invalid(dialect), dialect);
    authenticate(token, registration, clock.wall()).then(
      wrong => (wrong === undefined ? this.#accept(registration) : this.#reject(wrong, dialect)),
      (error: unknown) => this.#reject(reasonOf(error), dialect),
    );
  }

  #reject(wrong: string, dialect: Dialect): void {
    const { code, reason } = closes.notAuthenticated;
    this.#refuse({ code, reason: dialect === 'seed' ? reason : `${reason}: ${wrong}` }, dialect);
  }

  #accept(registration: Registration): void {
    if (!this.#machine.attempt('accept')) return;
    this.#leave();
    this.#host.register(registration, this.#socket);
    this.#socket.wake();
  }

  #refuse(close: Close, dialect: Dialect): void {
    if (!this.#machine.attempt('refuse')) return;
    this.#host.log('warn', `not registered: ${close.reason}`, { remote: this.#socket.remote });
    if (dialect === 'session') this.#socket.close(close);
    else {
      this.#socket.send(writeFrame(2, 'close', { reason: close.reason }));
      this.#socket.close();
    }
    this.#leave();
    // Its end may be there already, behind what nobody takes any more.
    this.#socket.wake();
  }

  #leave(): void {
    this.#late();
    this.#host.left(this);
  }
}
