// What a server can be told, and what becomes of it.

import type { Backplane } from '../../../base/backplane.ts';
import type { Given } from '../../../base/options.ts';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { AnyTransport } from '../../../transport/index.ts';
import { clientScript } from '../client-script.ts';
import type { QioApp } from '../definitions.ts';
import type { QioLimits, QioTimes } from '../session/host.ts';
import { qioLimits, qioTimes } from '../session/host.ts';
import type { TlsOptions } from '../session/transport.ts';

/** What a browser asks for. */
export interface PageRequest {
  /** As it was written, up to the `?`: not decoded, not cleaned. */
  readonly path: string;
  /** What stands behind the `?`; empty where nothing does. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What it gets. */
export interface Page {
  /** As `text/html; charset=utf-8`. */
  readonly type: string;
  readonly body: string | Buffer;
  /** @default 200 */
  readonly status?: number | undefined;
  /** More of them; they win against `cache-control: private, max-age=0`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface WebOptions {
  /**
   * The name under which clients reach this very server, without a port: what `/qio/hostname` says, and where those
   * that poll stay. Without one, and where it cannot be resolved, polling is refused with 501. @default none
   */
  readonly publicAddress: string | undefined;
  /** Which pages of other origins may poll: all ('*') or those listed (`https://host`). @default none */
  readonly cors: '*' | readonly string[] | undefined;
  /** What `/qio/client.js` is; asked for once, at the first request; '' is 404. @default the client of this package, minified */
  readonly script: string | (() => string | Promise<string>);
  /**
   * Pages of your own on the same port: asked for each GET and HEAD but those of `/qio/client.js` and `/iframe…`. Undefined
   * is 404; what it throws is logged, and 500. @default none, such requests are refused (405, or 501)
   */
  readonly page: ((request: PageRequest) => Page | undefined | Promise<Page | undefined>) | undefined;
  /** With it, all that is spoken here is spoken through tls. @default none */
  readonly tls: TlsOptions | undefined;
}

const webDefaults: WebOptions = {
  publicAddress: undefined,
  cors: undefined,
  script: clientScript,
  page: undefined,
  tls: undefined,
};

export interface QioServerOptions extends ConnectionOptions {
  /** The applications, in the order in which they start. @default none */
  readonly apps?: readonly QioApp[] | undefined;
  readonly limits?: Given<QioLimits> | undefined;
  readonly times?: Given<QioTimes> | undefined;
  readonly web?: Given<WebOptions> | undefined;
  /** The way to the servers that share broadcasts. @default none, this server is alone */
  readonly backplane?: Backplane | undefined;
  /** What listens, in the place of a port of its own. @default one port for raw streams, WebSockets and HTTP */
  readonly transport?: AnyTransport | undefined;
}

const known: { [K in keyof Required<QioServerOptions>]: 0 } = {
  name: 0,
  priority: 0,
  apps: 0,
  limits: 0,
  times: 0,
  web: 0,
  backplane: 0,
  transport: 0,
};

export interface QioSettings {
  readonly limits: QioLimits;
  readonly times: QioTimes;
  readonly web: WebOptions;
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function settleServer(options: QioServerOptions): QioSettings {
  refuseUnknown('qioServer', known, options);
  const limits = withDefaults('limits', qioLimits, options.limits);
  const times = withDefaults('times', qioTimes, options.times);
  const { pressure, share, ...counts } = limits;
  inRange('limit pressure', pressure, 0, 100);
  wholeInRange('limit share', share, 0, Number.MAX_SAFE_INTEGER);
  for (const [name, value] of Object.entries(counts)) {
    wholeInRange(`limit ${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  for (const [name, value] of Object.entries(times)) inRange(`time ${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  return { limits, times, web: withDefaults<WebOptions>('web', webDefaults, options.web) };
}
