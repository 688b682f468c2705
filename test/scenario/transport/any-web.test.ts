// Plain HTTP on a port for all, and a text service that takes lines, WebSockets and requests on one port.

import t from 'tap';
import { anyStream, Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';
import { stairsDispatcher, worldOf } from '../stairs.ts';
import { anyHall, headOf } from './any-stage.ts';
import { foreign } from './websocket-stage.ts';

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
const post = (length: number | string, body = ''): string =>
  `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`;

t.test('a connection is kept as HTTP 1.0 and 1.1 say', async t => {
  const hall = await anyHall(t);
  const cases: [string, 'kept' | 'closed'][] = [
    [get('/'), 'kept'],
    [get('/', 'Connection: close\r\n'), 'closed'],
    ['GET / HTTP/1.0\r\n\r\n', 'closed'],
    ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'kept'],
  ];
  for (const [request, outcome] of cases) {
    const raw = await hall.dial();
    raw.send(request);
    const exchange = await hall.exchange(hall.exchanges.length);
    exchange.answer(200, {}, 'x');
    await headOf(raw);
    t.equal(await raw.take(1), 'x');
    if (outcome === 'closed') await raw.end();
    else {
      raw.send(request);
      (await hall.exchange(hall.exchanges.length)).answer(200, { connection: 'close' });
      t.match(await headOf(raw), /^HTTP\/1\.1 200 OK/);
      await raw.end();
    }
  }
});

t.test('what is no request is answered 400, or as fits, and closed', async t => {
  const hall = await anyHall(t, { http: { head: 1_000 } });
  const cases: [string, number][] = [
    ['GET\n\n', 400],
    ['rubbish\r\n\r\n', 400],
    [post('af09'), 400],
    [post('18446744073709551616'), 400],
    ['GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n', 400],
    ['GET / HTTP/1.1\n\n', 400],
    [get('/', `X: ${'y'.repeat(1_000)}\r\n`), 431],
  ];
  for (const [wrong, status] of cases) {
    const raw = await hall.dial();
    raw.send(get('/first'));
    (await hall.exchange(hall.exchanges.length)).answer(200, {}, '');
    await headOf(raw);
    raw.send(wrong);
    t.match(await headOf(raw), new RegExp(`^HTTP/1\\.1 ${status} .*\r\nConnection: close`, 's'), wrong.slice(0, 30));
    await raw.end();
  }
  t.equal(hall.exchanges.length, cases.length, 'none of them is told');
});

t.test('lines that end with LF alone are taken where that is asked for', async t => {
  const hall = await anyHall(t, { http: { lax: true } });
  const raw = await hall.dial();
  raw.send('POST /a HTTP/1.1\nHost: x\nContent-Length: 2\n\nhi');
  const exchange = await hall.exchange();
  t.equal(String(await exchange.body(2)), 'hi');
  exchange.answer(403, {});
  t.match(await headOf(raw), /^HTTP\/1\.1 403 /);
});

t.test('a body beyond the limit is an error, said before or found under way', async t => {
  const hall = await anyHall(t);
  const raw = await hall.dial();
  raw.send(post(11, 'x'.repeat(11)));
  const said = await hall.exchange(0);
  await t.rejects(said.body(10), { code: 'BODY_TOO_LONG', message: /at most 10 bytes/ });
  said.answer(413, {});
  t.match(await headOf(raw), /^HTTP\/1\.1 413 /);
  raw.send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n');
  const found = await hall.exchange(1);
  await t.rejects(found.body(10), { code: 'BODY_TOO_LONG' });
  const beyond = await hall.dial();
  beyond.send(post('18446744073709551615'));
  await t.rejects((await hall.exchange(2)).body(2 ** 40), { code: 'BODY_TOO_LONG' }, 'more than can be counted');
  found.answer(413, { connection: 'close' });
  t.match(await headOf(raw), /^HTTP\/1\.1 413 /);
  await raw.end();
});

t.test('a request that stops on its way is closed after its time, in its head or its body', async t => {
  const hall = await anyHall(t, { http: { request: 100 } });
  const [head, body] = [await hall.dial(), await hall.dial()];
  head.send('GET / HTTP/1.1\r\nHost');
  body.send(post(100, 'abc'));
  const exchange = await hall.exchange();
  const failed = t.rejects(exchange.body(100), { code: 'CLOSED', message: /left in the middle of its request/ });
  await head.end();
  t.match(head.text, /^HTTP\/1\.1 408 /);
  await body.end();
  await failed;
});

t.test('who leaves before the answer is told, and the answer does nothing', async t => {
  const hall = await anyHall(t);
  const raw = await hall.dial();
  raw.send(get('/one') + get('/two'));
  const [one, two] = [await hall.exchange(0), await hall.exchange(1)];
  const told: string[] = [];
  one.onGone(() => told.push('one'));
  two.onGone(() => told.push('two'));
  raw.socket.resetAndDestroy();
  await until('both are told', () => told.length === 2);
  one.answer(200, {}, 'x');
  one.answer(200, {}, 'x');
  one.onGone(() => told.push('late'));
  t.same(told, ['one', 'two', 'late']);
  const other = await hall.dial();
  other.send(post(10, 'abc'));
  const half = await hall.exchange(2);
  const failed = t.rejects(half.body(10), { code: 'CLOSED' });
  other.socket.resetAndDestroy();
  await failed;
});

t.test('the next request on a connection is told to the one that waits', async t => {
  const hall = await anyHall(t);
  const raw = await hall.dial();
  raw.send(get('/one'));
  const one = await hall.exchange(0);
  const told: string[] = [];
  one.onNext(() => {
    told.push('next');
    one.answer(200, {}, '');
  });
  await settled(20);
  t.same(told, []);
  raw.send(get('/two'));
  const two = await hall.exchange(1);
  t.same(told, ['next']);
  one.onNext(() => told.push('late'));
  t.same(told, ['next', 'late']);
  two.answer(200, {}, 'two');
  await headOf(raw);
  await headOf(raw);
  t.equal(await raw.take(3), 'two', 'answers keep their order');
  raw.send(get('/three'));
  two.onNext(() => told.push('never'));
  await hall.exchange(2);
  t.same(told, ['next', 'late']);
});

t.test('an exchange is answered once', async t => {
  const hall = await anyHall(t);
  const raw = await hall.dial();
  raw.send(get('/'));
  const exchange = await hall.exchange();
  t.throws(() => exchange.answer(200, { 'x y': '1' }), { code: 'ERR_INVALID_HTTP_TOKEN' });
  exchange.answer(200, {}, 'once');
  t.throws(() => exchange.answer(200, {}, 'twice'), { code: 'ILLEGAL_STEP' });
  await headOf(raw);
  t.equal(await raw.take(4), 'once');
});

t.test('a kept connection is closed when its next request does not come', async t => {
  const hall = await anyHall(t, { http: { idle: 50 } });
  const raw = await hall.dial();
  raw.send(get('/'));
  (await hall.exchange()).answer(200, {}, '');
  await headOf(raw);
  await raw.end();
  t.ok(raw.ended);
});

t.test('requests have a limit of connections, and upgrades leave it', async t => {
  const hall = await anyHall(t, { http: { connections: 1 } });
  await foreign(t, hall.address.replace('any', 'ws'));
  const first = await hall.dial();
  first.send(get('/'));
  await hall.exchange();
  const second = await hall.dial();
  second.send(get('/'));
  await second.end();
  first.destroy();
  await settled(20);
  const third = await hall.dial();
  third.send(get('/third'));
  t.equal((await hall.exchange(1)).url, '/third');
});

t.test('a text service takes lines and WebSockets on one port, and has no pages', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('any://127.0.0.1:0', {
    dispatcher: stairsDispatcher(communicator),
    accepted: peer => peer.send('HI'),
  });
  const address = await listener.ready;
  const [tcp, ws, http] = ['tcp', 'ws', 'http'].map(scheme => address.replace('any', scheme)) as [
    string,
    string,
    string,
  ];
  for (const place of [tcp, ws, address]) {
    const client = communicator.permanent(place);
    t.equal((await client.request('DAD')).command, 'CLIMB', place);
  }
  const raw = await Raw.dial(tcp);
  t.teardown(() => raw.destroy());
  raw.send('TOP\n');
  t.equal(await raw.line(), 'HI\n');
  t.equal(await raw.line(), 'WHO\n');
  const { ws: browser, messages } = await foreign(t, `${ws}/whatever`);
  browser.send('MOM\n');
  await until('it is answered', () => messages.map(({ text }) => text).join('') === 'HI\nBYE\n');
  t.equal((await fetch(`${http}/`)).status, 426);
  t.equal((await fetch(`${http}/page`)).status, 404);
});

t.test('a text service may answer requests, and what its answer throws is a 500', async t => {
  const any = anyStream({
    answer: exchange => {
      if (exchange.url !== '/page') throw new Error('no such page');
      exchange.answer(200, { 'content-type': 'text/html' }, '<p>a page');
    },
  });
  const { communicator, log } = worldOf(t, { transports: { any } });
  const listener = communicator.listen('any://127.0.0.1:0', { dispatcher: new Dispatcher() });
  const http = (await listener.ready).replace('any', 'http');
  const page = await fetch(`${http}/page`);
  t.equal(await page.text(), '<p>a page');
  t.equal((await fetch(`${http}/other`)).status, 500);
  t.ok(log.texts('error').includes('accepting failed: no such page'));
});
