// Text messages over WebSockets: a listener, permanent clients, sessions, and bare peers such as browsers.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { Dispatcher, Message, websocket } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { stairsDispatcher, worldOf } from '../stairs.ts';
import { foreign } from './websocket-stage.ts';

const soon = { list: [1] } as const;

t.test('a client and a listener talk, with a session', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('ws://127.0.0.1:0/talk', {
    dispatcher: new Dispatcher().on('ASK', (message, peer) => peer.send(message.reply('ANSWER', { a: 42 }))),
  });
  const address = await listener.ready;
  t.match(address, /^ws:\/\/127\.0\.0\.1:\d+\/talk$/);
  const client = communicator.permanent(address);
  const answer = await client.request('ASK');
  t.equal(answer.integer('a'), 42);
  await until('the session is agreed', () => client.guarantee === 'exactly-once-per-session');
  await client.deliver(Message.of('ASK', { text: 'späße\nand two lines' }));
});

t.test('a permanent client comes back, and nothing is lost or comes twice', async t => {
  const far = worldOf(t);
  const near = worldOf(t);
  const got: number[] = [];
  const dispatcher = new Dispatcher().on('EVENT', message => void got.push(message.integer('n')));
  const listener = far.communicator.listen('ws://127.0.0.1:0/talk', { dispatcher });
  const client = near.communicator.permanent(await listener.ready, { pause: soon });
  const count = 3_000;
  for (let n = 0; n < count; n += 1) {
    client.send(Message.of('EVENT', { n }));
    if (n % 500 === 250) {
      await until('some came', () => got.length > n - 200);
      for (const one of far.communicator.connections) if (one.kind === 'peer') one.destroy();
    }
  }
  await until('all came', () => got.length >= count);
  t.same(
    got,
    Array.from({ length: count }, (_, n) => n),
  );
  t.ok(client.why.attempt >= 1);
});

t.test('bare peers send lines, several in a frame or one in two', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('ws://127.0.0.1:0', {
    dispatcher: stairsDispatcher(communicator),
    accepted: peer => peer.send('HI'),
  });
  const { ws, messages, closed } = await foreign(t, await listener.ready);
  const lines = (): string => messages.map(({ text }) => text).join('');
  await until('it is greeted', () => lines() === 'HI\n');
  ws.send('DAD\nTOP\nMO');
  ws.send('M\n');
  await until('all is answered', () => lines() === 'HI\nCLIMB\nWHO\nBYE\n');
  t.ok(
    messages.every(({ isBinary }) => !isBinary),
    'text goes in text frames',
  );
  ws.send('DAD\n');
  ws.close(1000);
  t.same(await closed, [1000, '']);
  t.equal(lines(), 'HI\nCLIMB\nWHO\nBYE\nCLIMB\n', 'what came before the close frame is answered before ours');
});

t.test('the daemon shares a port with a web server', async t => {
  const server = http.createServer((_request, response) => response.end('a page')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { communicator } = worldOf(t, { transports: { ws: websocket({ server }) } });
  const dispatcher = stairsDispatcher(communicator);
  const listener = communicator.listen(`ws://127.0.0.1:${port}/talk`, { dispatcher });
  const client = communicator.connect(await listener.ready);
  t.equal((await client.request('DAD')).command, 'CLIMB');
  t.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'a page');
  const report = await communicator.stop();
  t.same(report.abandoned, []);
  t.ok(server.listening, "which is not the communicator's to end");
});

t.test('a line that is too long is answered over a WebSocket too', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('ws://127.0.0.1:0', { limits: { line: 100 } });
  const { ws, messages, closed } = await foreign(t, await listener.ready);
  ws.send('x'.repeat(200));
  t.equal((await closed)[0], 1005);
  t.match(messages[0]?.text, /^INVALID /);
});
