// Options, addresses, limits and types of a client.

import t from 'tap';
import { EventQueue } from '../../../lib/protocol/qio/client/queue.ts';
import type { QioClientOptions } from '../../../lib/protocol/qio/client.ts';
import { QioClient } from '../../../lib/protocol/qio/client.ts';
import { answer, FakeSocket, Stage } from './client-stage.ts';

t.test('unknown options, values out of range and addresses that are none are refused', async t => {
  const make = (options: object, address = 'ws://one.example') => new QioClient(address, options as QioClientOptions);
  t.throws(() => make({ retries: 3 }), { code: 'UNKNOWN_OPTION' });
  t.throws(() => make({ limits: { queue: 3 } }), { code: 'UNKNOWN_OPTION' });
  t.throws(() => make({ pause: { list: [] } }), { code: 'UNKNOWN_OPTION' });
  t.throws(() => make({ limits: { count: -1 } }), { code: 'OUT_OF_RANGE' });
  t.throws(() => make({ limits: { silence: 2 ** 31 } }), { code: 'OUT_OF_RANGE' });
  t.throws(() => make({ pause: { jitter: 1.5 } }), { code: 'OUT_OF_RANGE' });
  t.throws(() => make({ pause: { first: '1' } }), { code: 'OUT_OF_RANGE' });
  t.throws(() => make({ transports: [] }), { code: 'INVALID_VALUE' });
  for (const address of ['', 'localhost:8080', 'ftp://x', 'ws://', 'nowhere', 'tcp://127.0.0.1:1']) {
    t.throws(() => make({}, address), { code: 'INVALID_ADDRESS' }, address);
  }
  t.throws(() => new QioClient(), { code: 'INVALID_ADDRESS' }, 'outside of a page');
});

t.test('without a WebSocket it polls; where it may not, that is an error', async t => {
  const was = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  Object.defineProperty(globalThis, 'WebSocket', { value: undefined, configurable: true });
  t.teardown(() => {
    if (was === undefined) Reflect.deleteProperty(globalThis, 'WebSocket');
    else Object.defineProperty(globalThis, 'WebSocket', was);
  });
  t.throws(() => new QioClient('ws://one.example', { transports: ['websocket'] }), { code: 'INVALID_VALUE' });
  const stage = new Stage({ webSocket: undefined });
  await stage.advance();
  t.equal(stage.client.state, 'trying-polling');
  stage.client.close();
});

t.test('in a page, the address is that of the page unless another is given', async t => {
  const globals = globalThis as { location?: { href: string } };
  globals.location = { href: 'https://page.example:444/some/page?x#part' };
  t.teardown(() => Reflect.deleteProperty(globals, 'location'));
  const urls: string[] = [];
  for (const address of [undefined, '/events', 'ws://other.example/x#y']) {
    const webSocket = class extends FakeSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        urls.push(url);
      }
    };
    const client = new QioClient(address, { webSocket });
    await new Promise(resolve => setTimeout(resolve, 10));
    client.close();
  }
  t.same(urls, ['wss://page.example:444/', 'wss://page.example:444/events', 'ws://other.example/x']);
});

t.test('the fetch and the timers of the system are used where none are given', async t => {
  const was = globalThis.fetch;
  t.teardown(() => {
    globalThis.fetch = was;
  });
  const asked: string[] = [];
  const fetched = new Promise<void>(resolve => {
    globalThis.fetch = async url => {
      asked.push(String(url));
      resolve();
      return new Response('', { status: 403 });
    };
  });
  const client = new QioClient('ws://one.example', { transports: ['polling'] });
  await fetched;
  client.close();
  t.match(asked, [/^http:\/\/one\.example\/\?sid=/]);
});

t.test('1,000 events wait, and 1 MiB; what does not fit is refused and told, what waits stays', async t => {
  const stage = new Stage();
  for (let n = 0; n < 1_000; n += 1) t.equal(stage.client.send('/a', n), 'queued');
  t.equal(stage.client.send('/b', 1), 'refused');
  t.same(stage.told(), [], 'not within the call');
  await stage.advance();
  t.same(stage.told(), ['error 420 /b a limit of this client is reached']);
  stage.socket.open();
  const sent = stage.socket.take();
  t.same([sent.length, sent[0], sent[999]], [1_000, '/a:0=0', '/a:0=999']);
  stage.socket.drop();
  t.equal(stage.client.send('/a', 'x'.repeat(1024 * 1024)), 'refused');
  t.equal(stage.client.send('/a', 'x'.repeat(1024 * 1023)), 'queued');
  t.equal(stage.client.send('/a', 'x'.repeat(1024 * 1)), 'refused');
});

t.test('who sends from /error when the queue is full goes in no circle', async t => {
  const stage = new Stage({ limits: { count: 0 } });
  let told = 0;
  stage.client.on('/error', () => {
    told += 1;
    if (told < 4) stage.client.send('/log', told);
  });
  stage.client.send('/a', 1);
  t.equal(told, 0);
  await stage.advance();
  t.equal(told, 4);
});

t.test('a queue counts bytes, not characters', async t => {
  const queue = new EventQueue(10, 6);
  t.ok(queue.add('ää'));
  t.notOk(queue.add('ää'));
  t.ok(queue.add('ab'));
  t.same(queue.take(), ['ää', 'ab']);
  t.same([queue.length, queue.take()], [0, []]);
  t.ok(queue.add('abcdef'));
});

t.test('a WebSocket that does not send is not filled without end', async t => {
  const stage = await Stage.open({ limits: { unsent: 100 } });
  stage.socket.bufferedAmount = 90;
  const codes: number[] = [];
  t.equal(
    stage.client.send('/a', 'x'.repeat(20), (_data, _reply, code) => codes.push(code)),
    'refused',
  );
  t.equal(stage.client.send('/a', 'x'), 'sent');
  await stage.advance();
  t.same(codes, [420]);
});

interface Line {
  readonly who: string;
  readonly text: string;
}
interface Events {
  '/chat/line': Line;
  [room: `/room/${string}`]: number;
}
interface Requests {
  '/chat/say': [sent: string, answer: { readonly id: number }];
}

t.test('events and requests are typed', async t => {
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol);
      sockets.push(this);
    }
  }
  const client = new QioClient<Events, Requests>('ws://one.example', { webSocket: Socket });
  const heard: string[] = [];
  client.on('/chat/line', ({ who, text }) => heard.push(`${who}: ${text}`));
  client.on('/room/7', count => heard.push(count.toFixed(1)));
  client.on('/open', ({ transport }) => heard.push(transport));
  // @ts-expect-error there is no such path
  client.on('/chat/lines', () => undefined);
  // @ts-expect-error a room has a number
  client.on('/room/8', (count: string) => count);
  client.off('/chat/lines' as '/chat/line').off('/room/8');
  await new Promise(resolve => setTimeout(resolve, 10));
  const [socket] = sockets;
  socket?.open();
  const asked: Promise<{ readonly id: number }> = client.request('/chat/say', 'hello');
  // @ts-expect-error only text can be said
  client.send('/chat/say', 7);
  socket?.say(answer(3, 200, { id: 4 }));
  socket?.say('/chat/line:0={"who":"a","text":"b"}');
  socket?.say('/room/7:0=2');
  t.equal((await asked).id, 4);
  t.same(heard, ['websocket', 'a: b', '2.0']);
  client.close();
});
