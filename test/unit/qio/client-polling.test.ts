// Polling, as a client does it.

import t from 'tap';
import { type FakeRequest, greeting, pong, Stage } from './client-stage.ts';

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

t.test('a session opens with 128 random bits, connect=true and the question for the name', async t => {
  const sids = new Set<string | null>();
  for (let n = 0; n < 3; n += 1) {
    const stage = new Stage({ transports: ['polling'] });
    await stage.advance();
    t.equal(stage.request.body, '/qio/hostname:1=null\n');
    t.equal(stage.request.url.origin, 'http://one.example:8080');
    t.equal(stage.request.url.searchParams.get('connect'), 'true');
    t.match(stage.request.url.searchParams.get('sid'), /^[0-9a-f]{32}$/);
    sids.add(stage.request.url.searchParams.get('sid'));
    t.equal(stage.client.state, 'trying-polling');
    stage.client.close();
  }
  t.equal(sids.size, 3);
});

t.test('it goes on at the host that the server names, without connect', async t => {
  const stage = new Stage({ transports: ['polling'] });
  await stage.advance();
  const sid = stage.request.url.searchParams.get('sid');
  stage.request.answer(['/qio/callback/1:0={"code":200,"data":"node7.example"}']);
  await stage.advance();
  t.equal(stage.client.state, 'open');
  t.equal(stage.requests.length, 2);
  t.equal(stage.request.url.href, `http://node7.example:8080/qio?sid=${sid}`);
  t.equal(stage.request.body, '');
});

t.test(
  'it stays where it is when the server has no name, a name that is none, or one that may not be followed',
  async t => {
    for (const name of ['null', '7', '"a/b"', '"evil.test"']) {
      const stage = new Stage({ transports: ['polling'], mayMove: () => false });
      await stage.advance();
      stage.request.answer([`/qio/callback/1:0={"code":200,"data":${name}}`]);
      await stage.advance();
      t.equal(stage.client.state, 'open');
      t.equal(stage.request.url.host, 'one.example:8080');
    }
  },
);

for (const [name, events, status] of [
  ['403', [], 403],
  ['501', [greeting], 501],
  ['nothing', [], 200],
  ['an error', ['/qio/callback/1:0={"code":404,"data":null,"err_msg":null}'], 200],
  ['junk', ['lolno'], 200],
] as const) {
  t.test(`${name} as the first answer is a failed attempt`, async t => {
    const stage = new Stage({ transports: ['polling'] });
    await stage.advance();
    stage.request.answer(events, status);
    await stage.advance();
    t.equal(stage.client.state, 'waiting');
    t.match(stage.told(), [/^error -1/]);
    await stage.advance(200);
    t.equal(stage.requests.length, 2);
    t.not(stage.requests[0]?.url.searchParams.get('sid'), stage.requests[1]?.url.searchParams.get('sid'));
  });
}

t.test('the attempt has 10 s', async t => {
  const stage = new Stage({ transports: ['polling'] });
  await stage.advance(10_000);
  t.same(stage.told(), ['error -1  no connection within 10000 ms']);
  t.ok(stage.request.signal.aborted);
});

t.test('the next poll comes after 0 to 2 s, by chance', async t => {
  const stage = await Stage.polling({ random: () => 0.75 });
  await stage.advance(1_499);
  t.equal(stage.requests.length, 1);
  await stage.advance(1);
  t.equal(stage.requests.length, 2);
  stage.request.answer();
  await stage.advance(1_499);
  t.equal(stage.requests.length, 2);
  await stage.advance(1);
  t.equal(stage.requests.length, 3);
});

t.test('poll: 0 polls at once', async t => {
  const stage = await Stage.polling({ random: () => 0.75, limits: { poll: 0 } });
  await stage.advance();
  t.equal(stage.requests.length, 2);
});

t.test('ids of its own begin at 2, and events come as over a WebSocket', async t => {
  const stage = await Stage.polling();
  const heard: unknown[] = [];
  stage.client.on('/news', data => heard.push(data), { accepted: () => heard.push('accepted') });
  await turn();
  t.same(stage.request.events, ['/qio/on:2="/news"', '/qio/ping:1=null']);
  stage.request.answer(['/qio/callback/2:0={"code":200,"data":null}', '/news:0=1', pong, '/news:0=2', '']);
  await turn();
  t.same(heard, ['accepted', 1, 2]);
});

t.test('what is said in one turn goes in one request', async t => {
  const stage = await Stage.polling();
  stage.client.send('/a', 1);
  stage.client.send('/b', '\n');
  t.equal(stage.requests.length, 1);
  await turn();
  t.equal(stage.requests.length, 2);
  t.same(stage.request.body, '/a:0=1\n/b:0="\\n"\n/qio/ping:1=null\n');
});

t.test('there is one batch at a time: the next waits until the ping of the first is answered', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  const poll = stage.request;
  stage.client.send('/a', 1);
  await turn();
  const first = stage.request;
  t.not(first, poll);
  stage.client.send('/b', 2);
  await turn();
  stage.client.send('/c', 3);
  await turn();
  t.equal(stage.request, first, 'nothing more is sent');
  poll.answer(['/unknown:0=1']);
  await turn();
  t.equal(stage.request, first, 'nor when the poll is answered without it');
  first.answer([pong]);
  await turn();
  t.same(stage.request.events, ['/b:0=2', '/c:0=3', '/qio/ping:1=null']);
});

t.test('when the older poll has the answer, the batch is the poll now', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  const poll = stage.request;
  stage.client.send('/a', 1);
  await turn();
  const batch = stage.request;
  poll.answer([pong]);
  await stage.advance(5_000);
  t.equal(stage.request, batch, 'no other poll beside it');
  stage.client.send('/b', 2);
  await turn();
  t.same(stage.request.events, ['/b:0=2', '/qio/ping:1=null'], 'and the next batch may go');
});

t.test('an answer without a ping to the only request ends its batch too', async t => {
  const stage = await Stage.polling();
  stage.client.send('/a', 1);
  await turn();
  stage.request.answer();
  await turn();
  stage.client.send('/b', 1);
  await turn();
  t.same(stage.request.events, ['/b:0=1', '/qio/ping:1=null']);
});

t.test('a poll that is answered is followed by one more, not by two', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  for (let n = 0; n < 5; n += 1) {
    const { length } = stage.requests;
    stage.request.answer();
    await stage.advance(2_000);
    t.equal(stage.requests.length, length + 1);
  }
});

for (const [name, spoil] of [
  ['a 403', (request: FakeRequest) => request.answer([], 403)],
  ['a 500', (request: FakeRequest) => request.answer([pong], 500)],
  ['a failure', (request: FakeRequest) => request.fail()],
  ['a thrown string', (request: FakeRequest) => request.fail('broken')],
] as const) {
  t.test(`${name} ends the connection`, async t => {
    const stage = await Stage.polling();
    await stage.advance();
    const poll = stage.request;
    const codes: number[] = [];
    stage.client.send('/a', 1, (_data, _reply, code) => codes.push(code));
    await turn();
    spoil(stage.request);
    await turn();
    t.match(stage.told(), [/^close: (?:the server answered [45]|no answer: (?:fetch failed|broken))/]);
    t.same(codes, [-1]);
    t.ok(poll.signal.aborted, 'the other request is cut');
    poll.answer(['/qio/callback/2:0={"code":200,"data":1}']);
    await stage.advance(200);
    t.same(codes, [-1]);
    t.equal(stage.client.state, 'trying-polling');
  });
}

t.test('a poll that is not answered within 60 s ends the connection', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  await stage.advance(59_999);
  t.equal(stage.client.state, 'open');
  await stage.advance(1);
  t.same(stage.told(), ['close: no answer within 60000 ms']);
});

t.test('answers are signs of life', async t => {
  const stage = await Stage.polling({ random: () => 0.999 });
  for (let n = 0; n < 5; n += 1) {
    await stage.advance(2_000);
    await stage.advance(50_000);
    stage.request.answer();
    await turn();
  }
  t.equal(stage.client.state, 'open');
  t.same(stage.told(), []);
});

t.test('a bad event in an answer ends the connection, and what follows it is not heard', async t => {
  const stage = await Stage.polling();
  stage.client.on('/news', () => t.fail('it was told'));
  await stage.advance();
  stage.request.answer(['lolno', '/news:0=1']);
  await turn();
  t.match(stage.told(), [/^error 400/, /^close/]);
});

t.test('close cuts the poll', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  stage.client.close();
  t.ok(stage.request.signal.aborted);
  await stage.advance(100_000);
  t.equal(stage.requests.length, 2);
  t.equal(stage.clock.waiting, 0);
});

t.test('close says what was taken before it cuts', async t => {
  const stage = await Stage.polling();
  await stage.advance();
  const poll = stage.request;
  stage.client.on('/news', () => t.fail('it was told'));
  stage.client.send('/a', 1);
  await turn();
  const first = stage.request;
  stage.client.send('/b', 2);
  stage.client.close();
  t.same(stage.told(), ['close: closed by the program']);
  t.notOk(poll.signal.aborted);
  poll.answer(['/news:0=1', pong]);
  await turn();
  t.same(stage.request.events, ['/b:0=2', '/qio/ping:1=null']);
  first.answer(['/news:0=2', pong]);
  await turn();
  t.ok(stage.request.signal.aborted);
  t.equal(stage.clock.waiting, 0);
});

t.test('a close whose last words are not answered cuts after 60 s', async t => {
  const stage = await Stage.polling();
  stage.client.send('/a', 1);
  stage.client.close();
  await stage.advance(60_000);
  t.ok(stage.request.signal.aborted);
  t.same(stage.told(), ['close: closed by the program']);
  t.equal(stage.clock.waiting, 0);
});

t.test('more than a connection may have unsent is refused', async t => {
  const stage = await Stage.polling({ limits: { unsent: 10 } });
  t.equal(stage.client.send('/a', 1), 'sent');
  t.equal(stage.client.send('/b', 'long'), 'refused');
  await stage.advance();
  t.same(stage.told(), ['error 420 /b a limit of this client is reached']);
  t.same(stage.request.events, ['/a:0=1', '/qio/ping:1=null']);
  t.equal(stage.client.send('/b', 'long'), 'sent', 'and taken when there is room');
});
