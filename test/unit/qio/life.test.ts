// The life of a client: handshakes, heartbeats, slow ones, moving, and the end of the server.

import t from 'tap';
import { clientTable, qioServer, qioServerTable } from '../../../lib/protocol/qio/index.ts';
import { ok } from './answers.ts';
import { framed, Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

const second = 1_000;
const minute = 60 * second;

t.test('the tables', async t => {
  t.same(clientTable, {
    handshake: { ohai: 'open', close: 'closing', gone: 'closed' },
    open: { close: 'closing', gone: 'closed' },
    closing: { gone: 'closed' },
    closed: {},
  });
  t.same(qioServerTable, {
    idle: { start: 'opening', stop: 'closed' },
    opening: { listening: 'open', failed: 'closed', stop: 'closing' },
    open: { stop: 'closing' },
    closing: { over: 'closed' },
    closed: {},
  });
});

t.test('11 to 13: heartbeats, challenges, and the end of who is silent', async t => {
  for (const kind of ['raw', 'webSocket'] as const) {
    const stage = new Stage();
    const server = await stage.server();
    const client = await stage[kind]();
    t.same(client.heard, [], `${kind}: none at the start`);
    await stage.clock.advance(50 * second);
    t.same(client.heard, []);
    await stage.clock.advance(10 * second);
    t.same(client.heard, ['/qio/heartbeat:0=null'], '11 nothing sent for more than 51 s');
    await stage.clock.advance(14 * minute);
    client.heard;
    await stage.clock.advance(20 * second);
    t.equal(client.heard[0], '/qio/heartbeat:1=null', '12 nothing heard for more than 15 minutes');
    t.same(await client.ask('/qio/callback/1:0=null'), []);
    await stage.clock.advance(14 * minute);
    t.equal(server.clients.length, 1, 'it lives');
    await stage.clock.advance(2 * minute + 10 * second);
    t.equal(server.clients.length, 0, '13 nothing heard for more than 16 minutes');
    if (kind === 'webSocket') t.same((client as { word?: unknown }).word, { code: 1005, reason: '' }, '85 88 00');
    await stage.end();
  }
});

t.test('challenges are repeated until something comes', async t => {
  const stage = new Stage();
  await stage.server();
  const client = await stage.raw();
  await stage.clock.advance(15 * minute + 30 * second);
  const challenges = client.heard.filter(text => text !== '/qio/heartbeat:0=null');
  t.equal(challenges.length, 3);
  await client.ask('/qio/ping:0=');
  await stage.clock.advance(20 * second);
  t.same(client.heard, []);
  await stage.end();
});

t.test('70 nothing is sent before the handshake, which has 10 s', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const [raw, half, socket] = [await stage.stranger(), await stage.stranger(), await stage.upgraded()];
  await half.bytes('/qio/o');
  t.match(server.snapshot(), { joining: 3, clients: 0 });
  await stage.clock.advance(9 * second);
  t.same([raw.life, half.life, socket.word], ['open', 'open', undefined]);
  await stage.clock.advance(2 * second);
  t.same([raw.life, half.life], ['closed', 'closed']);
  t.same(socket.word, { code: 1008, reason: 'client timeout' });
  t.same([...raw.heard, ...half.heard, ...socket.heard], []);
  t.match(server.snapshot(), { joining: 0, badHandshakes: 3 });
  await stage.end();
});

t.test('half a frame that stops has 10 s; one that is whole has all the time', async t => {
  const stage = new Stage();
  await stage.server();
  const [half, whole] = [await stage.raw(), await stage.raw()];
  await half.bytes(framed('/qio/ping:1=').subarray(0, 12));
  await whole.bytes(framed('/qio/ping:1=').subarray(0, 12), framed('/qio/ping:1=').subarray(12));
  await stage.clock.advance(11 * second);
  t.same([half.life, whole.life], ['closed', 'open']);
  await stage.end();
});

t.test('69 and others: a WebSocket is told why it is closed', async t => {
  const stage = new Stage();
  const server = await stage.server({ limits: { event: 1_000 } });
  const rows = [
    ['a first frame that is no ohai', ['/qio/ping:1='], 1002, 'invalid handshake'],
    ['no event', ['/qio/ohai', 'lolno'], 1002, 'invalid event format'],
    ['an empty frame', ['/qio/ohai', ''], 1002, 'invalid event format'],
    ['a long one', ['/qio/ohai', `/qio/ping:1=${'x'.repeat(1_000)}`], 1009, ''],
  ] as const;
  for (const [what, frames, code, reason] of rows) {
    const client = await stage.upgraded();
    await client.say(...frames);
    t.same(client.word, { code, reason }, what);
  }
  t.match(server.snapshot(), { badHandshakes: 1, handshakes: 3 });
  await stage.end();
});

t.test('whoever does not read is closed, and counted', async t => {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()], limits: { unsent: 100_000 } });
  const reasons: unknown[] = [];
  server.on('leave', (_client, reason) => reasons.push(reason));
  const [slow, good] = [await stage.raw(), await stage.raw()];
  for (const client of [slow, good]) await client.ask('/qio/on:1="/test/good"');
  slow.channel.pause();
  for (let n = 0; n < 200; n += 1) {
    server.broadcast('/test/good', 'x'.repeat(1_000));
    await settled(2);
  }
  t.match(server.snapshot(), { slow: 1, clients: 1, subscriptions: 1 });
  t.match(reasons, [{ code: 'SLOW_PEER' }]);
  t.equal(good.heard.length, 200);
  await stage.end();
});

t.test('as many as there is room for', async t => {
  const stage = new Stage();
  const server = await stage.server({ limits: { connections: 2 }, web: { publicAddress: 'localhost' } });
  const first = await stage.raw();
  await stage.webSocket();
  const [third, fourth] = [await stage.stranger(), await stage.upgraded()];
  await settled();
  t.equal(third.life, 'closed');
  t.match(fourth.word, { code: 1013 });
  t.equal((await stage.post(`/?sid=${'1'.repeat(32)}&connect=true`)).short, '503');
  t.match(server.snapshot(), { clients: 2, refused: 3 });
  t.equal(stage.log.texts('warn').length, 1, 'said once a second at most');
  t.same(await first.ask('/qio/ping:1='), [ok(1)]);
  first.channel.destroy();
  await settled();
  t.same(await (await stage.raw()).ask('/qio/ping:1='), [ok(1)]);
  await stage.end();
});

t.test('clients are moved, one or by number', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const [a, b, c] = [await stage.raw(), await stage.webSocket(), await stage.raw()];
  t.throws(() => server.clients[0]?.move('two words'), { code: 'INVALID_VALUE' });
  t.throws(() => server.move(-1, 'x'), { code: 'OUT_OF_RANGE' });
  server.clients[2]?.move('next:80');
  await settled();
  t.same([c.heard, c.life], [['/qio/move:0="next:80"'], 'closed']);
  t.equal(server.move(10, '[::1]:80'), 2);
  await settled();
  t.same([a.heard, b.heard], [['/qio/move:0="[::1]:80"'], ['/qio/move:0="[::1]:80"']]);
  t.same([a.life, b.word], ['closed', { code: 1005, reason: '' }]);
  t.match(server.snapshot(), { moved: 3, clients: 0 });
  await stage.end();
});

t.test('84 the end of the server: 1001, and no timer is left', async t => {
  const stage = new Stage();
  const ended: string[] = [];
  const app = { ...testApp(), start: () => void ended.push('start'), stop: () => void ended.push('stop') };
  const server = await stage.server({ apps: [app] });
  const events: string[] = [];
  for (const name of ['leave', 'close'] as const) server.on(name, () => events.push(name));
  const [raw, socket, stranger] = [await stage.raw(), await stage.webSocket(), await stage.upgraded()];
  await raw.ask('/qio/on:1="/test/good"');
  const report = await stage.communicator.stop();
  t.same(report.abandoned, []);
  t.same([raw.life, socket.word, stranger.word], ['closed', { code: 1001, reason: '' }, { code: 1001, reason: '' }]);
  t.same([ended, events, server.state], [['start', 'stop'], ['leave', 'leave', 'close'], 'closed']);
  await t.rejects(server.mount(testApp()), { code: 'ILLEGAL_STEP' });
  t.equal(stage.clock.waiting, 0);
});

t.test('options that are none', async t => {
  const make = (options: object) => () => qioServer('any://127.0.0.1:0', options);
  t.throws(make({ nope: 1 }), { code: 'UNKNOWN_OPTION' });
  t.throws(make({ limits: { nope: 1 } }), { code: 'UNKNOWN_OPTION' });
  t.throws(make({ limits: { event: 0 } }), { code: 'OUT_OF_RANGE' });
  t.throws(make({ limits: { pressure: 101 } }), { code: 'OUT_OF_RANGE' });
  t.throws(make({ times: { callback: 0 } }), { code: 'OUT_OF_RANGE' }, '110');
  t.throws(make({ web: { nope: 1 } }), { code: 'UNKNOWN_OPTION' });
  t.throws(() => qioServer('wss://127.0.0.1:0'), { code: 'INVALID_VALUE' });
  t.throws(() => qioServer('nonsense'), { code: 'INVALID_ADDRESS' });
});
