// What waits while there is no connection to NATS: limits, policies, and what is told.

import net from 'node:net';
import t from 'tap';
import type { NatsOptions, QueueLimits } from '../../../lib/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { End } from './nats-stage.ts';

/** An end whose server is not there, on a port that nobody has. */
async function alone(outbox: Partial<QueueLimits>, options: NatsOptions = {}): Promise<{ end: End; port: number }> {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => holder.once('listening', resolve));
  const { port } = holder.address() as net.AddressInfo;
  await new Promise(resolve => holder.close(resolve));
  return { end: new End(`nats://127.0.0.1:${port}`, { outbox, ...options }), port };
}

const bytes = Buffer.from('text');

t.test('a full outbox refuses, and a backplane counts it', async t => {
  const { end } = await alone({ count: 3 });
  t.teardown(() => end.communicator.stop());
  for (let number = 0; number < 3; number += 1) t.equal(end.nats.publish('a', bytes), 'queued');
  t.throws(() => end.nats.publish('a', bytes), { code: 'OUTBOX_FULL' });
  t.doesNotThrow(() => end.backplane.publish('/p', 'text'));
  t.match(end.backplane.figures, { said: 1, refused: 1 });
  t.match(end.shown, { queued: 3, fates: { refused: 2 } });
  const report = await end.communicator.stop();
  t.match(report.abandoned, [{ kind: 'nats', messages: 3 }]);
});

t.test('the oldest is dropped where that is the policy, the newest where that is, and both are told', async t => {
  const [oldest, newest] = [
    await alone({ count: 2, whenFull: 'drop-oldest' }),
    await alone({ count: 2, whenFull: 'drop-newest' }),
  ];
  for (const { end } of [oldest, newest]) {
    const dropped: string[] = [];
    end.nats.on('dropped', subject => dropped.push(subject));
    for (const subject of ['a', 'b', 'c']) end.nats.publish(subject, bytes);
    t.same(dropped, end === oldest.end ? ['a'] : ['c']);
    t.match(end.shown, { queued: 2, fates: { dropped: 1 } });
    t.match(end.log.texts('warn').join(), /not sent: outbox full/);
    await end.communicator.stop();
  }
});

t.test('bytes are limited too, and what is too long for a server is refused at once', async t => {
  const { end } = await alone({ bytes: 1_000 });
  t.teardown(() => end.communicator.stop());
  end.nats.publish('a', Buffer.alloc(900));
  t.throws(() => end.nats.publish('a', Buffer.alloc(900)), { code: 'OUTBOX_FULL' });
  t.throws(() => end.nats.publish('a', Buffer.alloc(1024 * 1024 + 1)), { code: 'BODY_TOO_LONG' });
});

t.test('what waited too long is dropped, and told', async t => {
  const { end } = await alone({ age: 30 });
  t.teardown(() => end.communicator.stop());
  const dropped: string[] = [];
  end.nats.on('dropped', (_subject, reason) => dropped.push(reason.message));
  end.nats.publish('a', bytes);
  await until('it is dropped', () => dropped.length === 1);
  t.match(end.shown, { queued: 0, fates: { expired: 1 } });
});

t.test('a subject that is none is refused', async t => {
  const { end } = await alone({});
  t.teardown(() => end.communicator.stop());
  for (const subject of ['', 'a b', 'a.*', '>', '.a', 'a.', 'a..b', 'ü', 'a\r\nPUB', 'x'.repeat(2_049)]) {
    t.throws(() => end.nats.publish(subject, bytes), { code: 'INVALID_NAME' }, JSON.stringify(subject.slice(0, 20)));
  }
});

t.test('a server that comes late gets what waited, in its order', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  await server.kill();
  const [near, far] = [new End(server.address), new End(server.address)];
  t.teardown(async () => {
    await Promise.all([near, far].map(({ communicator }) => communicator.stop()));
    await server.end();
  });
  await until('both were refused', () => [near, far].every(({ nats }) => /refused/.test(String(nats.lastError))));
  near.nats.subscribe('x.*', ({ bytes }) => near.heard.push(bytes.toString()));
  for (let number = 0; number < 5; number += 1) near.nats.publish('x.y', Buffer.from(String(number)));
  t.equal(near.nats.waiting.packets, 5);
  await server.again();
  await until('all has come', () => near.heard.length === 5);
  t.same(near.heard, ['0', '1', '2', '3', '4']);
});

t.test('an attempt at a server that says nothing can be stopped, and leaves nothing open', async t => {
  const silent = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => silent.once('listening', resolve));
  const sockets: net.Socket[] = [];
  silent.on('connection', socket => sockets.push(socket.on('error', () => undefined)));
  t.teardown(() => silent.close());
  const { port } = silent.address() as net.AddressInfo;
  const end = new End(`nats://127.0.0.1:${port}`, { limits: { dial: 50 } });
  await until('it was tried twice', () => sockets.length > 2);
  await until('the first is closed', () => sockets[0]?.readableEnded === true || sockets[0]?.destroyed === true);
  await end.communicator.stop();
  t.equal(end.nats.state, 'closed');
  const count = sockets.length;
  for (const socket of sockets) socket.resume();
  await until('all are closed', () => sockets.every(({ destroyed }) => destroyed));
  t.equal(sockets.length, count);
});

t.test('what others say under the subjects of a backplane disturbs nobody', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const [one, two] = [new End(server.address), new End(server.address)];
  t.teardown(async () => {
    await Promise.all([one, two].map(({ communicator }) => communicator.stop()));
    await server.end();
  });
  await Promise.all([one.ready(), two.ready()]);
  const strange = ['', 'x', 't', 't0\nx', 't1', 'j1\n', 'j1\n{}', 'j1\n["a"]', 'j1\n[1,2]', 't99999999999999999999\nx'];
  for (const text of strange) one.nats.publish('ed.say.strange.path', Buffer.from(text));
  one.nats.publish('ed.say.strange.%2e', Buffer.from('t1\nx'));
  one.nats.publish('ed.say.strange.path', Buffer.from([0xff, 0xfe]));
  two.backplane.subscribe(() => {
    throw new Error('a listener that fails');
  });
  one.backplane.publish('/p', 'right');
  one.backplane.publish('/p', 'again');
  await until('the rest comes', () => two.heard.length === 2);
  t.same(two.heard, ['right', 'again']);
  t.equal(two.backplane.figures.unreadable, strange.length + 2);
  t.match(two.log.texts('warn').join(), /a listener failed: a listener that fails/);
});

t.test('what is too long for a server that comes back is dropped, and told', { skip: noNats }, async t => {
  const server = await NatsServer.start({ config: 'max_payload: 1000' });
  await server.kill();
  const end = new End(server.address);
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  const dropped: string[] = [];
  end.nats.on('dropped', (subject, reason) => dropped.push(`${subject} ${reason.message}`));
  end.nats.publish('short.one', bytes);
  end.nats.publish('long', Buffer.alloc(2_000));
  end.nats.publish('short.two', bytes);
  await server.again();
  await until('the rest has gone out', () => end.nats.waiting.packets === 0);
  t.match(dropped, [/^long .*max_payload/]);
  t.equal(dropped.length, 1);
  t.match(end.shown, { fates: { confirmed: 2, dropped: 1 } });
  t.throws(() => end.nats.publish('long', Buffer.alloc(2_000)), { code: 'BODY_TOO_LONG' });
});
