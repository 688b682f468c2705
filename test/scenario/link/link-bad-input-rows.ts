// What may come over a link that must not, and the stated answer in each dialect: the rows of the tables in
// lib/protocol/link/README.md, which is held to be the same.

import type { Frame } from './link-stage.ts';

export interface Row {
  readonly what: string;
  readonly seed: string;
  readonly session: string;
  /** What is sent; made of a good message. */
  readonly say: (good: Frame) => unknown;
  /** The number of the next good message in the session dialect. */
  readonly next: number;
}

function row(what: string, seed: string, session: string, say: Row['say'], next = 2): Row {
  return { what, seed, session, say, next };
}

/** The answer of both dialects is the same. */
const both = (what: string, answer: string, say: Row['say'], next?: number): Row =>
  row(what, answer, answer, say, next);
const withData =
  (more: object): Row['say'] =>
  ({ data, ...good }) => ({ ...good, data: { ...data, ...more } });
const message =
  (type: string, data: object): Row['say'] =>
  () => ({ seq: 1, type, data });

const nested = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
const deep = (): string => `{"seq":1,"type":"add_request","data":{"a":${nested},"b":1}}`;
const tenMegabytes = (): string => `{"seq":1,"type":"add_request","data":{"a":"${'x'.repeat(10_000_000)}"}}`;
const answerToNothing = message('add_response', { seq: 9, sum: 1 });

const refused = ['close: Invalid handshake', '1002 Bad handshake'] as const;
const malformed = 'close: Invalid message: Malformed';
const authentication = 'Authentication failed';

/** What comes in the place of a registration; made of a good one. */
export const registrations = (expired: string): readonly Row[] => [
  row(
    'a wrong token',
    `close: ${authentication}`,
    `4003 ${authentication}: jwt malformed`,
    withData({ token: 'gibberish' }),
  ),
  row(
    'an expired token',
    `close: ${authentication}`,
    `4003 ${authentication}: jwt expired`,
    withData({ token: expired }),
  ),
  row('no token, though one is needed', ...refused, ({ data: { token: _, ...data } = {}, ...good }) => ({
    ...good,
    data,
  })),
  row('a property too many', ...refused, withData({ more: 1 })),
  row('a string for the id of a node', ...refused, ({ data, ...good }) => ({
    ...{ ...good, type: 'register_slave' },
    data: { ...data, name: 'x', id: '4', ...(good.seq === null ? { plugins: {} } : {}) },
  })),
  row('seq 1.5', ...refused, good => ({ ...good, seq: 1.5 })),
  row('a request', ...refused, message('add_request', { a: 1, b: 2 })),
  row('an unknown type', ...refused, message('nope', {})),
  row('a list', ...refused, () => '[1]'),
  row('no JSON', refused[0], '1002 Invalid JSON', () => '{nope'),
  row('an empty frame', refused[0], '1002 Invalid JSON', () => ''),
  row('JSON deeper than 100', refused[0], '1002 JSON too deep', deep),
  row('10 MB', refused[0], '1009 Message too big', tenMegabytes),
  row('a close message', 'cut off', refused[1], message('close', { reason: 'bye' })),
  row('`resume` of an unknown session', refused[0], 'invalidate', () => ({
    ...{ seq: null, type: 'resume' },
    data: { session_token: 'x', last_seq: null },
  })),
  both('a good one in a binary frame', 'ready', good => Buffer.from(JSON.stringify(good))),
];

const noValidator = (type: string): readonly [string, string] => [
  `close: Invalid message: No validator for ${type} on master-control`,
  `error: No validator for ${type} on master-control`,
];
const failed = (type: string): readonly [string, string] => [
  `close: Invalid message: Validation failed for ${type}`,
  `error: Validation failed for ${type}`,
];

/** What comes on a link that is open; made of a good request. */
export const messages: readonly Row[] = [
  row('no JSON', malformed, '1002 Invalid JSON', () => '{nope'),
  row('an empty frame', malformed, '1002 Invalid JSON', () => ''),
  row('JSON deeper than 100', malformed, '1002 JSON too deep', deep),
  row('10 MB', malformed, '1009 Message too big', tenMegabytes),
  row('seq 1.5', malformed, '1002 Malformed', good => ({ ...good, seq: 1.5 })),
  row('a string for seq', malformed, '1002 Malformed', good => ({ ...good, seq: '1' })),
  row('no seq', malformed, '1002 Malformed', ({ seq: _, ...good }) => good),
  row('`null` for seq', malformed, '1002 Malformed', good => ({ ...good, seq: null })),
  row('no data', malformed, 'error: Malformed', ({ data: _, ...good }) => good),
  row('a list for data', malformed, 'error: Malformed', good => ({ ...good, data: [] })),
  row('a fourth part', malformed, 'error: Malformed', good => ({ ...good, more: 1 })),
  row('an unknown request', ...noValidator('nope_request'), message('nope_request', {})),
  row('an unknown event', noValidator('nope_event')[0], 'left aside', message('nope_event', {})),
  row('a request that is not for this link', ...noValidator('note_request'), message('note_request', {})),
  row('a wrong type in data', ...failed('add_request'), withData({ a: 'x' })),
  row('a property too many', ...failed('add_request'), withData({ more: 1 })),
  row('a property missing', ...failed('add_request'), message('add_request', { a: 1 })),
  row('`__proto__` in data', ...failed('add_request'), () => {
    return '{"seq":1,"type":"add_request","data":{"a":1,"b":1,"__proto__":{"c":1}}}';
  }),
  row('a wrong event', failed('note_event')[0], 'left aside', message('note_event', { n: 'x' })),
  row('an answer to nothing', 'close: Invalid message: Unhandled message add_response', 'left aside', answerToNothing),
  row('a second register', noValidator('register_control')[0], 'left aside', message('register_control', {})),
  row('a close message without a reason', failed('close')[0], 'left aside', message('close', {})),
  row('a heartbeat of another shape', malformed, '1002 Invalid heartbeat', () => ({
    ...{ seq: null, type: 'heartbeat' },
    data: { last_seq: 1 },
  })),
  row('a heartbeat for what was never sent', malformed, '1002 Invalid heartbeat', () => ({
    ...{ seq: null, type: 'heartbeat' },
    data: { seq: 9 },
  })),
  row('a gap in the numbers', 'answered', '1002 Sequence gap', good => ({ ...good, seq: 5 })),
  row('a number that was seen', 'answered', 'left aside', good => ({ ...good, seq: 0 }), 1),
  both('a good one in a binary frame', 'answered', good => Buffer.from(JSON.stringify(good))),
];

/** What a controller of another make may say in the place of a handshake, and what our client answers. */
export const greetings: readonly Row[] = [
  row('something else than `hello` first', 'close: Invalid handshake', '1002 Invalid handshake', () => ({
    ...{ seq: 1, type: 'nope', data: {} },
  })),
  row('`hello` with more', 'close: Invalid handshake', '1002 Invalid handshake', withData({ more: 1 })),
  row('`hello` without data', 'close: Invalid handshake', '1002 Invalid handshake', ({ data: _, ...good }) => good),
  row('no JSON', 'close: Invalid handshake', '1002 Invalid JSON', () => '{nope'),
  row('an empty frame', 'close: Invalid handshake', '1002 Invalid JSON', () => ''),
  row('10 MB', 'close: Invalid handshake', '1009 Message too big', tenMegabytes),
];
