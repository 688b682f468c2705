// Callbacks, answers, requests: each one that was asked for is called, once.

import t from 'tap';
import type { Reply } from '../../../lib/protocol/qio/client.ts';
import { QioError } from '../../../lib/protocol/qio/client.ts';
import { answer, Stage } from './client-stage.ts';

t.test('events are sent as JSON, at once, null where there are no data', async t => {
  const { client, socket } = await Stage.open();
  const data = { a: [1] };
  t.equal(client.send('/a', data), 'sent');
  data.a.push(2);
  client.send('/b');
  client.send('/c', undefined);
  client.send('/d', () => undefined);
  client.send('/e', '\n\u0000\ud800');
  t.same(socket.take(), ['/a:0={"a":[1]}', '/b:0=null', '/c:0=null', '/d:0=null', '/e:0="\\n\\u0000\\ud800"']);
});

t.test('a callback gets data, reply, code and message, once', async t => {
  const { client, socket } = await Stage.open();
  const got: unknown[][] = [];
  client.send('/a', 1, (...words) => got.push(words));
  client.send('/b', 2, (...words) => got.push(words));
  t.same(socket.take(), ['/a:1=1', '/b:2=2']);
  socket.say(answer(2, 200, { x: 1 }));
  socket.say(answer(1, 500, 'why', 'it broke'));
  t.same(got, [
    [{ x: 1 }, undefined, 200, null],
    ['why', undefined, 500, 'it broke'],
  ]);
  socket.say(answer(2, 200, 'again'));
  socket.say(answer(99));
  t.equal(got.length, 2);
});

t.test('answers may ask for an answer, in chains', async t => {
  const { client, socket } = await Stage.open();
  const got: unknown[] = [];
  const next = (data: unknown, reply: Reply | undefined): void => {
    got.push(data);
    reply?.(`after ${String(data)}`, next);
  };
  client.send('/echo', 'a', next);
  socket.take();
  socket.say(answer(1, 200, 'b', null, 65537));
  t.same(socket.take(), ['/qio/callback/65537:2="after b"']);
  socket.say(answer(2, 200, 'c', null, 18));
  t.same(socket.take(), ['/qio/callback/18:3="after c"']);
  socket.say(answer(3, 200, 'd'));
  t.same(got, ['b', 'c', 'd']);
  t.same(socket.take(), []);
});

t.test('events may ask for an answer too, of any id', async t => {
  const { client, socket } = await Stage.open();
  client.on('/ask', (data, reply) => reply?.(data));
  socket.take();
  socket.say('/ask:18446744073709551615="x"');
  socket.say('/ask:0="y"');
  t.same(socket.take(), ['/qio/callback/18446744073709551615:0="x"']);
});

t.test('without a connection a callback gets -1 in the next turn, and nothing is queued', async t => {
  const stage = new Stage();
  const got: unknown[][] = [];
  t.equal(
    stage.client.send('/a', 1, (...words) => got.push(words)),
    'refused',
  );
  t.same(got, []);
  t.equal(stage.client.queued, 0);
  await stage.advance();
  t.same(got, [[null, undefined, -1, 'disconnected']]);
  stage.socket.open();
  t.same(stage.socket.take(), []);
});

t.test('a lost connection calls its callbacks with -1, then tells /close', async t => {
  const stage = await Stage.open();
  for (const path of ['/a', '/b'])
    stage.client.send(path, 1, (_data, _reply, code) => stage.log.push(`${path} ${code}`));
  stage.socket.drop(1001, 'bye');
  t.same(stage.told(), ['/a -1', '/b -1', 'close: the WebSocket closed: 1001 bye']);
});

t.test('who asks again from a -1 gets another -1, without an end of the loop and without a stop', async t => {
  const stage = await Stage.open();
  let calls = 0;
  const ask = (): unknown =>
    stage.client.send('/a', 1, (_data, _reply, code) => {
      calls += 1;
      if (code === -1 && calls < 5) ask();
    });
  ask();
  stage.socket.drop();
  t.equal(calls, 1);
  await stage.advance();
  t.equal(calls, 5);
});

t.test('callbacks that were refused before a connection opens are called before it is told', async t => {
  const stage = new Stage();
  await stage.advance();
  stage.client.send('/a', 1, (_data, _reply, code) => {
    stage.log.push(`${code}`);
    stage.client.send('/late', 1, (_d, _r, later) => stage.log.push(`late ${later}`));
    stage.client.send('/queued', 1);
  });
  stage.socket.open();
  t.same(stage.told(), ['-1', 'open websocket one.example:8080']);
  t.same(stage.socket.take(), ['/queued:0=1']);
  await stage.advance();
  t.same(stage.told(), ['late -1']);
});

t.test('a callback of one connection is not called by the next one', async t => {
  const stage = await Stage.open();
  const codes: number[] = [];
  stage.client.send('/a', 1, (_data, _reply, code) => codes.push(code));
  stage.socket.drop();
  await stage.advance(200);
  stage.socket.open();
  stage.socket.say(answer(1));
  t.same(codes, [-1]);
  stage.client.send('/b', 1, (_data, _reply, code) => codes.push(code));
  t.same(stage.socket.take(), ['/b:1=1'], 'ids begin anew');
});

t.test('a reply on another connection gets -1', async t => {
  const stage = await Stage.open();
  let reply: Reply | undefined;
  const codes: number[] = [];
  stage.client.on('/ask', (_data, answerTo) => {
    reply = answerTo;
  });
  stage.socket.say('/ask:65537=1');
  stage.socket.drop();
  t.equal(
    reply?.(1, (_data, _reply, code) => codes.push(code)),
    'refused',
  );
  await stage.advance(200);
  t.same(codes, [-1]);
  stage.socket.open();
  stage.socket.take();
  t.equal(
    reply?.(1, (_data, _reply, code) => codes.push(code)),
    'refused',
  );
  t.equal(reply?.(1), 'refused');
  await stage.advance();
  t.same(codes, [-1, -1]);
  t.same(stage.socket.take(), []);
});

t.test('data that cannot be JSON give the callback 400, and /error where there is none', async t => {
  const stage = await Stage.open();
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const got: unknown[] = [];
  t.equal(
    stage.client.send('/a', circle, (_data, _reply, code, errMsg) => got.push(code, errMsg)),
    'refused',
  );
  t.equal(stage.client.send('/b', 1n), 'refused');
  await stage.advance();
  t.match(got, [400, /circular/]);
  t.match(stage.told(), [/^error 400 \/b .*BigInt/]);
  t.same(stage.socket.take(), []);
});

t.test('a callback that throws is reported', async t => {
  const stage = await Stage.open();
  stage.client.send('/a', 1, () => {
    throw new Error('mine');
  });
  stage.socket.say(answer(1));
  t.same(stage.told(), ['error 500 /qio/callback/1 mine']);
});

t.test('more callbacks than the server may owe are refused with 420', async t => {
  const stage = await Stage.open({ limits: { callbacks: 2 } });
  const codes: number[] = [];
  for (let n = 0; n < 3; n += 1) stage.client.send('/a', n, (_data, _reply, code) => codes.push(code));
  await stage.advance();
  t.same(codes, [420]);
  t.equal(stage.client.send('/b'), 'sent', 'events without one are no matter');
  stage.socket.say(answer(1));
  t.equal(
    stage.client.send('/a', 3, () => undefined),
    'sent',
  );
});

t.test('request resolves with the data', async t => {
  const { client, socket } = await Stage.open();
  const asked = client.request('/sum', [1, 2]);
  t.same(socket.take(), ['/sum:1=[1,2]']);
  socket.say(answer(1, 200, 3));
  t.equal(await asked, 3);
});

t.test('request rejects with code, err_msg, path and data', async t => {
  const stage = await Stage.open();
  const asked = stage.client.request('/sum', null);
  stage.socket.say(answer(1, 402, { more: 1 }, 'pay first'));
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  t.ok(error instanceof QioError);
  t.match(error, { name: 'qio_error', code: 402, err_msg: 'pay first', path: '/sum', data: { more: 1 } });
  t.equal((error as Error).message, '/sum: pay first (402)');
  const lost = stage.client.request('/sum');
  stage.socket.drop();
  await t.rejects(lost, { code: -1, err_msg: 'disconnected' });
  const none = stage.client.request('/sum');
  none.catch(() => undefined);
  await stage.advance();
  await t.rejects(none, { code: -1, err_msg: 'disconnected' });
});

t.test('a request can be given up; its answer is left aside', async t => {
  const { client, socket } = await Stage.open();
  const giveUp = new AbortController();
  const asked = client.request('/slow', 1, { signal: giveUp.signal });
  giveUp.abort(new Error('too slow'));
  await t.rejects(asked, { message: 'too slow' });
  socket.take();
  await t.rejects(client.request('/slow', 1, { signal: giveUp.signal }), { message: 'too slow' });
  t.same(socket.take(), [], 'what was given up before is not sent');
  socket.say(answer(1));
  const another = client.request('/slow', 1, { signal: new AbortController().signal });
  socket.say(answer(2, 200, 'in time'));
  t.equal(await another, 'in time');
});
