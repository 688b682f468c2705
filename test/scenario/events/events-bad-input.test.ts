// What peers send that is no event, or a hostile one: counted, refused, and the server and the clients live.

import { once } from 'node:events';
import net from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import * as zmq from 'zeromq';
import type { EventsClient, EventsServer } from '../../../lib/protocol/events/index.ts';
import { until } from '../../support/world.ts';
import { count, Stage } from './events-stage.ts';

/** A bare socket that pushes whatever it is given. */
function pusher(t: Test, address: string): zmq.Push {
  const push = new zmq.Push({ linger: 0 });
  push.connect(address);
  t.teardown(() => push.close());
  return push;
}

/** That an event still passes. */
async function lives(t: Test, client: EventsClient): Promise<void> {
  let heard = 0;
  const uid = client.register('STILL_ALIVE', () => {
    heard += 1;
  });
  await client.ready();
  client.emit('STILL_ALIVE');
  await client.ready();
  client.unregister('STILL_ALIVE', uid);
  t.equal(heard, 1, 'events pass');
}

async function hub(t: Test): Promise<{ stage: Stage; server: EventsServer; client: EventsClient; heard: unknown[] }> {
  const stage = new Stage(t);
  const server = await stage.serve();
  const client = stage.client();
  const heard: unknown[] = [];
  client.register('CLIENT_UID', (_event, ...content) => heard.push(content));
  await client.ready();
  return { stage, server, client, heard };
}

t.test('frames without a name and frames too many are dropped and counted', async t => {
  const { stage, server, client, heard } = await hub(t);
  const push = pusher(t, stage.addresses.emitAddress);
  await push.send('no nul at all');
  await push.send('');
  await push.send(['CLIENT_UID\0(t.', "CLIENT_UID\0(S'second'\nt.", 'third']);
  await push.send(['', 'CLIENT_UID\0(t.']);
  await until('all were looked at', () => count(server, 'nameless') === 3 && count(server, 'extra') === 2);
  await until('the first frame was forwarded', () => heard.length === 1);
  t.same(heard, [[]], 'only the first frame counts');
  t.ok(stage.log.texts('warn').some(line => /has no name: dropped/.test(line)));
  await lives(t, client);
});

t.test('bodies that cannot be read are counted and skipped, and the client is not deaf', async t => {
  const { stage, server, client, heard } = await hub(t);
  const push = pusher(t, stage.addresses.emitAddress);
  let deep = '';
  for (let level = 0; level < 300; level += 1) deep += '(l';
  let laughs = '(lp0\nNa';
  for (let level = 1; level <= 30; level += 1) laughs += `(lp${level}\n${`g${level - 1}\na`.repeat(10)}`;
  const bodies = [
    '',
    'garbage',
    "cos\nsystem\n(S'touch /tmp/owned'\ntR.",
    '\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94.',
    `(${deep}${'a'.repeat(299)}t.`,
    `(${laughs}t.`,
    'I7\n.',
    '{"no":"array"}',
    '[1,2',
  ];
  for (const body of bodies) await push.send(Buffer.from(`CLIENT_UID\0${body}`, 'latin1'));
  await until('all were counted', () => count(client, 'bad') === bodies.length);
  t.same(heard, []);
  t.equal(count(server, 'nameless'), 0, 'the server does not look into them');
  t.ok(stage.log.texts('warn').length < bodies.length, 'and not each is logged');
  await push.send('CLIENT_UID\0(t.');
  await until('the next one is heard', () => heard.length === 1);
  await lives(t, client);
});

t.test('a name that nobody waits for is counted', async t => {
  const { client, stage } = await hub(t);
  const bare = new zmq.Publisher({ linger: 0 });
  await bare.bind('tcp://127.0.0.1:*');
  t.teardown(() => bare.close());
  const other = stage.client({ regAddress: bare.lastEndpoint as string });
  other.register('A', () => 0);
  const more = setInterval(() => {
    for (const frame of ['A\0(t.', 'A\0B\0(t.']) void bare.send(frame).catch(() => undefined);
  }, 5);
  t.teardown(() => clearInterval(more));
  await until('it hears', () => count(other, 'received') > 0);
  other.unregister('A');
  await lives(t, client);
});

t.test('a frame of 64 MB ends its connection, and reaches nobody', async t => {
  const { stage, server, client, heard } = await hub(t);
  const push = pusher(t, stage.addresses.emitAddress);
  await push.send('CLIENT_UID\0(t.');
  await until('it is connected', () => heard.length === 1);
  const before = count(server, 'disconnected');
  const memory = process.memoryUsage().rss;
  await push.send(Buffer.concat([Buffer.from('CLIENT_UID\0'), Buffer.alloc(64 * 1024 * 1024)]));
  await until('its connection has ended', () => count(server, 'disconnected') > before);
  t.ok(process.memoryUsage().rss - memory < 200 * 1024 * 1024, 'the server has not taken it in');
  t.equal(heard.length, 1);
  await push.send('CLIENT_UID\0(t.');
  await until('what follows is heard', () => heard.length === 2);
  await lives(t, client);
});

t.test('HTTP and other talk at the ports is refused and counted', async t => {
  const { stage, server, client } = await hub(t);
  const talk = ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', '\x16\x03\x01\x02\0\x01\0', 'HI\n', '\0'.repeat(200)];
  for (const address of [stage.addresses.emitAddress, stage.addresses.regAddress]) {
    const { port } = new URL(address.replace('tcp:', 'http:'));
    for (const words of talk) {
      const socket = net.connect(Number(port), '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      socket.resume();
      const closed = new Promise(resolve => socket.once('close', resolve));
      socket.end(Buffer.from(words, 'latin1'));
      await closed;
    }
  }
  await until('it is counted', () => count(server, 'refused') + count(server, 'disconnected') >= talk.length);
  t.ok(count(server, 'refused') > 0, `${count(server, 'refused')} refused`);
  await lives(t, client);
  t.equal(server.state, 'open');
});

t.test('one subscriber that does not read delays and loses nothing for the others', async t => {
  const { stage, server, client, heard } = await hub(t);
  const stuck = new zmq.Subscriber({ receiveHighWaterMark: 1, linger: 0 });
  stuck.subscribe('CLIENT_UID');
  stuck.connect(stage.addresses.regAddress);
  t.teardown(() => stuck.close());
  const [first] = (
    await Promise.all([stuck.receive(), client.ready().then(() => client.emit('CLIENT_UID', 'first'))])
  )[0];
  t.match(String(first), /^CLIENT_UID\0/);
  const content = 'x'.repeat(1_000);
  for (let round = 1; round <= 100; round += 1) {
    for (let number = 0; number < 100; number += 1) client.emit('CLIENT_UID', content);
    await client.ready();
  }
  t.equal(heard.length, 10_001, 'the other one has heard all');
  t.ok(count(server, 'passedOver') >= 1, 'the stuck one was passed over, and that is counted');
});
