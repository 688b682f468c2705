// What stands on the wire: one JSON object a frame, {seq, type, data} and nothing else. Two dialects share it.
//
//   seed      every message has a number, the handshake included; an end is a `close` message and an empty close frame
//   session   the handshake and heartbeats have `seq: null`, all else is numbered from 1; an end is a close code
//
// Pure: text to values and back, and whether a handshake message has the shape that it must have.

import { PeerError, reasonOf, UsageError } from '../../base/errors.ts';

export type Dialect = 'seed' | 'session';

/** Who stands at an end of a link. On the wire a controller is called master, and a node slave. */
export type Role = 'controller' | 'node' | 'control' | 'instance';

export type Data = { readonly [name: string]: unknown };

export interface Envelope {
  readonly seq: number | null;
  readonly type: string;
  readonly data: Data;
}

/** How a link is ended. */
export interface Close {
  /** Of the close frame; the seed dialect sends none. */
  readonly code: number;
  readonly reason: string;
}

/** Why links end, in the words of the systems that speak this protocol. */
export const closes = {
  serverQuit: { code: 1001, reason: 'Server Quit' },
  shutdown: { code: 1001, reason: 'shutdown' },
  quit: { code: 1000, reason: 'quit' },
  invalidJson: { code: 1002, reason: 'Invalid JSON' },
  badHandshake: { code: 1002, reason: 'Bad handshake' },
  invalidHandshake: { code: 1002, reason: 'Invalid handshake' },
  invalidHeartbeat: { code: 1002, reason: 'Invalid heartbeat' },
  malformed: { code: 1002, reason: 'Malformed' },
  tooDeep: { code: 1002, reason: 'JSON too deep' },
  gap: { code: 1002, reason: 'Sequence gap' },
  replaced: { code: 1008, reason: 'Registered from another connection' },
  tooBig: { code: 1009, reason: 'Message too big' },
  overrun: { code: 1011, reason: 'Outbox full' },
  tooLate: { code: 1013, reason: 'Handshake timeout' },
  tooMany: { code: 1013, reason: 'Too many connections' },
  notAuthenticated: { code: 4003, reason: 'Authentication failed' },
} as const satisfies Record<string, Close>;

/** Whether a close code is that of an end in good order. */
export function isOrderly(code: number): boolean {
  return code === closes.quit.code || code === closes.shutdown.code;
}

/** Nested deeper than this, JSON is refused before it is parsed. */
const deepest = 100;

/** A frame that is no JSON, or too deep; `close` says how its link ends. */
export class FrameError extends PeerError {
  readonly close: Close;

  constructor(close: Close, cause?: unknown) {
    super('PROTOCOL_ERROR', cause === undefined ? close.reason : `${close.reason}: ${reasonOf(cause)}`);
    this.close = close;
  }
}

/** @throws FrameError */
export function readFrame(bytes: Buffer): unknown {
  if (bytes.length > 2 * deepest && depthOf(bytes) > deepest) throw new FrameError(closes.tooDeep);
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    throw new FrameError(closes.invalidJson, error);
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** The deepest nesting, counted without parsing: the brackets outside strings. */
function depthOf(bytes: Buffer): number {
  let depth = 0;
  let most = 0;
  let inside = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inside) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inside = false;
    } else if (byte === quote) inside = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > most) most = depth;
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  return most;
}

export function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The envelope, or undefined where it has not exactly its three parts. */
export function envelopeOf(value: unknown): Envelope | undefined {
  if (!isData(value)) return undefined;
  const { seq, type, data } = value;
  if (seq !== null && !Number.isSafeInteger(seq)) return undefined;
  if (typeof type !== 'string' || !isData(data) || Object.keys(value).length !== 3) return undefined;
  return { seq: seq as number | null, type, data };
}

/** Names that stand in JSON as they are. */
const plain = /^[\w.:-]*$/;

/**
 * `answers` is the number of the request that is answered; it goes into the data: first beside an error, else last.
 * @throws UsageError INVALID_VALUE for what JSON has no text for: a bigint, or a circle
 */
export function writeFrame(seq: number | null, type: string, data: Data, answers?: number): string {
  const name = plain.test(type) ? `"${type}"` : JSON.stringify(type);
  let text: string;
  try {
    text = answers === undefined ? JSON.stringify(data) : answerText(answers, data);
  } catch (error) {
    throw new UsageError('INVALID_VALUE', `${type} has no text in JSON: ${reasonOf(error)}`, { cause: error });
  }
  return `{"seq":${seq},"type":${name},"data":${text}}`;
}

/** A copy of the data with one part more costs three times as much as to write it. */
function answerText(seq: number, data: Data): string {
  const text = JSON.stringify(data);
  if (text === '{}') return `{"seq":${seq}}`;
  return Object.hasOwn(data, 'error') ? `{"seq":${seq},${text.slice(1)}` : `${text.slice(0, -1)},"seq":${seq}}`;
}

// ---- the handshake

type Kind = 'string' | 'integer' | 'integer or null' | 'number' | 'object';

const kinds: { readonly [kind in Kind]: (value: unknown) => boolean } = {
  string: value => typeof value === 'string',
  integer: Number.isSafeInteger,
  'integer or null': value => value === null || Number.isSafeInteger(value),
  number: Number.isFinite,
  object: isData,
};

interface Shape {
  readonly needs: { readonly [name: string]: Kind };
  readonly may?: { readonly [name: string]: Kind };
}

const register: Shape['needs'] = { agent: 'string', version: 'string' };
const node: Shape['needs'] = { ...register, name: 'string', id: 'integer' };
const intervals: Shape['needs'] = { session_timeout: 'number', heartbeat_interval: 'number' };

/** The messages of the handshake, for each dialect. Whether a token must be there is the server's to say. */
const handshake: { readonly [dialect in Dialect]: { readonly [type: string]: Shape } } = {
  seed: {
    hello: { needs: { version: 'string' } },
    register_slave: { needs: node, may: { token: 'string' } },
    register_control: { needs: register, may: { token: 'string' } },
    ready: { needs: {} },
    close: { needs: { reason: 'string' } },
  },
  session: {
    hello: { needs: { version: 'string' }, may: { plugins: 'object' } },
    register_slave: { needs: { ...node, plugins: 'object' }, may: { token: 'string', public_address: 'string' } },
    register_control: { needs: register, may: { token: 'string' } },
    ready: { needs: { session_token: 'string', ...intervals }, may: { account: 'object' } },
    resume: { needs: { session_token: 'string', last_seq: 'integer or null' } },
    continue: { needs: { last_seq: 'integer or null', ...intervals } },
    invalidate: { needs: {} },
    heartbeat: { needs: { seq: 'integer or null' } },
  },
};

/** Whether the data of a handshake message has all that it needs, and nothing that it may not have. */
export function isShaped(dialect: Dialect, { type, data }: Envelope): boolean {
  const shapes = handshake[dialect];
  const shape = Object.hasOwn(shapes, type) ? shapes[type] : undefined;
  if (shape === undefined) return false;
  const { needs, may = {} } = shape;
  for (const [name, kind] of Object.entries(needs)) {
    if (!Object.hasOwn(data, name) || !kinds[kind](data[name])) return false;
  }
  return Object.keys(data).every(name => {
    const kind = Object.hasOwn(needs, name) ? needs[name] : Object.hasOwn(may, name) ? may[name] : undefined;
    return kind !== undefined && kinds[kind](data[name]);
  });
}

// ---- names

const wireNames: { readonly [role in Role]: string } = {
  controller: 'master',
  node: 'slave',
  control: 'control',
  instance: 'instance',
};

/** A link as the wire names it, from the local end: `master-control`. */
export function wireLink(local: Role, remote: Role): string {
  return `${wireNames[local]}-${wireNames[remote]}`;
}
