// One port for all: lines or any other stream, HTTP, and WebSocket, told apart by the first bytes.

import type { Address } from '../../base/address.ts';
import type { Channel, Listening } from '../transport.ts';
import type { FrameChannel } from '../websocket/frame-channel.ts';
import type { HttpExchange } from './http-exchange.ts';

export type { HttpExchange } from './http-exchange.ts';

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
  listen(address: Address, events: AnyListenEvents): Promise<Listening>;
}

/** Limits of connections that have not said enough to be told apart. */
export interface UndecidedLimits {
  /** In ms; who has not shown what it speaks by then is closed. @default 10_000 */
  readonly deadline: number;
  /** At the same time; more are closed at once, and told as trouble, once per second at most. @default 1_000 */
  readonly most: number;
  /**
   * Who has said nothing at all for so many ms is a stream: for services that speak first. 0: never, which is what
   * protocols want whose clients speak first. @default 0
   */
  readonly quiet: number;
}
