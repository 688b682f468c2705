// The ws package, loaded when a WebSocket is first asked for, and a WebSocket of it that leaves the last word to us.
//
// ws answers a close frame in the same moment, and then nothing can be sent any more: the answer to what came just
// before would be lost. It does so by its own public `close`, so that is what `LateSocket` takes over.
//
// Listeners are functions of this module and find the owner on the socket: ten thousand idle connections have no
// closures then.

import type { Socket } from 'node:net';
import type { ClientOptions, ServerOptions, WebSocket, WebSocketServer } from 'ws';
import { optional } from '../../base/optional.ts';

/** Who is told what comes of a LateSocket, and of the socket below it. */
export interface SocketOwner {
  /** ws wants to send its close frame now: the other side's came, or what came cannot be read (`unreadable` follows). */
  concluded(code: number | undefined, reason: string): void;
  received(bytes: Buffer, isBinary: boolean): void;
  controlled(what: 'a ping' | 'a pong', ping?: Buffer): void;
  unreadable(error: Error): void;
  /** Once, last. */
  left(code: number, reason: string): void;
  /** Of the socket below: there is room again; it failed; these bytes came, before ws has them. */
  drained(): void;
  failed(error: Error): void;
  followed(chunk: Buffer): void;
}

export interface LateSocket extends WebSocket {
  owner: SocketOwner | undefined;
  /** Sends a close frame, or finishes the closing that has begun. */
  conclude(code?: number, reason?: string): void;
}

export interface Library {
  connect(url: URL, protocols: readonly string[], options: ClientOptions): LateSocket;
  /** What answers upgrade requests; it has no server of its own. */
  upgrader(options: ServerOptions): WebSocketServer;
}

/** As ws has it from 8.19 on, beside what its types know. In ms; closing has its own time here, so: never. */
const neverByItself = { closeTimeout: 2 ** 31 - 1 };
/** Compression costs 300 kB for each connection; pings are answered by the channel, which bounds what waits. */
const common = { perMessageDeflate: false, autoPong: false, ...neverByItself };

let loaded: Library | undefined;

/** @throws UsageError MISSING_PACKAGE */
export async function loadLibrary(): Promise<Library> {
  const why = 'ws:// and wss:// need the package ws, which is not installed';
  loaded ??= libraryOf(await optional(why, 'ws', () => import('ws')));
  return loaded;
}

function libraryOf(ws: typeof import('ws')): Library {
  class OwnedWebSocket extends ws.WebSocket implements LateSocket {
    owner: SocketOwner | undefined;

    override close(code?: number, reason: string | Buffer = ''): void {
      this.owner?.concluded(code, reason.toString());
    }

    conclude(code?: number, reason?: string): void {
      super.close(code, reason);
    }
  }
  return {
    connect: (url, protocols, options) => new OwnedWebSocket(url, [...protocols], { ...options, ...common }),
    upgrader: options =>
      new ws.WebSocketServer({
        noServer: true,
        clientTracking: false,
        ...options,
        ...common,
        WebSocket: OwnedWebSocket,
      }),
  };
}

const ownerKey = Symbol('owner');

interface OwnedSocket extends Socket {
  [ownerKey]: SocketOwner;
}

/** From now on `owner` is told; of the bytes that come, where they are `followed`. */
export function own(ws: LateSocket, socket: Socket, owner: SocketOwner, bytes: 'followed' | 'unfollowed'): void {
  ws.owner = owner;
  (socket as OwnedSocket)[ownerKey] = owner;
  ws.on('message', onMessage).on('ping', onPing).on('pong', onPong).on('error', onUnreadable).on('close', onLeft);
  socket.on('drain', onDrain).on('error', onFailed);
  if (bytes === 'followed') socket.on('data', onData);
}

function onMessage(this: WebSocket, bytes: unknown, isBinary: boolean): void {
  (this as LateSocket).owner?.received(bytes as Buffer, isBinary);
}

function onPing(this: WebSocket, bytes: Buffer): void {
  (this as LateSocket).owner?.controlled('a ping', bytes);
}

function onPong(this: WebSocket): void {
  (this as LateSocket).owner?.controlled('a pong');
}

function onUnreadable(this: WebSocket, error: Error): void {
  (this as LateSocket).owner?.unreadable(error);
}

function onLeft(this: WebSocket, code: number, reason: Buffer): void {
  (this as LateSocket).owner?.left(code, reason.toString());
}

function onDrain(this: Socket): void {
  (this as OwnedSocket)[ownerKey].drained();
}

function onFailed(this: Socket, error: Error): void {
  (this as OwnedSocket)[ownerKey].failed(error);
}

function onData(this: Socket, chunk: Buffer): void {
  (this as OwnedSocket)[ownerKey].followed(chunk);
}
