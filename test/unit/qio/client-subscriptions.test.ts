// Listeners and subscriptions of a client.

import t from 'tap';
import { answer, Stage } from './client-stage.ts';

t.test('the first listener of a path subscribes, the last one that goes unsubscribes', async t => {
  const { client, socket } = await Stage.open();
  const one = (): void => undefined;
  const other = (): void => undefined;
  client.on('/news', one).on('/news', other);
  t.same(socket.take(), ['/qio/on:1="/news"']);
  client.off('/news', one);
  t.same(socket.take(), []);
  client.off('/news', other);
  t.same(socket.take(), ['/qio/off:0="/news"']);
  client.off('/news', other).off('/news').off('/never');
  t.same(socket.take(), []);
});

t.test('off without a listener takes all of them', async t => {
  const { client, socket } = await Stage.open();
  const heard: string[] = [];
  client.on('/news', () => heard.push('one')).on('/news', () => heard.push('two'));
  client.off('/news');
  t.same(socket.take(), ['/qio/on:1="/news"', '/qio/off:0="/news"']);
  socket.say('/news:0=1');
  t.same(heard, []);
});

t.test('the same listener twice is two, and goes one by one', async t => {
  const { client, socket } = await Stage.open();
  const heard: unknown[] = [];
  const listener = (data: unknown): unknown => heard.push(data);
  client.on('/news', listener).on('/news', listener).off('/news', listener);
  socket.say('/news:0=1');
  t.same(heard, [1]);
});

t.test('one hears the first event, and unsubscribes', async t => {
  const { client, socket } = await Stage.open();
  const heard: unknown[] = [];
  client.one('/news', data => heard.push(data));
  t.same(socket.take(), ['/qio/on:1="/news"']);
  socket.say('/news:0="first"');
  socket.say('/news:0="second"');
  t.same(heard, ['first']);
  t.same(socket.take(), ['/qio/off:0="/news"']);
});

t.test('one beside another listener leaves the subscription', async t => {
  const { client, socket } = await Stage.open();
  const heard: string[] = [];
  client.one('/news', () => heard.push('one')).on('/news', () => heard.push('on'));
  socket.take();
  socket.say('/news:0=1');
  socket.say('/news:0=2');
  t.same(heard, ['one', 'on', 'on']);
  t.same(socket.take(), []);
});

t.test('a listener that is taken away before its event does not hear it', async t => {
  const { client, socket } = await Stage.open();
  const listener = (): unknown => t.fail('it was called');
  client.one('/news', listener).off('/news', listener);
  socket.say('/news:0=1');
  t.same(socket.take(), ['/qio/on:1="/news"', '/qio/off:0="/news"']);
});

t.test('a listener that subscribes again while it is told is kept', async t => {
  const { client, socket } = await Stage.open();
  const heard: unknown[] = [];
  const again = (data: unknown): void => {
    heard.push(data);
    client.one('/news', again);
  };
  client.one('/news', again);
  socket.say('/news:0=1');
  socket.say('/news:0=2');
  t.same(heard, [1, 2]);
  t.ok(client.state === 'open');
});

t.test('paths are cleaned, and may lack their first slash', async t => {
  const { client, socket } = await Stage.open();
  const heard: unknown[] = [];
  client.on('//chat//@room/', data => heard.push(data)).on('chat/other', data => heard.push(data));
  t.same(socket.take(), ['/qio/on:1="/chat/room"', '/qio/on:2="/chat/other"']);
  socket.say('/chat/room:0=1');
  socket.say('/chat/other:0=2');
  t.same(heard, [1, 2]);
  client.off('/chat/room///').send('chat//say!', 1);
  t.same(socket.take(), ['/qio/off:0="/chat/room"', '/chat/say:0=1']);
});

t.test('paths may be named as parts of any object are', async t => {
  const { client, socket } = await Stage.open();
  const heard: unknown[] = [];
  for (const path of ['/__proto__', '/constructor', '/toString']) client.on(path, data => heard.push(data));
  t.same(socket.take(), ['/qio/on:1="/__proto__"', '/qio/on:2="/constructor"', '/qio/on:3="/toString"']);
  socket.say('/__proto__:0={"__proto__":{"polluted":true}}');
  t.equal(Object.getPrototypeOf(heard[0] as object), Object.prototype);
  t.equal(({} as { polluted?: unknown }).polluted, undefined);
  socket.say('/hasOwnProperty:0=1');
  socket.say('/constructor:0=2');
  t.equal(heard.length, 2);
});

t.test('data may go with a subscription', async t => {
  const { client, socket } = await Stage.open();
  client.on('/on-data', () => undefined, { data: 123987 }).on('/null', () => undefined, { data: null });
  t.same(socket.take(), ['/qio/on:1=["/on-data",123987]', '/qio/on:2=["/null",null]']);
});

t.test('data that cannot be JSON refuse the subscription, to its error or to /error', async t => {
  const stage = await Stage.open();
  const refused: unknown[] = [];
  stage.client.on('/big', () => undefined, { data: 1n, error: (...words) => refused.push(words) });
  stage.client.on('/big', () => undefined, { data: 1n });
  t.same(refused, [], 'not within the call');
  await stage.advance();
  t.match(refused, [[400, /BigInt/]]);
  t.match(stage.told(), [/^error 400 \/big .*BigInt/]);
  t.same(stage.socket.take(), []);
});

t.test('200 tells accepted, and again on each connection', async t => {
  const stage = await Stage.open();
  let accepted = 0;
  stage.client.on('/news', () => undefined, { accepted: () => (accepted += 1) });
  t.equal(accepted, 0);
  stage.socket.say(answer(1));
  t.equal(accepted, 1);
  stage.socket.drop();
  await stage.advance(200);
  stage.socket.open();
  stage.socket.say(answer(1));
  t.equal(accepted, 2);
});

t.test('a refused subscription tells its errors and is gone', async t => {
  const stage = await Stage.open();
  const refused: unknown[] = [];
  const error = (...words: unknown[]): unknown => refused.push(words);
  stage.client.on('/secret', () => undefined, { error }).on('/secret', () => undefined, { error });
  stage.socket.say(answer(1, 401, null, 'not for you'));
  t.same(refused, [
    [401, 'not for you'],
    [401, 'not for you'],
  ]);
  t.same(stage.told(), []);
  stage.socket.take();
  stage.client.off('/secret');
  t.same(stage.socket.take(), [], 'it was subscribed no more');
  stage.socket.drop();
  await stage.advance(200);
  stage.socket.open();
  t.same(stage.socket.take(), [], 'nor is it asked for again');
});

t.test('a refused subscription without an error of its own is told by /error', async t => {
  const stage = await Stage.open();
  stage.client.on('/none', () => undefined);
  stage.socket.say(answer(1, 404));
  t.same(stage.told(), ['error 404 /none null']);
});

t.test('202 is no error: the entry stays, and the answer to the first one decides', async t => {
  const stage = await Stage.open();
  const said: unknown[] = [];
  const listen = (name: string): void => {
    const error = (code: number): unknown => said.push(`${name} ${code}`);
    stage.client.on('/slow', () => undefined, { error, accepted: () => said.push(`${name} accepted`) });
  };
  listen('first');
  stage.client.off('/slow');
  listen('second');
  stage.socket.say(answer(2, 202, null, 'subscription pending'));
  t.same(said, []);
  stage.socket.say(answer(1));
  t.same(said, ['second accepted']);
  stage.client.off('/slow');
  listen('third');
  stage.client.off('/slow');
  listen('fourth');
  stage.socket.say(answer(4, 202, null, 'subscription pending'));
  stage.socket.say(answer(3, 401));
  t.same(said, ['second accepted', 'fourth 401']);
});

t.test('the refusal of a subscription that was given up is not for the next one', async t => {
  const stage = await Stage.open();
  const heard: unknown[] = [];
  stage.client.on('/limited', () => undefined).off('/limited');
  stage.client.on('/limited', data => heard.push(data), { error: () => t.fail('it was accepted') });
  stage.socket.say(answer(1, 420));
  stage.socket.say(answer(2));
  stage.socket.say('/limited:0=1');
  t.same(heard, [1]);
  t.same(stage.told(), []);
});

t.test('a subscription that the lost connection did not answer is asked for on the next', async t => {
  const stage = await Stage.open();
  stage.client.on('/news', () => undefined, { error: () => t.fail('it was not refused') });
  stage.socket.drop();
  await stage.advance(200);
  stage.socket.open();
  t.same(stage.socket.take(), ['/qio/on:1="/news"']);
});

t.test('the own events of a client are never subscribed to, and no server can forge them', async t => {
  const stage = new Stage();
  stage.client.on('/qio/move', () => t.fail('nothing moved')).on('open', () => undefined);
  await stage.advance();
  stage.socket.open();
  stage.client.off('/close');
  t.same(stage.socket.take(), []);
  t.same(stage.told(), ['open websocket one.example:8080']);
  for (const path of ['/open', '/close', '/error']) stage.socket.say(`${path}:0={"forged":true}`);
  t.same(stage.told(), []);
});

t.test('events that nobody listens to are ignored, whatever their data', async t => {
  const stage = await Stage.open();
  stage.socket.say('/unknown:0=1');
  stage.socket.say('/unknown:7=no json');
  stage.socket.say('/qio/hostname:0=1');
  t.same(stage.told(), []);
  t.equal(stage.client.state, 'open');
  t.same(stage.socket.take(), []);
});

t.test('a listener that throws is reported, and the others go on', async t => {
  const stage = await Stage.open();
  const heard: unknown[] = [];
  stage.client
    .on('/news', () => {
      throw new Error('first');
    })
    .on('/news', async () => {
      throw new Error('later');
    })
    .on('/news', data => heard.push(data))
    .one('/error', ({ cause, name }) => heard.push(String(cause), name));
  stage.socket.say('/news:0=1');
  await stage.advance();
  t.same(heard, ['Error: first', 'qio_error', 1]);
  t.same(stage.told(), ['error 500 /news first', 'error 500 /news later']);
  t.equal(stage.client.state, 'open');
});

t.test('a listener of errors that throws does not go in circles', async t => {
  const stage = await Stage.open();
  stage.client.on('/error', () => {
    throw new Error('worse');
  });
  stage.client.on('/news', () => {
    throw new Error('bad');
  });
  stage.socket.say('/news:0=1');
  await stage.advance();
  t.same(stage.told(), ['error 500 /news bad']);
});

t.test('empty data are null', async t => {
  const stage = await Stage.open();
  const heard: unknown[] = [];
  stage.client.on('/news', data => heard.push(data));
  stage.socket.say('/news:0=');
  t.same(heard, [null]);
});
