// tcp and unix (and whatever else is a net.Socket once open) share this one adapter.
//
// Listeners are functions of this module and find their channel on the socket: ten thousand idle connections
// then cost a few fields each, and no closures.

import type { Server, Socket } from 'node:net';
import type { Address } from '../base/address.ts';
import { formatAddress, formatHostPort } from '../base/address.ts';
import { NetworkError, reasonOf } from '../base/errors.ts';
import { systemReason } from './reasons.ts';
import type { Channel, ChannelEvents, ListenEvents, Listening } from './transport.ts';

/** After the last byte went out, the other side has this long, in ms, to close too. */
export const lingerTime = 500;
const channelKey = Symbol('channel');

interface OwnedSocket extends Socket {
  [channelKey]: SocketChannel;
}

export class SocketChannel implements Channel {
  readonly remote: string;
  readonly #socket: OwnedSocket;
  #events: ChannelEvents | undefined;
  #reason: Error | undefined;
  /** `gone` when the socket has said `close`, which comes a moment after it calls itself closed. */
  #life: 'here' | 'gone' = 'here';
  /** Node tells the end of a socket that is empty at once, whether it is read or not. */
  #end: 'ahead' | 'early' | 'told' = 'ahead';

  constructor(socket: Socket, remote: string) {
    this.remote = remote;
    this.#socket = Object.assign(socket, { [channelKey]: this });
    socket.on('error', onError).on('close', onClose).on('end', onEnd);
  }

  get unsent(): number {
    return this.#socket.writableLength;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
    if (this.#end === 'early') queueMicrotask(() => this.ended());
    if (this.#life === 'gone') {
      queueMicrotask(() => this.closed());
      return;
    }
    this.#socket.on('data', onData).on('drain', onDrain);
    this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  send(bytes: Buffer): boolean {
    const socket = this.#socket;
    if (socket.writableEnded || socket.destroyed) return true;
    return socket.write(bytes);
  }

  close(linger: number = lingerTime): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    socket.removeListener('data', onData);
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), linger);
      socket.once('close', () => clearTimeout(timer));
    });
    socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(reason?: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  reset(): void {
    const socket = this.#socket;
    if (socket.destroyed) return;
    resetSocket(socket);
  }

  failed(error: Error): void {
    this.#reason ??= new NetworkError('CLOSED', `${this.remote}: ${reasonOf(error)}`, { cause: error });
  }

  closed(): void {
    this.#life = 'gone';
    this.#events?.closed(this.#reason);
  }

  received(chunk: Buffer): void {
    this.#events?.data(chunk);
  }

  drained(): void {
    this.#events?.drained();
  }

  ended(): void {
    this.#end = this.#events === undefined ? 'early' : 'told';
    this.#events?.ended();
  }
}

/** Ends a socket so that the other side sees a failure, where that is possible. */
export function resetSocket(socket: Socket): void {
  // Once the end is on its way the system refuses a reset, and node then never closes the handle.
  if (socket.writableEnded) return void socket.destroy();
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy(); // a pipe has no reset: node throws
  }
}

function onData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket)[channelKey].received(chunk);
}

function onEnd(this: Socket): void {
  (this as OwnedSocket)[channelKey].ended();
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[channelKey].drained();
}

function onError(this: Socket, error: Error): void {
  (this as OwnedSocket)[channelKey].failed(error);
}

function onClose(this: Socket): void {
  (this as OwnedSocket)[channelKey].closed();
}

/** Address of the other side of a socket, as text. */
export function remoteOf(scheme: string, { remoteAddress = 'gone', remotePort = 0 }: Socket): string {
  // A joined text is of one piece; a template would keep its parts for as long as the connection lives.
  return [scheme, '://', formatHostPort(remoteAddress, remotePort)].join('');
}

/** How sockets of one kind become channels. */
export interface Manner {
  /** The event of a socket that it is open. */
  readonly open: 'connect' | 'secureConnect';
  /** The event of a server that a socket is there. */
  readonly accepted: 'connection' | 'secureConnection';
  readonly channel: (socket: Socket, remote: string) => SocketChannel;
  readonly inWords: (error: Error) => Error;
}

const plain: Manner = {
  open: 'connect',
  accepted: 'connection',
  channel: (socket, remote) => new SocketChannel(socket, remote),
  inWords: error => error,
};

/** Waits until a dialling socket is open. */
export function opened(
  socket: Socket,
  address: Address,
  signal: AbortSignal,
  { open, channel, inWords }: Manner = plain,
): Promise<Channel> {
  const remote = formatAddress(address);
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void): void => {
      socket.off(open, connected).off('error', refused);
      signal.removeEventListener('abort', aborted);
      outcome();
    };
    const connected = (): void => settle(() => resolve(channel(socket, remote)));
    const refused = (error: Error): void => settle(() => reject(dialFailed(remote, inWords(error))));
    const aborted = (): void => {
      socket.on('error', () => undefined).destroy();
      settle(() => reject(signal.reason));
    };
    socket.once(open, connected).once('error', refused);
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
  });
}

/** Waits until a server listens, and tells its owner of each accepted socket from then on. */
export function listening(
  server: Server,
  events: ListenEvents,
  place: { readonly address: () => Address; readonly remote: (socket: Socket) => string },
  { accepted, channel }: Manner = plain,
): Promise<Listening> {
  server.on(accepted, (socket: Socket) => events.accept(channel(socket, place.remote(socket))));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject).on('error', error => events.trouble(error));
      resolve({ address: place.address(), close: () => void server.close() });
    });
  });
}

/** What a failed dial says to people. */
export function dialFailed(remote: string, error: Error): NetworkError {
  return new NetworkError('DIAL_FAILED', `cannot reach ${remote}: ${systemReason(error)}`, { cause: error });
}

/** What a failed listen or bind says to people. */
export function listenFailed(address: Address, error: unknown): NetworkError {
  const { code } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    EADDRINUSE: 'another program listens there already',
    EACCES: 'permission denied',
    EADDRNOTAVAIL: 'this machine has no such address',
    ENOENT: 'the folder does not exist',
    ENOTFOUND: 'the name is not known',
  };
  const reason = reasons[code ?? ''] ?? reasonOf(error);
  return new NetworkError('LISTEN_FAILED', `cannot listen on ${formatAddress(address)}: ${reason}`, {
    cause: error,
  });
}
