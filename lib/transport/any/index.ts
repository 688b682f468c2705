// One port for all: lines or any other stream, HTTP, and WebSocket, told apart by the first bytes.

import type { Address } from '../../base/address.ts';
import { asError } from '../../base/errors.ts';
import { guarded } from '../../base/guard.ts';
import { tcp } from '../tcp/index.ts';
import { tls } from '../tls/index.ts';
import type { TlsListening } from '../tls/security.ts';
import type { Channel, ListenEvents, Transport } from '../transport.ts';
import type { FrameChannel } from '../websocket/frame-channel.ts';
import type { HttpExchange } from './http-exchange.ts';
import { NodeHttpExchange } from './http-exchange.ts';
import type { AnyOptions } from './options.ts';
import { anySettings } from './options.ts';

export type { HttpExchange } from './http-exchange.ts';
export type { AnyOptions, HttpLimits, UndecidedLimits, UpgradeOptions } from './options.ts';

/** What a port for all tells its owner. */
export interface AnyListenEvents {
  /** An upgrade was accepted. */
  websocket(channel: FrameChannel): void;
  /** A plain HTTP request. */
  request(exchange: HttpExchange): void;
  /** The first bytes are no HTTP; they come through `start` as any others. */
  stream(channel: Channel): void;
  trouble(error: Error): void;
}

export interface AnyTransport {
  /** @throws NetworkError LISTEN_FAILED, UsageError MISSING_PACKAGE */
  listen(address: Address, events: AnyListenEvents): Promise<TlsListening>;
}

export interface AnyStreamOptions extends AnyOptions {
  /** Answers plain HTTP requests. @default 426 for the path `/`, and 404 for others: there are no pages */
  readonly answer?: ((exchange: HttpExchange) => unknown) | undefined;
}

/**
 * One port for protocols that need to know what is spoken.
 * @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE
 */
export function anyProtocol(options: AnyOptions = {}): AnyTransport {
  const settings = anySettings('anyProtocol', options);
  return { listen: async (address, events) => (await import('./listen.ts')).listen(address, events, settings) };
}

/**
 * One port for a service that takes channels: `any://host:port`, or `anys://…` with tls. Streams and WebSockets come
 * to it alike. Dialling it is dialling a stream.
 * @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE
 */
export function anyStream({ answer = noPages, ...options }: AnyStreamOptions = {}): Transport {
  const settings = anySettings('anyStream', options);
  const dialling = settings.tls === undefined ? tcp() : tls(settings.tls);
  return {
    dial: (address, signal) => dialling.dial(address, signal),
    listen: async (address, events) =>
      (await import('./listen.ts')).listen(address, eventsOf(events, answer), settings),
  };
}

function eventsOf(events: ListenEvents, answer: (exchange: HttpExchange) => unknown): AnyListenEvents {
  return {
    websocket: channel => events.accept(channel),
    stream: channel => events.accept(channel),
    trouble: error => events.trouble(error),
    request: exchange =>
      guarded(
        () => answer(exchange),
        error => {
          events.trouble(asError(error));
          if (exchange instanceof NodeHttpExchange && exchange.state === 'open')
            exchange.answer(500, { connection: 'close' });
        },
      ),
  };
}

function noPages(exchange: HttpExchange): void {
  const headers = { connection: 'close', 'content-type': 'text/plain' };
  if (exchange.url === '/') exchange.answer(426, { ...headers, upgrade: 'websocket' }, 'a WebSocket is served here\n');
  else exchange.answer(404, headers, 'nothing is here\n');
}
