// qio over plain HTTP, and raw streams, on the same port of the system.

import t from 'tap';
import type { Page, PageRequest } from '../../../lib/protocol/qio/index.ts';
import type { Raw } from '../raw.ts';
import { answer, headOf, heard, post, qioHall, text, until } from './qio-stage.ts';

const sid = 'deadbeefdeadbeefdeadbeefdeadbeef';
const at = `/?sid=${sid}`;
const connect = `${at}&connect=true`;
const ok = (id: number, data = 'null'): string => `/qio/callback/${id}:0={"code":200,"data":${data}}`;

async function asked(raw: Raw, request: string) {
  raw.send(request);
  return answer(raw);
}

t.test('86 connect, subscribe and hear, over two connections', async t => {
  const hall = await qioHall(t);
  const [one, two] = [await hall.dial(), await hall.dial()];
  const first = await asked(one, post(connect, '/qio/hostname:1=null'));
  t.equal(first.body, `${ok(1, '"localhost"')}\n`);
  t.match(first.head, /cache-control: private, max-age=0/i);
  t.match(first.head, /content-type: text\/plain/i);
  t.equal((await asked(one, post(at, '/qio/on:2="/test/good"\n'))).body, `${ok(2)}\n`);
  one.send(post(at));
  await until('the poll is there', () => hall.server.snapshot().polls === 3);
  hall.server.broadcast('/test/good', 'hi');
  t.equal((await answer(one)).body, '/test/good:0="hi"\n');
  one.send(post(at));
  await until('the next poll is there', () => hall.server.snapshot().polls === 4);
  two.send(post(at, '/qio/ping:3='));
  t.equal((await answer(one)).body, `${ok(3)}\n`, 'the older one gets it');
  hall.server.broadcast('/test/good', 'ho');
  t.equal((await answer(two)).body, '/test/good:0="ho"\n');
});

t.test('two requests on one connection: the first is answered with nothing', async t => {
  const hall = await qioHall(t);
  const raw = await hall.dial();
  await asked(raw, post(connect, '/qio/ping:1='));
  raw.send(post(at));
  await until('the poll is there', () => hall.server.snapshot().polls === 2);
  raw.send(post(at, '/qio/ping:2='));
  t.same(
    [await answer(raw), await answer(raw)].map(({ status, body }) => [status, body]),
    [
      [200, ''],
      [200, `${ok(2)}\n`],
    ],
  );
});

t.test('92 to 97, 102 to 107: requests that are not right, or in pieces', async t => {
  const hall = await qioHall(t, { limits: { event: 5_000 } });
  const raw = await hall.dial();
  const kept = [
    [post('/'), 403],
    [post('/?sid=abcd1234'), 403],
    [post('/?sid=deadbeef-dead-beef-dead-beefdeadbeef&connect=true'), 403],
    [post(at), 403],
    ['GET / HTTP/1.1\r\nHost: here\r\n\r\n', 405],
    ['PUT / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n', 405],
    ['GET /iframe?instanceid=123 HTTP/1.1\r\nHost: here\r\n\r\n', 200],
  ] as const;
  for (const [request, status] of kept) t.equal((await asked(raw, request)).status, status, request.slice(0, 60));
  for (const piece of ['POST', post('/').slice(4)]) {
    raw.send(piece);
    await new Promise(resolve => setImmediate(resolve));
  }
  t.equal((await answer(raw)).status, 403, '93 in two pieces');
  const late = post(connect, '/qio/ping:1=');
  const cut = late.length - 5;
  raw.send(late.slice(0, cut));
  await new Promise(resolve => setImmediate(resolve));
  raw.send(late.slice(cut));
  t.equal((await answer(raw)).body, `${ok(1)}\n`, '96 a body that comes later');
  const fatal = [
    ['POST / HTTP/1.1\nHost: here\nContent-Length: 0\n\n', 400],
    ['POST / HTTP/1.1\r\nHost: here\r\n\r\n', 411],
    ['POST / HTTP/1.1\r\nHost: here\r\nContent-Length: af09\r\n\r\n', 400],
    [post(connect, '/qio/ping:1='.padEnd(5_001)), 413],
    [post('/', '', 'Connection: close\r\n'), 403],
    [post('/', '', '', '1.0'), 403],
  ] as const;
  for (const [request, status] of fatal) {
    const closing = await hall.dial();
    t.equal((await asked(closing, request)).status, status, request.slice(0, 70));
    await closing.end();
  }
  raw.send('GET\n\n');
  t.equal((await answer(raw)).status, 400, '104 no HTTP where HTTP was spoken');
  await raw.end();
  const huge = await hall.dial();
  huge.send('POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 18446744073709551615\r\n\r\n');
  await huge.end();
  t.pass('105 a length of 2^64 - 1 is closed');
  const old = await hall.dial();
  for (let n = 0; n < 2; n += 1) {
    t.equal(
      (await asked(old, post('/', '', 'Connection: keep-alive\r\n', '1.0'))).status,
      403,
      '94 kept when asked for',
    );
  }
});

t.test('98 losing the connection of the poll ends the session', async t => {
  const hall = await qioHall(t);
  const raw = await hall.dial();
  await asked(raw, post(connect, '/qio/on:1="/test/good"'));
  raw.send(post(at));
  await until('the poll is there', () => hall.server.snapshot().polls === 2);
  raw.destroy();
  await until('the session is over', () => hall.server.snapshot().clients === 0);
  t.equal((await asked(await hall.dial(), post(at))).status, 403);
});

t.test('the script and CORS', async t => {
  const hall = await qioHall(t, { web: { publicAddress: 'localhost', cors: '*', script: 'let qio;' } });
  const raw = await hall.dial();
  const script = await asked(raw, 'GET /qio/client.js HTTP/1.1\r\nHost: here\r\n\r\n');
  t.same([script.status, script.body], [200, 'let qio;']);
  const allowed = await asked(raw, `OPTIONS ${connect} HTTP/1.1\r\nHost: here\r\nOrigin: https://a\r\n\r\n`);
  t.equal(allowed.status, 204);
  t.match(allowed.head, /access-control-allow-origin: \*/i);
});

t.test('111 a public address that cannot be resolved is none', async t => {
  const hall = await qioHall(t, { web: { publicAddress: 'no-such-host.invalid' } });
  const raw = await hall.dial();
  t.equal((await asked(raw, post(connect))).status, 501);
  t.match(hall.log.texts('warn')[0], /cannot be resolved, nobody can poll/);
});

t.test('raw streams, WebSockets and polls share a port, and their topics', async t => {
  const hall = await qioHall(t);
  const [raw, socket, polling] = [await hall.raw(), await hall.webSocket(), await hall.dial()];
  const wish = '/qio/on:1="/test/good"';
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(wish.length));
  raw.send(Buffer.concat([length, Buffer.from(wish)]));
  socket.send(text(wish));
  await raw.take(8 + ok(1).length);
  await heard(socket);
  await asked(polling, post(connect, wish));
  hall.server.broadcast('/test/good', 'all');
  const event = '/test/good:0="all"';
  t.equal(await raw.take(8 + event.length), `\0\0\0\0\0\0\0\x12${event}`);
  t.equal((await heard(socket)).text, event);
  t.equal((await asked(polling, post(at))).body, `${event}\n`);
});

t.test('what is neither is closed: after the time for a client, or at once', async t => {
  const hall = await qioHall(t, { times: { client: 200 } });
  for (const junk of ['junk', '', 'GE', '/qio/oh', '<policy-']) {
    const raw = await hall.dial();
    raw.send(junk);
    await raw.end();
    t.equal(raw.rest, '', JSON.stringify(junk));
  }
});

t.test('a page of the program, its head, and one whose headers are none', async t => {
  const page = ({ path }: PageRequest): Page => {
    const headers = path === '/' ? undefined : { 'no header': 'at all' };
    return { type: 'text/html; charset=utf-8', body: '<p>grüß', headers };
  };
  const hall = await qioHall(t, { web: { page } });
  const raw = await hall.dial();
  const found = await asked(raw, 'GET / HTTP/1.1\r\nHost: here\r\n\r\n');
  t.same([found.status, Buffer.from(found.body, 'latin1').toString()], [200, '<p>grüß']);
  raw.send('HEAD / HTTP/1.1\r\nHost: here\r\n\r\n');
  t.match(await headOf(raw), /^HTTP\/1.1 200 [\s\S]*content-length: 9\r\n/i);
  t.equal((await asked(raw, 'GET /wrong HTTP/1.1\r\nHost: here\r\n\r\n')).status, 500);
  t.match(hall.log.texts('error')[0], /the page \/wrong cannot be had: /);
});
