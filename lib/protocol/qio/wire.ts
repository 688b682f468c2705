// What stands on the wire, whatever carries it: `path:id=json`, where id asks for a callback, and 0 for none.
//
//   /chat/say:7="hello"                                        an event, with a callback that has to be 7
//   /qio/callback/7:0={"code":200,"data":null}                 the server's answer: always with an envelope
//   /qio/callback/65537:0=null                                 a client's answer: never with one
//
// Pure, and without any import: the same file is in the browser. Ids have 64 bits: up to 2^53 they are numbers, beyond
// that they are bigints; either is written back with the digits that came.

export type CallbackId = number | bigint;

/** The three parts of an event. */
export interface EventText {
  /** As it was written; `cleanPath` makes the name of it. */
  readonly path: string;
  /** 0 where no callback is asked for. */
  readonly id: CallbackId;
  /** May be empty; whether it is JSON is for its reader to find out. */
  readonly json: string;
}

/** What each end says first, where its carrier has a handshake; nothing follows the colon, there is none. */
export const ohai = '/qio/ohai';
/** The subprotocol of WebSockets. */
export const subprotocol = 'quickio';

/** Paths that both ends know. */
export const paths = {
  reserved: '/qio',
  ping: '/qio/ping',
  hostname: '/qio/hostname',
  on: '/qio/on',
  off: '/qio/off',
  callback: '/qio/callback',
  heartbeat: '/qio/heartbeat',
  move: '/qio/move',
} as const;

/** What callbacks say. Applications may say any other whole number. */
export const codes = {
  ok: 200,
  /** The same subscription is being decided on. */
  pending: 202,
  badData: 400,
  refused: 401,
  unknown: 404,
  /** A limit is reached. */
  calmDown: 420,
  failed: 500,
  /** Never on the wire: a client's own word for a connection that ended before the answer. */
  disconnected: -1,
} as const;

/** The end of a WebSocket: the code of its close frame (none: an empty frame) and the reason. */
export interface Close {
  readonly code?: number;
  readonly reason?: string;
}

export const closes = {
  plain: {},
  shutdown: { code: 1001 },
  badHandshake: { code: 1002, reason: 'invalid handshake' },
  badEvent: { code: 1002, reason: 'invalid event format' },
  unmasked: { code: 1002, reason: 'client must mask data' },
  badOpcode: { code: 1003 },
  notUtf8: { code: 1007 },
  timeout: { code: 1008, reason: 'client timeout' },
  tooBig: { code: 1009 },
} as const satisfies Record<string, Close>;

/** What keeps a connection warm: it asks for nothing. */
export const heartbeat = `${paths.heartbeat}:0=null`;

/** Undefined where the text is no event: its connection is closed then. A NUL ends it. */
export function readEvent(text: string): EventText | undefined {
  const nul = text.indexOf('\0');
  const said = nul < 0 ? text : text.slice(0, nul);
  const colon = said.indexOf(':');
  if (colon < 0) return undefined;
  const equals = said.indexOf('=', colon + 1);
  if (equals < 0) return undefined;
  const id = readId(said.slice(colon + 1, equals));
  return id === undefined ? undefined : { path: said.slice(0, colon), id, json: said.slice(equals + 1) };
}

/** Empty JSON stands for null. */
export function writeEvent(path: string, id: CallbackId, json: string): string {
  return `${path}:${id}=${json === '' ? 'null' : json}`;
}

/** Zeros in front are taken away later: two runs of digits side by side would be tried in every division. */
const idPattern = /^[ \t\n\v\f\r]*([+-]?)(\d+)$/;
const idLimit = 2n ** 64n;
/** So many digits fit a number, whichever they are. */
const surelyNumber = 15;
/** The digits of 2^64. */
const mostDigits = 20;

/** An id as C's strtoull reads it: blanks and a sign before it, and -1 is 2^64 - 1. Undefined where it is none. */
export function readId(text: string): CallbackId | undefined {
  const [, sign, found] = idPattern.exec(text) ?? [];
  const digits = found?.replace(/^0+(?=\d)/, '');
  if (digits === undefined || digits.length > mostDigits) return undefined;
  if (sign !== '-' && digits.length <= surelyNumber) return Number(digits);
  const value = BigInt(digits);
  if (value >= idLimit) return undefined;
  return narrow(sign === '-' ? (idLimit - value) % idLimit : value);
}

function narrow(value: bigint): CallbackId {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

const cleanPattern = /^\/?[\w-]+(?:\/[\w-]+)*$/;

/**
 * Letters, digits, `-`, `_` and `/` stay, all else vanishes; then many slashes are one, and none is last. No slash is put
 * first. The root is empty.
 */
export function cleanPath(path: string): string {
  if (cleanPattern.test(path)) return path;
  return path
    .replace(/[^\w/-]+/g, '')
    .replace(/\/{2,}/g, '/')
    .replace(/\/$/, '');
}

/** The path of an answer to the callback with this id. */
export function callbackPath(id: CallbackId): string {
  return `${paths.callback}/${id}`;
}

/** What a server says in a callback. `json` is its data as JSON, empty for null. */
export function writeEnvelope(code: number, json: string, reason: string | null = null): string {
  const data = json === '' ? 'null' : json;
  if (code === codes.ok) return `{"code":200,"data":${data}}`;
  return `{"code":${code},"data":${data},"err_msg":${JSON.stringify(reason)}}`;
}

export interface Envelope {
  readonly code: number;
  readonly data: unknown;
  /** With every code but 200. */
  readonly reason: string | null;
}

/** What came in a server's callback; undefined where it is no envelope. */
export function readEnvelope(json: string): Envelope | undefined {
  const value = parsed(json);
  if (typeof value !== 'object' || value === null) return undefined;
  const { code, data = null, err_msg: reason } = value as { code?: unknown; data?: unknown; err_msg?: unknown };
  if (typeof code !== 'number') return undefined;
  return { code, data, reason: typeof reason === 'string' ? reason : null };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
