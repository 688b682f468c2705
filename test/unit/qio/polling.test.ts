// Sessions over HTTP requests: which answers they get, who gets what is said, and when a session ends.

import t from 'tap';
import { clienttest, pollingTable } from '../../../lib/protocol/qio/index.ts';
import { ok } from './answers.ts';
import { Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

const second = 1_000;
const sid = '0123456789abcdef0123456789ABCDEF';
const at = `/?sid=${sid}`;
const connect = `${at}&connect=true`;
const hostname = '/qio/hostname:1=null';

async function begun() {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()], web: { publicAddress: 'localhost' } });
  return { stage, server };
}

/** A session whose poll waits. */
async function polling() {
  const { stage, server } = await begun();
  await stage.post(connect, '/qio/on:1="/test/good"');
  return { stage, server, poll: await stage.post(at) };
}

t.test('the table', async t => {
  t.same(pollingTable, {
    idle: { request: 'gathering', leave: 'leaving', over: 'over' },
    gathering: { answer: 'idle', wait: 'waiting', leave: 'leaving', over: 'over' },
    waiting: { request: 'gathering', answer: 'idle', over: 'over' },
    leaving: { over: 'over' },
    over: {},
  });
});

t.test('86 connect, on, an event, off', async t => {
  const { stage, server } = await begun();
  const first = await stage.post(connect, hostname);
  t.equal(first.short, `200 ${ok(1, '"localhost"')}`);
  t.equal(first.text.at(-1), '\n');
  t.match(first.answered, { 'cache-control': 'private, max-age=0', expires: '-1', 'content-type': 'text/plain' });
  t.notOk('access-control-allow-origin' in first.answered);
  t.equal((await stage.post(at, '/qio/on:2="/test/good"\n')).short, `200 ${ok(2)}`);
  const poll = await stage.post(at);
  t.equal(poll.short, '-', 'it waits');
  server.broadcast('/test/good', 1);
  await settled();
  t.equal(poll.short, '200 /test/good:0=1');
  t.equal((await stage.post(at, '/qio/off:3="/test/good"')).short, `200 ${ok(3)}`);
  t.match(server.snapshot(), { polling: 1, clients: 1, polls: 4, subscriptions: 0 });
  await stage.end();
});

t.test('97 empty lines say nothing; a sid may be longer, and its letters are large or small', async t => {
  const { stage } = await begun();
  t.equal((await stage.post(connect, '\n\n\n/qio/ping:1=\n\n')).short, `200 ${ok(1)}`);
  t.equal((await stage.post(`/any/path?x=1&sid=${sid.toLowerCase()}ff-zz`, '/qio/ping:2=')).short, `200 ${ok(2)}`);
  t.equal((await stage.post(connect, '/qio/ping:3=\n/qio/ping:4=')).short, `200 ${ok(3)}\n${ok(4)}`);
  await stage.end();
});

t.test('an older poll gets what a request brings about, and the request waits in its place', async t => {
  const { stage, server, poll } = await polling();
  const second = await stage.post(at, '/qio/ping:2=');
  t.same([poll.short, second.short], [`200 ${ok(2)}`, '-']);
  const third = await stage.post(at, '/qio/ping:0=');
  t.same([second.short, third.short], ['200', '-'], 'nothing is said: the older one is free');
  server.broadcast('/test/good', 1);
  await settled();
  t.equal(third.short, '200 /test/good:0=1');
  server.broadcast('/test/good', 2);
  server.broadcast('/test/good', 3);
  await settled();
  t.equal((await stage.post(at)).short, '200 /test/good:0=2\n/test/good:0=3', 'kept for the next request');
  await stage.end();
});

t.test('a second request on the same connection: the waiting one is free at once', async t => {
  const { stage, poll } = await polling();
  await poll.follow();
  t.equal(poll.short, '200');
  t.equal((await stage.post(at, '/qio/ping:2=')).short, `200 ${ok(2)}`);
  await stage.end();
});

t.test('a bad line: 400, the session is over, and what came before it has happened', async t => {
  const { stage, server, poll } = await polling();
  const bad = await stage.post(at, '/qio/off:2="/test/good"\nlolno\n/qio/ping:3=');
  t.same([poll.short, bad.short], ['403', '400']);
  t.equal((await stage.post(at)).short, '403');
  t.match(server.snapshot(), { polling: 0, clients: 0, unsubscribed: 1 });
  t.equal((await stage.post(connect, 'lolno')).short, '400', 'also the first');
  t.match(server.snapshot(), { polling: 0 });
  await stage.end();
});

t.test('98 a session that is closed: 403 for all of its requests', async t => {
  const { stage, poll } = await polling();
  const closing = await stage.post(at, '/test/close:0=');
  t.same([poll.short, closing.short], ['403', '403']);
  t.equal((await stage.post(at)).short, '403');
  await stage.end();
});

t.test('the connection of a waiting poll is lost: so is the session', async t => {
  const { stage, server, poll } = await polling();
  const reasons: unknown[] = [];
  server.on('leave', (_client, reason) => reasons.push(reason));
  await poll.leave();
  t.match(server.snapshot(), { polling: 0, subscriptions: 0 });
  t.match(reasons, [{ code: 'CLOSED' }]);
  t.equal(poll.short, '403', 'for nobody');
  t.equal((await stage.post(at)).short, '403');
  await stage.end();
});

t.test('a sid that is used again after its end opens another session, which knows nothing of it', async t => {
  const { stage, server, poll } = await polling();
  const id = server.clients[0]?.id;
  await poll.leave();
  t.equal((await stage.post(at, hostname)).short, '403');
  t.equal((await stage.post(connect, hostname)).short, `200 ${ok(1, '"localhost"')}`);
  t.not(server.clients[0]?.id, id);
  t.equal(server.clients[0]?.subscriptions, 0);
  await stage.end();
});

t.test('88 and 116: an old poll is answered with nothing; without a poll a session has 10 s', async t => {
  const { stage, server, poll } = await polling();
  await stage.clock.advance(44 * second);
  t.equal(poll.short, '-');
  await stage.clock.advance(12 * second);
  t.equal(poll.short, '200', 'older than 45 s');
  const next = await stage.post(at);
  await stage.clock.advance(9 * second);
  t.equal(next.short, '-', 'the session lives');
  await stage.post(at, '/qio/ping:1=');
  server.broadcast('/test/good', 1);
  await stage.post(at, '/qio/ping:2=');
  server.broadcast('/test/good', 2);
  await stage.clock.advance(21 * second);
  t.equal((await stage.post(at)).short, '403', 'a slow poller');
  t.match(server.snapshot(), { clients: 0 });
  await stage.end();
});

t.test('whoever polls is moved, also where no poll waits', async t => {
  const { stage, server, poll } = await polling();
  server.move(1, 'next');
  await settled();
  t.equal(poll.short, '200 /qio/move:0="next"');
  t.equal((await stage.post(at)).short, '403');
  await stage.post(connect, '/qio/ping:1=');
  server.move(1, 'next');
  t.match(server.snapshot(), { polling: 1 });
  t.equal((await stage.post(at)).short, '200 /qio/move:0="next"', 'the last words');
  t.equal((await stage.post(at)).short, '403');
  await stage.post(connect, '/qio/ping:1=');
  server.move(1, 'next');
  await stage.clock.advance(21 * second);
  t.match(server.snapshot(), { polling: 0 }, 'not for ever');
  await stage.end();
});

t.test(
  'whoever asks to be moved while a poll waits is not refused: that could arrive before the poll says where to',
  async t => {
    const stage = new Stage();
    const server = await stage.server({ apps: [clienttest()], web: { publicAddress: 'localhost' } });
    await stage.post(connect, '/qio/ping:1=');
    const poll = await stage.post(at);
    const asking = await stage.post(at, '/clienttest/move:0="next"');
    t.same([poll.short, asking.short], ['200 /qio/move:0="next"', '200']);
    t.match(server.snapshot(), { polling: 0 });
    t.equal((await stage.post(at)).short, '403');
    await stage.end();
  },
);

t.test('84 the end of the server: 403, and nobody waits for last words', async t => {
  const { stage, poll } = await polling();
  const report = await stage.communicator.stop();
  t.equal(poll.short, '403');
  t.same(report.abandoned, []);
  t.equal(stage.clock.waiting, 0);
});

t.test('nobody comes in any more when the server ends; last words do not wait', async t => {
  const stage = new Stage();
  const app = { ...testApp(), stop: () => new Promise<void>(resolve => stage.clock.after(100, resolve)) };
  const server = await stage.server({ apps: [app], web: { publicAddress: 'localhost' } });
  await stage.post(connect, '/qio/ping:1=');
  server.move(1, 'next');
  t.match(server.snapshot(), { polling: 1 });
  const stopped = stage.communicator.stop();
  t.match(server.snapshot(), { polling: 0 });
  t.equal((await stage.post(connect, hostname)).short, '503');
  const [raw, socket] = [await stage.stranger(), await stage.upgraded()];
  await settled();
  t.same([raw.life, socket.word, server.state], ['closed', { code: 1001, reason: '' }, 'closing']);
  await stage.clock.advance(100);
  t.same((await stopped).abandoned, []);
});

t.test('a slow poller is closed when too much waits for it', async t => {
  const stage = new Stage();
  const web = { publicAddress: 'localhost' };
  const server = await stage.server({ apps: [testApp()], web, limits: { unsent: 10_000 } });
  await stage.post(connect, '/qio/on:1="/test/good"');
  server.broadcast('/test/good', 'x'.repeat(9_000));
  await settled();
  t.match(server.snapshot(), { slow: 0, clients: 1 });
  server.broadcast('/test/good', 'x'.repeat(9_000));
  await settled();
  t.match(server.snapshot(), { slow: 1, clients: 0 });
  t.equal((await stage.post(at)).short, '403');
  await stage.end();
});

t.test('many requests of one session at the same time: more than 16 are refused', async t => {
  const stage = new Stage();
  const web = { publicAddress: 'localhost' };
  await stage.server({ apps: [testApp()], web, limits: { handlers: 1 } });
  const strained = await stage.post(connect, '/test/slow:1="slow"\n/qio/ping:2=');
  const crowd = await Promise.all(Array.from({ length: 20 }, (_, n) => stage.post(at, `/qio/ping:${n}=`)));
  t.same(
    crowd.map(({ short }) => short),
    [...Array(15).fill('-'), ...Array(5).fill('413')],
  );
  await stage.clock.advance(1 * second);
  const answers = [strained, ...crowd.slice(0, 15)].map(({ text }) => text).join('');
  t.equal(
    answers,
    [ok(1, '"slow"'), ok(2), ...Array.from({ length: 14 }, (_, n) => ok(n + 1))].map(line => `${line}\n`).join(''),
  );
  await stage.end();
});

t.test('a poll is freed while the events of a newer request are being worked on', async t => {
  const stage = new Stage();
  await stage.server({ apps: [testApp()], web: { publicAddress: 'localhost' }, limits: { handlers: 1 } });
  await stage.post(connect, '/qio/ping:1=');
  const poll = await stage.post(at);
  const strained = await stage.post(at, '/test/slow:2=2\n/qio/ping:3=');
  t.same([poll.short, strained.short], ['-', '-']);
  await poll.follow();
  t.same([poll.short, strained.short], ['200', '-']);
  await stage.clock.advance(1 * second);
  t.equal(strained.short, `200 ${ok(2, '2')}\n${ok(3)}`);
  await stage.end();
});
