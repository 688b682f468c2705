// The handshake, as the client goes through it. It is strict: what comes out of its turn ends it.
//
//   greeting ─register▶ registering ─done▶ over          greeting ─resume▶ resuming ─done▶ over
//                            ▲─────────invalidate───────────┘      from each: ─fail▶ over

import type { Cancel, Clock } from '../../../base/clock.ts';
import { NetworkError, PeerError, TimeoutError } from '../../../base/errors.ts';
import type { StateTable } from '../../../base/state-table.ts';
import { StateMachine } from '../../../base/state-table.ts';
import type { Ending, FrameSocket, Next, SocketOwner } from '../session/frame-socket.ts';
import type { Close, Data, Dialect, Envelope } from '../wire.ts';
import { closes, envelopeOf, isShaped, writeFrame } from '../wire.ts';
import { fatalError } from './fatal.ts';

type HandshakeState = 'greeting' | 'registering' | 'resuming' | 'over';
type HandshakeStep = 'register' | 'resume' | 'invalidate' | 'done' | 'fail';

export const handshakeTable: StateTable<HandshakeState, HandshakeStep> = {
  greeting: { register: 'registering', resume: 'resuming', fail: 'over' },
  registering: { done: 'over', fail: 'over' },
  resuming: { done: 'over', invalidate: 'registering', fail: 'over' },
  over: {},
};

/** What of a state the server may say there. */
const expected: { readonly [state in HandshakeState]: readonly string[] } = {
  greeting: ['hello'],
  registering: ['ready'],
  resuming: ['continue', 'invalidate'],
  over: [],
};

/** What a session goes on with. */
export interface SessionKey {
  readonly token: string;
  readonly received: number | null;
}

export interface HandshakeHost {
  readonly clock: Clock;
  readonly dialect: Dialect;
  readonly priority: number;
  readonly register: { readonly type: string; readonly data: Data };
  /** Longest handshake in ms. */
  readonly handshakeTime: number;
  /** The session to go on with; undefined where there is none (any more). */
  readonly session: SessionKey | undefined;
  ready(data: Data): void;
  continued(data: Data): void;
  invalidated(): void;
  /** It ends here; `fatal` where another attempt would end in the same way. */
  failed(error: Error, fatal: boolean): void;
}

export class Handshake implements SocketOwner {
  readonly #socket: FrameSocket;
  readonly #host: HandshakeHost;
  readonly #machine = new StateMachine(handshakeTable, 'greeting');
  readonly #late: Cancel;
  #seq = 0;

  constructor(socket: FrameSocket, host: HandshakeHost) {
    this.#socket = socket;
    this.#host = host;
    const { handshakeTime } = host;
    const text = `no handshake with ${socket.remote} within ${handshakeTime} ms`;
    this.#late = host.clock.after(handshakeTime, () => socket.destroy(new TimeoutError('DIAL_TIMEOUT', text)));
  }

  /** The number that was used last; messages in a session are numbered anew. */
  get seq(): number {
    return this.#seq;
  }

  get priority(): number {
    return this.#host.priority;
  }

  next(): Next {
    return 'reads';
  }

  frame(value: unknown): void {
    const { dialect } = this.#host;
    const envelope = envelopeOf(value);
    if (envelope === undefined || !isShaped(dialect, envelope)) return this.#invalid();
    if (dialect === 'seed' && envelope.seq === null) return this.#invalid();
    if (envelope.type === 'close') return this.#heardClose(envelope.data.reason as string);
    if (!expected[this.#machine.state].includes(envelope.type)) return this.#invalid();
    this.#take(envelope);
  }

  unreadable(close: Close): void {
    this.#invalid(close);
  }

  drained(): void {}

  gone({ code, reason, error }: Ending): void {
    this.#late();
    if (!this.#machine.attempt('fail')) return;
    const fatal = fatalError(code, reason, 'handshake');
    const text = `the handshake with ${this.#socket.remote} ended with ${code}${reason === '' ? '' : `: ${reason}`}`;
    this.#host.failed(fatal ?? error ?? new NetworkError('CLOSED', text), fatal !== undefined);
  }

  #take({ type, data }: Envelope): void {
    const { session } = this.#host;
    if (type === 'hello' && session !== undefined) {
      this.#machine.step('resume');
      this.#say('resume', { session_token: session.token, last_seq: session.received });
    } else if (type === 'hello') {
      this.#machine.step('register');
      this.#register();
    } else if (type === 'invalidate') {
      this.#machine.step('invalidate');
      this.#host.invalidated();
      this.#register();
    } else {
      this.#machine.step('done');
      this.#late();
      if (type === 'ready') this.#host.ready(data);
      else this.#host.continued(data);
    }
  }

  #register(): void {
    const { type, data } = this.#host.register;
    this.#say(type, data);
  }

  #say(type: string, data: Data): void {
    this.#seq += 1;
    this.#socket.send(writeFrame(this.#host.dialect === 'seed' ? this.#seq : null, type, data));
  }

  /** The seed's server refuses in words. */
  #heardClose(reason: string): void {
    this.#machine.step('fail');
    this.#late();
    this.#socket.destroy();
    const fatal = fatalError(undefined, reason, 'handshake');
    this.#host.failed(
      fatal ?? new NetworkError('CLOSED', `${this.#socket.remote} closed: ${reason}`),
      fatal !== undefined,
    );
  }

  #invalid(close: Close = closes.invalidHandshake): void {
    if (!this.#machine.attempt('fail')) return;
    this.#late();
    if (this.#host.dialect === 'seed') {
      this.#say('close', { reason: closes.invalidHandshake.reason });
      this.#socket.close();
    } else this.#socket.close(close);
    this.#host.failed(new PeerError('PROTOCOL_ERROR', `${this.#socket.remote}: ${close.reason}`), false);
  }
}
