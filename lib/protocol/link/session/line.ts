// The socket that a link is on at present, with its heartbeats: a session goes on over one after another.

import type { Clock } from '../../../base/clock.ts';
import { NetworkError } from '../../../base/errors.ts';
import type { Owned } from '../../../connection/index.ts';
import { SessionCourse } from '../session.ts';
import type { Close } from '../wire.ts';
import type { Ending, FrameSocket, Next, SocketOwner } from './frame-socket.ts';
import type { Link } from './link.ts';
import { Pulse } from './pulse.ts';

/** What a link asks its connection: whose turn is first, and whether messages are handled at present. */
export type Switched = Pick<Owned, 'priority' | 'enabled'>;

export interface LineHost {
  readonly clock: Clock;
  readonly connection: Switched;
  /** The socket is gone. */
  gone(ending: Ending): void;
}

export class Line implements SocketOwner {
  readonly #link: Link;
  readonly #host: LineHost;
  #socket: FrameSocket;
  #pulse: Pulse | undefined;

  /** The socket belongs to it once it is taken. */
  constructor(link: Link, socket: FrameSocket, host: LineHost) {
    this.#link = link;
    this.#host = host;
    this.#socket = socket;
  }

  get socket(): FrameSocket {
    return this.#socket;
  }

  /** Goes on over this socket; in a session with a heartbeat each so many ms. `other` is who is silent then. */
  take(socket: FrameSocket, interval: number, other: string): void {
    const { clock, connection } = this.#host;
    const { course } = this.#link;
    this.#socket = socket;
    socket.owner = this;
    if (!(course instanceof SessionCourse)) return;
    this.rest();
    this.#pulse = new Pulse(clock, interval, {
      beat: () => course.heartbeat(),
      isDeaf: () => !connection.enabled || this.#link.isDeaf,
      dead: silent => socket.destroy(new NetworkError('SILENT', `${other} was silent for ${Math.round(silent)} ms`)),
    });
  }

  /** No heartbeats until the next socket. */
  rest(): void {
    this.#pulse?.stop();
  }

  /** Closes the socket with the reason: the seed says it in a message. */
  close(close: Close): void {
    if (!this.#socket.isOpen) return;
    if (this.#link.course.dialect === 'session') return this.#socket.close(close);
    this.#link.course.post('close', { reason: close.reason });
    this.#socket.close();
  }

  // ---- for the socket

  get priority(): number {
    return this.#host.connection.priority;
  }

  next(): Next {
    return this.#host.connection.enabled ? this.#link.next() : 'waits';
  }

  frame(value: unknown, bytes: number): void {
    this.#pulse?.heard();
    this.#link.receive(value, bytes);
  }

  unreadable(close: Close): void {
    this.#link.unreadable(close);
  }

  drained(): void {
    this.#link.course.flush();
  }

  gone(ending: Ending): void {
    this.rest();
    this.#link.parted(ending.code);
    this.#host.gone(ending);
  }
}
