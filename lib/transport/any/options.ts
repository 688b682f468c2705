// Options of a port for all, with their defaults and ranges.

import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { inRange, wholeInRange, withDefaults } from '../../base/options.ts';
import type { TlsOptions } from '../tls/options.ts';
import { checkTls } from '../tls/options.ts';
import type { FrameRules } from '../websocket/frame-rules.ts';
import { ordinaryRules } from '../websocket/frame-rules.ts';

/** Limits of connections that have not said enough to be told apart. */
export interface UndecidedLimits {
  /** In ms; who has not shown what it speaks by then is closed. @default 10_000 */
  readonly deadline: number;
  /** At the same time; more are closed at once, and told as trouble, once per second at most. @default 1_000 */
  readonly most: number;
  /**
   * Who has said nothing at all for so many ms is a stream: for services that speak first. 0: never; browsers open
   * connections that they use later, and would be taken for streams. @default 0
   */
  readonly quiet: number;
}

/** How WebSockets are accepted, and what they are like. */
export interface UpgradeOptions {
  /** The subprotocol that a client must offer, alone; another request is answered 400. @default none is asked for */
  readonly protocol: string;
  /** Headers of the answer 101 besides its own. @default none */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers of the answers 400 and 426. @default none */
  readonly refusal: Readonly<Record<string, string>>;
  /** Longest message that is received, in bytes. @default 16 MiB */
  readonly longest: number;
  /** Kind of the frames that are sent. @default 'text' */
  readonly frames: 'text' | 'binary';
  /** Which frames are taken, and what is said of others. @default as RFC 6455 has it */
  readonly rules: Given<FrameRules>;
  /** Whether a channel keeps the request that asked for it, some 300 bytes. @default 'kept' */
  readonly request: 'kept' | 'dropped';
}

/** Limits of plain HTTP. */
export interface HttpLimits {
  /** Longest head of a request, in bytes; a longer one is answered 431. @default 16 KiB */
  readonly head: number;
  /** A request has this long to arrive, with its body, in ms; then 408, or closed. @default 10_000 */
  readonly request: number;
  /** A connection that is kept has this long until its next request, in ms. @default 50_000 */
  readonly idle: number;
  /** Connections at the same time on which HTTP is spoken; more are closed at once. @default 10_000 */
  readonly connections: number;
  /** Whether lines may end with LF alone, and the parser is lax in other ways (node's insecureHTTPParser). @default false */
  readonly lax: boolean;
}

export interface AnyOptions {
  readonly undecided?: Given<UndecidedLimits> | undefined;
  readonly webSocket?: Given<UpgradeOptions> | undefined;
  readonly http?: Given<HttpLimits> | undefined;
  /** With it, all that is spoken here is spoken through tls. @default none */
  readonly tls?: TlsOptions | undefined;
}

export interface AnySettings {
  readonly undecided: UndecidedLimits;
  readonly webSocket: Omit<UpgradeOptions, 'rules'> & { readonly rules: FrameRules };
  readonly http: HttpLimits;
  readonly tls: TlsOptions | undefined;
}

const undecidedDefaults: UndecidedLimits = { deadline: 10_000, most: 1_000, quiet: 0 };
const upgradeDefaults: UpgradeOptions = {
  protocol: '',
  headers: {},
  refusal: {},
  longest: 16 * 1024 * 1024,
  frames: 'text',
  rules: {},
  request: 'kept',
};
const httpDefaults: HttpLimits = { head: 16 * 1024, request: 10_000, idle: 50_000, connections: 10_000, lax: false };
const none: { [K in keyof Required<AnyOptions>]: undefined } = {
  undecided: undefined,
  webSocket: undefined,
  http: undefined,
  tls: undefined,
};
const day = 86_400_000;
const gibibyte = 1024 ** 3;

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function anySettings(what: string, options: AnyOptions): AnySettings {
  const given = withDefaults<AnyOptions>(what, none, options);
  const undecided = withDefaults('undecided', undecidedDefaults, given.undecided);
  const webSocket = withDefaults('webSocket', upgradeDefaults, given.webSocket);
  const http = withDefaults('http', httpDefaults, given.http);
  const rules = withDefaults('rules', ordinaryRules, webSocket.rules);
  inRange('undecided deadline', undecided.deadline, 1, day);
  wholeInRange('undecided most', undecided.most, 1, 1_000_000);
  inRange('undecided quiet', undecided.quiet, 0, day);
  wholeInRange('webSocket longest', webSocket.longest, 1, gibibyte);
  inRange('rules half', rules.half, 0, day);
  wholeInRange('http head', http.head, 256, 1024 * 1024);
  inRange('http request', http.request, 1, day);
  inRange('http idle', http.idle, 1, day);
  wholeInRange('http connections', http.connections, 1, 1_000_000);
  oneOf('frames', webSocket.frames, ['text', 'binary']);
  oneOf('taken', rules.taken, ['all', 'whole-text']);
  oneOf('request', webSocket.request, ['kept', 'dropped']);
  oneOf('closing', rules.closing, ['same', 'empty']);
  if (given.tls !== undefined) checkTls(given.tls);
  return { undecided, webSocket: { ...webSocket, rules }, http, tls: given.tls };
}

function oneOf(what: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new UsageError('INVALID_VALUE', `${what} is one of ${known.join(', ')}, not ${value}`);
}
