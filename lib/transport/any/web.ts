// HTTP and upgrades on sockets that were accepted elsewhere. Node's web server does the work; it owns the port too, but
// what it would do with an accepted socket is kept back (`adopt`) until it is known that HTTP is spoken.

import type { Server as HttpServer, IncomingMessage } from 'node:http';
import http, { ServerResponse } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { TlsOptions as NodeTlsOptions } from 'node:tls';
import { remoteOf } from '../socket-channel.ts';
import type { FrameChannel } from '../websocket/frame-channel.ts';
import type { WebServer } from '../websocket/index.ts';
import type { Library } from '../websocket/library.ts';
import { upgrading } from '../websocket/listen.ts';
import type { Upgrade } from '../websocket/mounts.ts';
import type { HttpExchange } from './http-exchange.ts';
import { NodeHttpExchange } from './http-exchange.ts';
import type { AnySettings } from './options.ts';

export interface WebEvents {
  websocket(channel: FrameChannel): void;
  request(exchange: HttpExchange): void;
}

/** Deadlines are looked at so often, in ms. */
const checkTime = 2_000;
const keyPattern = /^[+/0-9A-Za-z]{22}==$/;
const ignore = (): void => undefined;

export class Web {
  readonly server: WebServer;
  /** The event of the server that a socket is there. */
  readonly accepted: 'connection' | 'secureConnection';
  readonly #adopters: readonly ((socket: Socket) => void)[];
  readonly #settings: AnySettings['webSocket'];
  readonly #scheme: 'http' | 'https';
  readonly #events: WebEvents;
  readonly #upgrade: Upgrade;
  readonly #most: number;
  /** Those on which HTTP is spoken. */
  readonly #open = new Set<Socket>();
  /** One for all of them. */
  readonly #forget: (this: Socket) => void;

  constructor(library: Library, settings: AnySettings, security: NodeTlsOptions | undefined, events: WebEvents) {
    const { protocol, headers, longest, frames, rules, request } = settings.webSocket;
    this.#settings = settings.webSocket;
    this.#events = events;
    this.#most = settings.http.connections;
    const open = this.#open;
    this.#forget = function (this: Socket): void {
      open.delete(this);
    };
    this.server = serverWith(settings, security);
    this.#scheme = security === undefined ? 'http' : 'https';
    this.accepted = security === undefined ? 'connection' : 'secureConnection';
    this.#adopters = this.server.listeners(this.accepted) as ((socket: Socket) => void)[];
    this.server.removeAllListeners(this.accepted);
    const upgrade = {
      scheme: security === undefined ? 'ws' : 'wss',
      protocols: protocol === '' ? [] : [protocol],
      headers: Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      longest,
      frames,
      rules,
      request,
    };
    this.#upgrade = upgrading(library, upgrade, channel => events.websocket(channel));
    (this.server as HttpServer)
      .on('request', (request, response) => this.#requested(request, response))
      .on('upgrade', (request, socket, head) => this.#asked(request, socket as Socket, head));
  }

  /** Takes over a socket on which HTTP is spoken; one too many is closed. */
  adopt(socket: Socket): void {
    if (this.#open.size >= this.#most) return void socket.on('error', ignore).destroy();
    this.#open.add(socket);
    socket.on('close', this.#forget);
    for (const adopter of this.#adopters) adopter.call(this.server, socket);
    socket.resume();
  }

  #requested(request: IncomingMessage, response: ServerResponse): void {
    // After the end of the place no connection is kept for another request.
    if (!this.server.listening) response.setHeader('connection', 'close');
    const exchange = new NodeHttpExchange(request, response, remoteOf(this.#scheme, request.socket));
    // Who has a key wants a WebSocket, and forgot to say so, or someone on the way took the words away.
    if (request.headers['sec-websocket-key'] === undefined) this.#events.request(exchange);
    else this.#refuse(exchange, 426);
  }

  #asked(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#forget.call(socket);
    socket.off('close', this.#forget);
    // A WebSocket cannot begin where an answer is still to come.
    if (NodeHttpExchange.waitsOn(socket)) return void socket.on('error', ignore).destroy();
    const isWebSocket = request.headers['sec-websocket-key'] !== undefined;
    if (isWebSocket && this.#isRight(request)) return this.#upgrade(request, socket, head);
    const exchange = new NodeHttpExchange(request, this.#byHand(request, socket, head), remoteOf(this.#scheme, socket));
    if (isWebSocket) this.#refuse(exchange, 400);
    else this.#events.request(exchange);
  }

  #isRight({ method, headers }: IncomingMessage): boolean {
    const { protocol } = this.#settings;
    return (
      method === 'GET' &&
      headers.upgrade?.toLowerCase() === 'websocket' &&
      headers['sec-websocket-version'] === '13' &&
      keyPattern.test(headers['sec-websocket-key'] ?? '') &&
      (protocol === '' || headers['sec-websocket-protocol'] === protocol)
    );
  }

  #refuse(exchange: HttpExchange, status: 400 | 426): void {
    const headers = { upgrade: 'websocket', 'sec-websocket-version': '13' };
    exchange.answer(status, { ...(status === 426 ? headers : {}), ...this.#settings.refusal });
  }

  /** Node leaves to us who asks for an upgrade, and thinks no more of HTTP: what we do not upgrade goes back to it. */
  #byHand(request: IncomingMessage, socket: Socket, head: Buffer): ServerResponse {
    const response = new ServerResponse(request);
    // Where its body begins or ends nobody knows any more.
    const bodiless = Number(request.headers['content-length'] ?? 0) === 0 && !('transfer-encoding' in request.headers);
    if (!bodiless) response.setHeader('connection', 'close');
    socket.off('error', ignore).on('error', ignore).pause();
    response.assignSocket(socket);
    response.once('finish', () => {
      response.detachSocket(socket);
      if (socket.destroyed) return;
      if (!bodiless || response.getHeader('connection') === 'close') return socket.destroySoon();
      if (head.length > 0) socket.unshift(head);
      this.adopt(socket);
    });
    return response;
  }
}

function serverWith({ http: limits, undecided }: AnySettings, security: NodeTlsOptions | undefined): WebServer {
  const options = {
    headersTimeout: limits.request,
    requestTimeout: limits.request,
    connectionsCheckingInterval: Math.min(checkTime, limits.request),
    keepAliveTimeout: limits.idle,
    maxHeaderSize: limits.head,
    insecureHTTPParser: limits.lax,
    noDelay: true,
  };
  if (security === undefined) return http.createServer(options);
  return https.createServer({ ...options, ...security, handshakeTimeout: undecided.deadline });
}
