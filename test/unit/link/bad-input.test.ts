// What is refused, by whom and why. The table of all bad input is tested over real WebSockets: link-bad-input.test.ts.

import t from 'tap';
import { linkToken } from '../../../lib/protocol/link/index.ts';
import { until } from '../../support/world.ts';
import type { Raw } from './stage.ts';
import { add, note, Stage, settled } from './stage.ts';

const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';

/** What the last word was: the close code and reason, the reason of a close message, or an error; '-' where none. */
function answer(raw: Raw): string {
  const last = raw.heard.at(-1) as { type: string; data: { reason?: string; error?: string } } | undefined;
  if (last?.type === 'close') return `close: ${last.data.reason}`;
  if (raw.closed_ !== undefined) return `${raw.closed_.code} ${raw.closed_.reason}`.trim();
  if (last?.data.error !== undefined) return `error: ${last.data.error}`;
  return last === undefined ? '-' : last.type;
}

const ask = { seq: 1, type: 'add_request', data: { a: 1, b: 2 } };

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

t.test('who registers, says something and leaves in one go is heard, also while a token is verified', async t => {
  const ways: readonly (readonly [string, (raw: Raw) => void])[] = [
    ['closes', raw => raw.end.closeWith(1000, 'quit')],
    ['is cut off', raw => raw.end.destroy()],
  ];
  for (const dialect of ['session', 'seed'] as const) {
    const key = dialect === 'seed' ? 'c2VjcmV0' : secret;
    const token = await linkToken(key, { dialect, role: 'control' });
    for (const [what, leave] of ways) {
      const stage = new Stage();
      const server = await stage.server({ secret: key, dialect });
      const seen: string[] = [];
      server.handle(note, ({ n }) => seen.push(`note ${n}`));
      for (const name of ['connect', 'leave'] as const) server.on(name, () => seen.push(name));
      const raw = await stage.raw();
      const first = dialect === 'seed' ? 1 : null;
      const register = { seq: first, type: 'register_control', data: { agent: 'x', version: 'x', token } };
      const notes = [1, 2].map(n => ({ seq: n, type: 'note_event', data: { n } }));
      for (const frame of [register, ...notes]) raw.end.send(Buffer.from(JSON.stringify(frame)));
      leave(raw);
      await until('both are heard', () => seen.length >= 3);
      t.same(seen.slice(0, 3), ['connect', 'note 1', 'note 2'], `${dialect}, ${what}`);
      await stage.clock.advance(100_000);
      t.equal(seen.at(-1), 'leave');
      t.equal(seen.length, 4);
      await stage.end();
    }
  }
});

t.test('what was said behind a token that is refused is not heard', async t => {
  const stage = new Stage();
  const server = await stage.server({ secret });
  server.handle(note, () => t.fail('it is a stranger'));
  const raw = await stage.raw();
  const register = { seq: null, type: 'register_control', data: { agent: 'x', version: 'x', token: 'wrong' } };
  for (const frame of [register, { seq: 1, type: 'note_event', data: { n: 1 } }]) {
    raw.end.send(Buffer.from(JSON.stringify(frame)));
  }
  raw.end.destroy();
  await until('it is gone', () => server.snapshot().sockets === 0);
  t.same(server.peers, []);
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
