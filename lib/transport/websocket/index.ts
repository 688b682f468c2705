// WebSockets (RFC 6455), through the package ws, which is loaded with the first dial or listen: `npm install ws`.

import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { LookupFunction } from 'node:net';
import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { wholeInRange, withDefaults } from '../../base/options.ts';
import type { TlsOptions } from '../tls/options.ts';
import { checkTls } from '../tls/options.ts';
import type { FrameTransport } from './frame-channel.ts';

export type WebServer = HttpServer | HttpsServer;

export interface WebSocketOptions {
  /**
   * A web server that is there already: `listen` answers its upgrade requests for one path, and leaves the others and
   * the server itself alone. @default a server of its own for each address
   */
  readonly server?: WebServer | undefined;
  /** The path that `listen` answers on, without a query. @default the path of the address */
  readonly path?: string | undefined;
  /** Kind of the frames that are sent; both are received. Bytes that are not UTF-8 go binary. @default 'text' */
  readonly frames?: 'text' | 'binary' | undefined;
  /** Longest message that is received, in bytes; a longer one closes its connection, with 1009. @default 16 MiB */
  readonly longest?: number | undefined;
  /** Subprotocols: `dial` offers them, `listen` chooses the first offered that is one of them. @default none */
  readonly protocols?: readonly string[] | undefined;
  /** Sent with the request of `dial`. @default none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For wss: as of `tls()`, but for `lookup`, which stands below. @default the authorities of node */
  readonly tls?: Omit<TlsOptions, 'lookup'> | undefined;
  /** Resolves host names at each dial. @default the system's resolver */
  readonly lookup?: LookupFunction | undefined;
}

export type WebSocketSettings = {
  readonly [K in keyof WebSocketOptions]-?: K extends 'server' | 'path' | 'lookup'
    ? WebSocketOptions[K]
    : Exclude<WebSocketOptions[K], undefined>;
};

const defaults: WebSocketSettings = {
  server: undefined,
  path: undefined,
  frames: 'text',
  longest: 16 * 1024 * 1024,
  protocols: [],
  headers: {},
  tls: {},
  lookup: undefined,
};

const pathPattern = /^\/[^\s?#]*$/;
const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const longestOfAll = 1024 ** 3;

/**
 * Serves `ws://host:port/path` and `wss://…`. Its channels are FrameChannels.
 * @throws UsageError UNKNOWN_OPTION, INVALID_VALUE, OUT_OF_RANGE; from `dial` and `listen` also MISSING_PACKAGE
 */
export function websocket(options: Given<WebSocketOptions> = {}): FrameTransport {
  const settings = withDefaults<WebSocketSettings>('websocket', defaults, options);
  check(settings);
  checkTls(settings.tls);
  return {
    async dial(address, signal) {
      if (signal.aborted) throw signal.reason;
      return (await import('./dial.ts')).dial(address, signal, settings);
    },
    listen: async (address, events) => (await import('./listen.ts')).listen(address, events, settings),
  };
}

function check({ path, frames, longest, protocols }: WebSocketSettings): void {
  wholeInRange('longest', longest, 1, longestOfAll);
  if (path !== undefined && !pathPattern.test(path))
    throw invalid(`path "${path}" must begin with / and have no query`);
  if (frames !== 'text' && frames !== 'binary') throw invalid(`frames are 'text' or 'binary', not ${String(frames)}`);
  const wrong = protocols.find((name, at) => !tokenPattern.test(name) || protocols.indexOf(name) !== at);
  if (wrong !== undefined) throw invalid(`"${wrong}" is no subprotocol, or is there twice`);
}

function invalid(words: string): UsageError {
  return new UsageError('INVALID_VALUE', words);
}
