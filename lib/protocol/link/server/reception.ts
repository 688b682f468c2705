// Takes sockets in, leads them through the handshake, and makes members of them.

import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import { NetworkError } from '../../../base/errors.ts';
import type { Owned, Turns } from '../../../connection/index.ts';
import type { Channel, FrameChannel, FrameEvents } from '../../../transport/index.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import type { Definition } from '../definitions.ts';
import { FrameSocket, isFrameChannel } from '../session/frame-socket.ts';
import type { Switched } from '../session/line.ts';
import type { Data, Dialect } from '../wire.ts';
import { closes } from '../wire.ts';
import type { Authenticate } from './authentication.ts';
import type { JoiningHost, Resumption } from './joining.ts';
import { dialectFor, Joining } from './joining.ts';
import { Members } from './members.ts';
import type { Dialects, LinkLimits, SessionOptions } from './options.ts';
import type { PeerHost, Registration } from './peer.ts';
import { LinkPeer } from './peer.ts';
import type { LinkPeerStep } from './table.ts';

/** Sockets kept waiting while the server is disabled; further ones are refused. */
const mostKept = 50;

/** The server, as far as its reception needs it. */
export interface ReceptionHost {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly connection: Switched;
  readonly dialect: Dialects;
  readonly limits: LinkLimits;
  readonly session: SessionOptions;
  readonly drainTime: number;
  readonly authenticate: Authenticate | undefined;
  catalogue(dialect: Dialect, role: 'node' | 'control'): Catalogue;
  perform(definition: Definition, data: Data, peer: LinkPeer): unknown;
  /** It has registered; now it belongs to the communicator. */
  own(peer: Owned): void;
  connected(peer: LinkPeer): void;
  stepped(peer: LinkPeer, step: LinkPeerStep, reason?: Error): void;
  /** A socket is gone, or a member. */
  emptied(): void;
  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void;
}

export class Reception implements PeerHost, JoiningHost {
  readonly members: Members;
  readonly clock: Clock;
  readonly limits: LinkLimits;
  readonly session: SessionOptions;
  readonly drainTime: number;
  readonly turns: Turns;
  readonly handshakeTime: number;
  readonly authenticate: Authenticate | undefined;
  readonly #host: ReceptionHost;
  readonly #sockets = new Set<FrameSocket>();
  readonly #joining = new Set<Joining>();
  /** Sockets that wait until the server is enabled. */
  readonly #kept: FrameChannel[] = [];
  #refused = 0;

  constructor(host: ReceptionHost) {
    this.#host = host;
    this.members = new Members(host.clock, host.session.timeout);
    this.clock = host.clock;
    this.turns = host.turns;
    this.limits = host.limits;
    this.session = host.session;
    this.drainTime = host.drainTime;
    this.handshakeTime = host.limits.handshake;
    this.authenticate = host.authenticate;
  }

  get priority(): number {
    return this.#host.connection.priority;
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0 && this.members.size === 0;
  }

  get details(): { readonly sockets: number; readonly joining: number; readonly refused: number } {
    return { sockets: this.#sockets.size, joining: this.#joining.size, refused: this.#refused };
  }

  accept(channel: Channel): void {
    const { connections, joining: mostJoining, frame, unsent } = this.limits;
    if (!isFrameChannel(channel)) {
      this.log('error', 'a link needs a transport of frames', { remote: channel.remote });
      return channel.destroy();
    }
    const over = (gone: FrameSocket): void => {
      this.#sockets.delete(gone);
      this.#host.emptied();
    };
    const { enabled } = this.#host.connection;
    if (this.#sockets.size + this.#kept.length >= connections) return this.#refuse(channel);
    if (!enabled && this.#kept.length >= mostKept) return this.#refuse(channel);
    if (!enabled) return void this.#kept.push(channel);
    const [oldest] = this.#joining;
    if (this.#joining.size >= mostJoining) oldest?.close(closes.tooLate);
    const socket = new FrameSocket(channel, { frame, unsent }, this, over);
    const dialect = dialectFor(channel.request?.url ?? '', this.#host.dialect);
    const joining = new Joining(socket, dialect, this);
    socket.owner = joining;
    this.#sockets.add(socket);
    this.#joining.add(joining);
    socket.start();
    joining.greet();
  }

  /** The server is enabled again. */
  open(): void {
    for (const channel of this.#kept.splice(0)) this.accept(channel);
  }

  /** Ends all in good order. */
  stop(): void {
    for (const channel of this.#kept.splice(0)) channel.destroy();
    for (const joining of [...this.#joining]) joining.close(closes.serverQuit);
    for (const peer of [...this.members]) peer.stop();
  }

  destroy(reason: Error): void {
    for (const peer of [...this.members]) peer.destroy(reason);
    for (const socket of [...this.#sockets]) socket.destroy(reason);
  }

  // ---- for those that join

  register(registration: Registration, socket: FrameSocket): void {
    const { dialect, role } = registration;
    const token = dialect === 'session' ? newToken() : '';
    const peer = new LinkPeer(registration, token, socket, this.#host.catalogue(dialect, role), this);
    const former = this.members.add(peer);
    former?.close(closes.replaced);
    this.#host.own(peer);
    this.log('info', `${role} ${peer.name} registered`, { remote: socket.remote, id: peer.id, dialect });
    if (peer.state === 'connected') this.#host.connected(peer);
  }

  resume(token: string, seq: number | null, socket: FrameSocket): Resumption {
    const peer = this.members.of(token);
    if (peer === undefined) return this.members.wasReplaced(token) ? 'replaced' : 'unknown';
    if (peer.canResume(seq)) {
      peer.resume(socket, seq);
      return 'resumed';
    }
    peer.destroy(new NetworkError('SESSION_LOST', `the other side cannot have ${seq} messages`));
    return 'unknown';
  }

  #refuse(channel: FrameChannel): void {
    this.#refused += 1;
    channel.start(deaf);
    channel.closeWith(closes.tooMany.code, closes.tooMany.reason);
  }

  left(joining: Joining): void {
    this.#joining.delete(joining);
  }

  // ---- for the peers

  perform(definition: Definition, data: Data, peer: LinkPeer): unknown {
    return this.#host.perform(definition, data, peer);
  }

  stepped(peer: LinkPeer, step: LinkPeerStep, reason?: Error): void {
    if (peer.state === 'closed') this.members.delete(peer);
    this.#host.stepped(peer, step, reason);
    this.#host.emptied();
  }

  log(severity: 'debug' | 'info' | 'warn' | 'error', text: string, fields?: object): void {
    this.#host.log(severity, text, fields);
  }
}

const deaf: FrameEvents = {
  data: () => undefined,
  drained: () => undefined,
  ended: () => undefined,
  closed: () => undefined,
};

/** NAME.SECRET, 64 and 192 bits: nobody guesses it. */
function newToken(): string {
  return `${randomBytes(8).toString('hex')}.${randomBytes(24).toString('base64url')}`;
}
