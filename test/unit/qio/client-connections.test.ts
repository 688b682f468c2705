// How a client connects, comes back, notices silence, and answers heartbeats.

import t from 'tap';
import { greeting, Stage } from './client-stage.ts';

t.test('a WebSocket is asked for with the subprotocol, and is open after the ohai', async t => {
  const stage = new Stage();
  t.equal(stage.client.state, 'waiting');
  await stage.advance();
  t.equal(stage.client.state, 'trying-websocket');
  t.same([stage.socket.url, stage.socket.protocol], ['ws://one.example:8080/qio', 'quickio']);
  stage.socket.onopen?.({});
  t.same(stage.socket.sent, ['/qio/ohai']);
  t.equal(stage.client.state, 'trying-websocket');
  t.same(stage.told(), []);
  stage.socket.say('/qio/ohai');
  t.equal(stage.client.state, 'open');
  t.same(stage.told(), ['open websocket one.example:8080']);
});

t.test('on each connection: subscriptions first, then what waited, then /open', async t => {
  const stage = new Stage();
  const { client } = stage;
  client.on('/a', () => undefined).on('/b', () => undefined, { data: 1 });
  t.equal(client.send('/one', 1), 'queued');
  t.equal(client.send('/two', 2), 'queued');
  t.equal(client.queued, 2);
  client.on('/open', () => client.send('/three', 3));
  const expected = ['/qio/on:1="/a"', '/qio/on:2=["/b",1]'];
  await stage.advance();
  stage.socket.open();
  t.same(stage.socket.take(), [...expected, '/one:0=1', '/two:0=2', '/three:0=3']);
  stage.socket.drop();
  await stage.advance(200);
  stage.socket.open();
  t.same(stage.socket.take(), [...expected, '/three:0=3']);
  t.equal(client.queued, 0);
});

t.test('what was given up while it was away is not subscribed', async t => {
  const stage = new Stage();
  stage.client.on('/a', () => undefined).off('/a');
  await stage.advance();
  stage.socket.open();
  t.same(stage.socket.take(), []);
});

t.test('pauses double from 200 ms to 25.6 s, and begin anew when a connection opened', async t => {
  const stage = new Stage({ transports: ['websocket'] });
  await stage.advance();
  for (const pause of [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 25_600, 25_600]) {
    const { length } = stage.sockets;
    stage.socket.drop();
    t.equal(stage.client.state, 'waiting');
    await stage.advance(pause - 1);
    t.equal(stage.sockets.length, length, `not before ${pause} ms`);
    await stage.advance(1);
    t.equal(stage.sockets.length, length + 1, `after ${pause} ms`);
  }
  stage.socket.open();
  stage.socket.drop();
  await stage.advance(199);
  t.equal(stage.client.state, 'waiting');
  await stage.advance(1);
  t.equal(stage.client.state, 'trying-websocket');
});

t.test('pauses are random in their whole length', async t => {
  for (const [chance, due] of [
    [0, 200],
    [0.25, 150],
    [0.999, 0.2],
  ] as const) {
    const stage = new Stage({ transports: ['websocket'], random: () => chance, pause: {} });
    await stage.advance();
    stage.socket.drop();
    await stage.advance(due - 0.1);
    t.equal(stage.client.state, 'waiting');
    await stage.advance(0.2);
    t.equal(stage.client.state, 'trying-websocket');
  }
});

t.test('a failed attempt tells /error, and neither /open nor /close', async t => {
  const stage = new Stage();
  await stage.advance();
  stage.socket.drop(1006);
  t.same(stage.told(), ['error -1  the WebSocket closed: 1006']);
  t.equal(stage.client.state, 'trying-polling');
  stage.request.fail(new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }));
  await stage.advance();
  t.same(stage.told(), ['error -1  no answer: ECONNREFUSED']);
  t.equal(stage.client.state, 'waiting');
  await stage.advance(200);
  t.equal(stage.sockets.length, 2, 'then the WebSocket is first again');
});

const failures: Record<string, (stage: Stage) => unknown> = {
  'is refused': ({ socket }) => socket.drop(),
  'opens and says nothing': ({ socket, clock }) => {
    socket.onopen?.({});
    return clock.advance(10_000);
  },
  'never opens': ({ clock }) => clock.advance(10_000),
  'says something else than ohai': ({ socket }) => {
    socket.onopen?.({});
    socket.say('hello');
  },
  'speaks before its upgrade': ({ socket, clock }) => {
    socket.say('/a:0=1');
    return clock.advance(10_000);
  },
  'ends before the ohai': ({ socket }) => {
    socket.onopen?.({});
    socket.drop(1002);
  },
};

for (const [name, fail] of Object.entries(failures)) {
  t.test(`a WebSocket that ${name} gives way to polling`, async t => {
    const stage = new Stage();
    await stage.advance();
    await fail(stage);
    t.equal(stage.client.state, 'trying-polling');
    stage.request.answer([greeting]);
    await stage.advance();
    t.match(stage.told(), [/^error -1/, 'open polling one.example:8080']);
    t.equal(stage.socket.closed > 0, true, 'the WebSocket is closed');
    stage.socket.open();
    t.same(stage.told(), [], 'and is heard no more');
  });
}

t.test('a WebSocket that cannot be made gives way to polling', async t => {
  const webSocket = class {
    constructor() {
      throw new Error('blocked by policy');
    }
  } as never;
  const stage = new Stage({ webSocket });
  await stage.advance();
  t.equal(stage.client.state, 'trying-polling');
  t.same(stage.told(), ['error -1  blocked by policy']);
});

t.test('it stays on polling until that ends, then WebSocket is first again', async t => {
  const stage = new Stage();
  await stage.advance();
  stage.socket.drop();
  stage.request.answer([greeting]);
  await stage.advance(600_000 / 60);
  t.equal(stage.sockets.length, 1);
  stage.request.answer([], 403);
  await stage.advance();
  t.match(stage.told(), [/^error/, /^open polling/, 'close: the server answered 403']);
  await stage.advance(200);
  t.equal(stage.sockets.length, 2);
  stage.socket.open();
  t.match(stage.told(), [/^open websocket/]);
});

t.test('without a network there is no use in polling', async t => {
  const was = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  Object.defineProperty(globalThis, 'navigator', { value: { onLine: false }, configurable: true });
  t.teardown(() => {
    if (was === undefined) Reflect.deleteProperty(globalThis, 'navigator');
    else Object.defineProperty(globalThis, 'navigator', was);
  });
  const stage = new Stage();
  await stage.advance();
  stage.socket.drop();
  t.equal(stage.client.state, 'waiting');
  t.equal(stage.requests.length, 0);
});

t.test('65 s of silence end a connection; anything that is heard begins them anew', async t => {
  const stage = await Stage.open();
  await stage.advance(64_000);
  stage.socket.say('/unknown:0=1');
  await stage.advance(64_999);
  t.equal(stage.client.state, 'open');
  await stage.advance(1);
  t.same(stage.told(), ['close: nothing heard for 65000 ms']);
  t.equal(stage.socket.closed, 1);
  await stage.advance(200);
  t.equal(stage.client.state, 'trying-websocket');
});

t.test('a heartbeat is a sign of life; one that asks is answered at once', async t => {
  const stage = await Stage.open();
  await stage.advance(60_000);
  stage.socket.say('/qio/heartbeat:0=null');
  t.same(stage.socket.take(), []);
  await stage.advance(60_000);
  stage.socket.say('/qio/heartbeat:65537=null');
  t.same(stage.socket.take(), ['/qio/callback/65537:0=null']);
  await stage.advance(60_000);
  t.equal(stage.client.state, 'open');
});

for (const text of ['lolno', '', '/a:1', '/a=1', '/a:x=1', '/news:0={', '/qio/callback/1:0=1', '/qio/move:0={']) {
  t.test(`an event that cannot be read ends the connection: ${text}`, async t => {
    const stage = await Stage.open();
    stage.client.on('/news', () => t.fail('it was told'));
    const codes: number[] = [];
    stage.client.send('/a', 1, (_data, _reply, code) => codes.push(code));
    stage.socket.say(text);
    t.match(stage.told(), [/^error 400 {2}the server sent no event/, /^close: the server sent no event/]);
    t.equal(stage.socket.closed, 1);
    t.same(codes, [-1]);
    t.equal(stage.client.state, 'waiting');
  });
}

t.test('a binary frame ends the connection', async t => {
  const stage = await Stage.open();
  stage.socket.say(new ArrayBuffer(8));
  t.equal(stage.client.state, 'waiting');
});
