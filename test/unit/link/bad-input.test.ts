// Each bad input has its stated answer, in each dialect; nothing of it disturbs other links.

import t from 'tap';
import { linkToken } from '../../../lib/protocol/link/index.ts';
import type { Raw } from './stage.ts';
import { add, Stage, settled } from './stage.ts';

const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';

/** What the last word was: the close code and reason, the reason of a close message, or an error; '-' where none. */
function answer(raw: Raw): string {
  const last = raw.heard.at(-1) as { type: string; data: { reason?: string; error?: string } } | undefined;
  if (last?.type === 'close') return `close: ${last.data.reason}`;
  if (raw.closed_ !== undefined) return `${raw.closed_.code} ${raw.closed_.reason}`.trim();
  if (last?.data.error !== undefined) return `error: ${last.data.error}`;
  return last === undefined ? '-' : last.type;
}

const deep = `{"seq":1,"type":"add_request","data":{"a":${'['.repeat(5_000)}${']'.repeat(5_000)},"b":1}}`;
const long = JSON.stringify({ seq: 1, type: 'add_request', data: { a: 'x'.repeat(10 * 1024 * 1024) } });
const ask = { seq: 1, type: 'add_request', data: { a: 1, b: 2 } };

type Row = readonly [what: string, frame: unknown, seed: string, session: string];

/** In the place of a registration. */
const before: readonly Row[] = [
  ['a request before register', ask, 'close: Invalid handshake', '1002 Bad handshake'],
  ['an unknown type', { seq: 1, type: 'nope', data: {} }, 'close: Invalid handshake', '1002 Bad handshake'],
  ['no JSON', '{nope', 'close: Invalid handshake', '1002 Invalid JSON'],
  ['JSON that is no object', '[1]', 'close: Invalid handshake', '1002 Bad handshake'],
  ['null', 'null', 'close: Invalid handshake', '1002 Bad handshake'],
  ['a deep one', deep, 'close: Invalid handshake', '1002 JSON too deep'],
  ['10 MB', long, 'close: Invalid handshake', '1009 Message too big'],
  ['a close message', { seq: 1, type: 'close', data: { reason: 'bye' } }, '1006', '1002 Bad handshake'],
];

/** After a registration. */
const after: readonly Row[] = [
  ['no JSON', '{nope', 'close: Invalid message: Malformed', '1002 Invalid JSON'],
  ['a deep one', deep, 'close: Invalid message: Malformed', '1002 JSON too deep'],
  ['10 MB', long, 'close: Invalid message: Malformed', '1009 Message too big'],
  ['seq 1.5', { ...ask, seq: 1.5 }, 'close: Invalid message: Malformed', '1002 Malformed'],
  ['a string for seq', { ...ask, seq: 'a' }, 'close: Invalid message: Malformed', '1002 Malformed'],
  ['no seq', { type: 'add_request', data: {} }, 'close: Invalid message: Malformed', '1002 Malformed'],
  ['null for seq', { ...ask, seq: null }, 'close: Invalid message: Malformed', '1002 Malformed'],
  ['no data', { seq: 1, type: 'add_request' }, 'close: Invalid message: Malformed', 'error: Malformed'],
  ['data is a list', { ...ask, data: [] }, 'close: Invalid message: Malformed', 'error: Malformed'],
  ['something more', { ...ask, more: 1 }, 'close: Invalid message: Malformed', 'error: Malformed'],
  [
    'an unknown request',
    { seq: 1, type: 'nope_request', data: {} },
    'close: Invalid message: No validator for nope_request on master-control',
    'error: No validator for nope_request on master-control',
  ],
  [
    'a request of another link',
    { seq: 1, type: 'note_request', data: {} },
    'close: Invalid message: No validator for note_request on master-control',
    'error: No validator for note_request on master-control',
  ],
  [
    'an unknown event',
    { seq: 1, type: 'nope_event', data: {} },
    'close: Invalid message: No validator for nope_event on master-control',
    '-',
  ],
  [
    'a wrong type in data',
    { ...ask, data: { a: 'x', b: 1 } },
    'close: Invalid message: Validation failed for add_request',
    'error: Validation failed for add_request',
  ],
  [
    'a property too many',
    { ...ask, data: { a: 1, b: 1, c: 1 } },
    'close: Invalid message: Validation failed for add_request',
    'error: Validation failed for add_request',
  ],
  [
    'names of the language itself',
    '{"seq":1,"type":"add_request","data":{"a":1,"b":1,"__proto__":{"c":1}}}',
    'close: Invalid message: Validation failed for add_request',
    'error: Validation failed for add_request',
  ],
  [
    'an answer to nothing',
    { seq: 1, type: 'add_response', data: { seq: 9, sum: 1 } },
    'close: Invalid message: Unhandled message add_response',
    '-',
  ],
  [
    'a second register',
    { seq: 1, type: 'register_control', data: { agent: 'x', version: 'x' } },
    'close: Invalid message: No validator for register_control on master-control',
    '-',
  ],
  [
    'a close without a reason',
    { seq: 1, type: 'close', data: {} },
    'close: Invalid message: Validation failed for close',
    '-',
  ],
  [
    'a heartbeat of another shape',
    { seq: null, type: 'heartbeat', data: { last_seq: 1 } },
    'close: Invalid message: Malformed',
    '1002 Invalid heartbeat',
  ],
  [
    'a heartbeat for what was never sent',
    { seq: null, type: 'heartbeat', data: { seq: 9 } },
    'close: Invalid message: Malformed',
    '1002 Invalid heartbeat',
  ],
  ['a gap', { ...ask, seq: 5 }, 'add_response', '1002 Sequence gap'],
  ['a number that was seen', { ...ask, seq: 0 }, 'add_response', '-'],
  [
    'a huge number',
    '{"seq":1e999,"type":"add_request","data":{}}',
    'close: Invalid message: Malformed',
    '1002 Malformed',
  ],
];

t.test('bad input has its answer', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const server = await stage.server({ dialect, session: { heartbeat: 1e6 } });
    server.handle(add, ({ a, b }) => ({ sum: a + b }));
    const good = stage.client({ dialect });
    await settled();
    const register = {
      seq: dialect === 'seed' ? 1 : null,
      type: 'register_control',
      data: { agent: 'x', version: 'x' },
    };
    for (const [rows, first] of [
      [before, []],
      [after, [register]],
    ] as const) {
      for (const [what, frame, seed, session] of rows) {
        const raw = await stage.raw();
        await raw.say(...first);
        raw.inbox.splice(0);
        await raw.say(frame);
        t.equal(answer(raw), dialect === 'seed' ? seed : session, `${dialect}: ${what}`);
      }
    }
    t.same(await good.send(add, { a: 1, b: 1 }), { sum: 2 }, `${dialect}: others go on`);
    t.equal(good.state, 'connected');
    await stage.end();
  }
});

t.test('registrations that are refused', async t => {
  const valid = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });
  const expired = await linkToken(secret, { dialect: 'session', role: 'node', id: 4, valid: -1e9 });
  const foreign = await linkToken('b3RoZXI=', { dialect: 'session', role: 'node', id: 4 });
  const data = { agent: 'x', version: 'x', name: 'x', id: 4, plugins: {}, token: valid };
  const { token: _, ...noToken } = data;
  const rows: readonly (readonly [string, object, string])[] = [
    ['good', data, 'ready'],
    ['no token', noToken, '1002 Bad handshake'],
    ['no JWT', { ...data, token: 'gibberish' }, '4003 Authentication failed: jwt malformed'],
    ['expired', { ...data, token: expired }, '4003 Authentication failed: jwt expired'],
    ['of another secret', { ...data, token: foreign }, '4003 Authentication failed: invalid signature'],
    ['of another node', { ...data, id: 5 }, '4003 Authentication failed: missmatched slave id'],
    ['a string for id', { ...data, id: '4' }, '1002 Bad handshake'],
    ['a property too many', { ...data, x: 1 }, '1002 Bad handshake'],
  ];
  for (const [what, registration, wanted] of rows) {
    const stage = new Stage();
    await stage.server({ secret });
    const raw = await stage.raw();
    raw.inbox.splice(0);
    await raw.ask({ seq: null, type: 'register_slave', data: registration });
    t.equal(answer(raw), wanted, what);
    await stage.end();
  }
});

t.test('a client whose token is refused stops, with the reason', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    await stage.server({ secret, dialect });
    const node = stage.node(1, { dialect, token: 'gibberish' });
    const why = new Promise<Error | undefined>(resolve => node.on('close', resolve));
    await settled();
    t.match(await why, { code: 'NOT_AUTHENTICATED' });
    t.equal(node.state, 'closed');
    await stage.end();
  }
});

t.test('a handshake that never comes is closed after 30 s', async t => {
  for (const [dialect, wanted] of [
    ['seed', 'close: Handshake timeout'],
    ['session', '1013 Handshake timeout'],
  ] as const) {
    const stage = new Stage();
    await stage.server({ dialect });
    const raw = await stage.raw();
    raw.inbox.splice(0);
    await stage.clock.advance(29_000);
    t.equal(raw.closed_, undefined);
    await stage.clock.advance(2_000);
    t.equal(answer(raw), wanted);
    await stage.end();
  }
});

t.test('a thousand half-open registers keep nobody out', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const crowd = await Promise.all(Array.from({ length: 1_000 }, () => stage.raw()));
  const node = stage.node(1);
  await settled();
  t.equal(node.state, 'connected');
  t.equal(crowd.filter(({ closed_ }) => closed_ !== undefined).length, 1);
  await stage.clock.advance(31_000);
  t.ok(crowd.every(({ closed_ }) => closed_?.code === 1013));
  t.match(server.snapshot(), { joining: 0, sockets: 1 });
  await stage.end();
});

t.test('what comes in the same read as register is not lost, also while a token is verified', async t => {
  const token = await linkToken(secret, { dialect: 'session', role: 'control' });
  const stage = new Stage();
  const server = await stage.server({ secret });
  server.handle(add, ({ a, b }) => ({ sum: a + b }));
  const raw = await stage.raw();
  await raw.ask({ seq: null, type: 'register_control', data: { agent: 'x', version: 'x', token } }, ask);
  t.match(raw.heard.at(-1), { type: 'add_response', data: { seq: 1, sum: 3 } });
  await stage.end();
});

t.test('a client that hears a gap begins a new session', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const node = stage.node(1);
  const seen: string[] = [];
  for (const name of ['connect', 'drop', 'resume', 'invalidate'] as const) node.on(name, () => seen.push(name));
  await settled();
  const far = stage.frames.ends.at(-1)?.peer;
  far?.send(Buffer.from(JSON.stringify({ seq: 9, type: 'note_event', data: { n: 1 } })));
  await settled();
  t.match(
    stage.frames.said.find(({ frame }) => frame === 'close'),
    {
      dir: 'c2s',
      code: 1002,
      reason: 'Sequence gap',
    },
  );
  await stage.clock.advance(2_000);
  t.same(seen, ['connect', 'drop', 'invalidate', 'connect']);
  t.equal(server.peers.length, 1);
  await stage.end();
});
