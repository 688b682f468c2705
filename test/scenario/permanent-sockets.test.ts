// Permanent clients on real sockets, without a session: the other side is bare bytes.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Dispatcher, Message, tcp } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { type Raw, RawServer } from './raw.ts';
import { gate, stairs, stairsDispatcher, worldOf } from './stairs.ts';

const soon = { list: [1] } as const;
const plain = { session: false } as const;

async function rawServer(t: Parameters<typeof worldOf>[0], port?: number): Promise<RawServer> {
  const server = await RawServer.listen(port);
  t.teardown(() => server.close());
  return server;
}

t.test('comes back after the peer drops it, however it does that', async t => {
  const server = await rawServer(t);
  const { communicator } = worldOf(t);
  const client = communicator.permanent(server.address, {
    pause: soon,
    outbox: plain,
    opened: link => link.send('HELLO'),
  });
  const ways: readonly ((raw: Raw) => unknown)[] = [
    raw => raw.socket.end(),
    raw => raw.socket.destroy(),
    raw => raw.socket.resetAndDestroy(),
    raw => raw.send(Buffer.alloc(2 * 1024 * 1024, 'x')),
  ];
  for (const [index, drop] of ways.entries()) {
    const raw = await server.connection(index);
    t.equal(await raw.line(), 'HELLO\n');
    drop(raw);
    await until('it is gone', () => client.why.attempt > index + 1);
  }
  const raw = await server.connection(ways.length);
  t.equal(await raw.line(), 'HELLO\n');
  client.send('STILL');
  t.equal(await raw.line(), 'STILL\n');
});

t.test('goes on trying while nobody listens, and is there as soon as somebody does', async t => {
  const gone = await RawServer.listen();
  gone.close();
  const { communicator } = worldOf(t);
  const client = communicator.permanent(gone.address, { pause: soon, outbox: plain });
  client.send('WAITED');
  await until('it has tried', () => client.why.attempt > 5);
  t.match(client.why.lastError, { code: 'DIAL_FAILED', message: /^cannot reach tcp:.*ECONNREFUSED/ });
  const server = await rawServer(t, gone.port);
  t.equal(await (await server.connection(0)).line(), 'WAITED\n');
  t.equal(client.why.state, 'open');
});

t.test('names are looked up anew at each attempt', async t => {
  const server = await rawServer(t);
  const lookups: string[] = [];
  const answers = [new Error('name server is down'), '127.0.0.9', '127.0.0.1', '127.0.0.1'];
  const transport = tcp({
    lookup: (host, options, found) => {
      const answer = answers[Math.min(lookups.length, answers.length - 1)] ?? '';
      lookups.push(host);
      if (answer instanceof Error) found(answer, '', 4);
      else if (options.all) found(null, [{ address: answer, family: 4 }]);
      else found(null, answer, 4);
    },
  });
  const { communicator } = worldOf(t, { transports: { tcp: transport } });
  const errors: string[] = [];
  const client = communicator.permanent(`tcp://service.test:${server.port}`, { pause: soon });
  client.on('retry', error => errors.push(error.message));
  const first = await server.connection(0);
  await until('it is open', () => client.state === 'open');
  t.same(lookups, ['service.test', 'service.test', 'service.test']);
  t.match(errors, [/name server is down/, /ECONNREFUSED 127\.0\.0\.9/]);
  first.socket.destroy();
  await server.connection(1);
  t.equal(lookups.length, 4);
});

t.test('an abrupt end does not wait for a handler that never settles', async t => {
  const server = await rawServer(t);
  const { communicator } = worldOf(t);
  let begun = 0;
  const client = communicator.permanent(server.address, {
    pause: soon,
    dispatcher: new Dispatcher().on('HANG', () => {
      begun += 1;
      return new Promise(() => undefined);
    }),
  });
  const raw = await server.connection(0);
  raw.send('HANG\n');
  await until('the handler runs', () => begun === 1);
  raw.socket.resetAndDestroy();
  const next = await server.connection(1);
  next.send('HANG\n');
  await until('the handler runs again', () => begun === 2);
  t.equal(client.state, 'open');
});

t.test('a large backlog goes through a slow link whole and in its order', async t => {
  const server = await rawServer(t);
  server.accepted = raw => raw.socket.pause();
  const { communicator } = worldOf(t);
  const client = communicator.permanent(server.address, { outbox: { ...plain, bytes: 64 * 1024 * 1024 } });
  const text = 'x'.repeat(4_000);
  let queued = 0;
  for (let number = 0; number < 8_000; number += 1) {
    if (client.send(Message.of('ITEM', { number, text })) === 'queued') queued += 1;
  }
  t.equal(queued, 8_000, 'all of it was sent before the link was up');
  const raw = await server.connection(0);
  await until('the link is full', () => client.state === 'open' && Number(client.snapshot().queued) < 8_000);
  t.ok(Number(client.snapshot().queued) > 0, 'the queue waits for room');
  raw.socket.resume();
  await until('all has arrived', () => raw.text.endsWith(`ITEM number=7999;text=${text}\n`));
  const numbers = [...raw.text.matchAll(/^ITEM number=(\d+);text=x{4000}$/gm)].map(([, number]) => Number(number));
  t.same(
    numbers,
    Array.from({ length: 8_000 }, (_, number) => number),
  );
  t.match(client.snapshot(), { queued: 0, queuedBytes: 0 });
});

t.test('the name of a listener without a scheme is tcp', async t => {
  const { address } = await stairs(t);
  const { communicator } = worldOf(t);
  const client = communicator.connect(address.replace('tcp://', ''), {
    dispatcher: new Dispatcher().on('HI', () => undefined).otherwiseUnknown(),
  });
  t.equal((await client.request('DAD')).command, 'CLIMB');
});

t.test('a unix listener and a permanent client, end to end', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-end-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = `unix:${folder}/stairs.sock`;
  const heard: string[] = [];
  const done = gate();
  const climber = worldOf(t);
  const client = climber.communicator.permanent(path, {
    pause: soon,
    dispatcher: new Dispatcher()
      .observe(/./, ({ command }) => heard.push(command))
      .on('HI', (message, server) => server.send(message.reply('DAD')))
      .on('CLIMB', (message, server) => server.send(message.reply('TOP')))
      .on('WHO', (message, server) => server.send(message.reply('MOM')))
      .on('BYE', () => done.open())
      .otherwiseUnknown(),
  });
  await until('it has tried', () => client.why.attempt > 2);

  const first = worldOf(t);
  const dispatcher = stairsDispatcher(first.communicator);
  const listener = first.communicator.listen(path, { dispatcher, accepted: peer => peer.send('HI') });
  t.equal(await listener.ready, path);
  await done.promise;
  t.same(heard, ['HI', 'CLIMB', 'WHO', 'BYE']);
  const peer = first.communicator.connections.find(({ kind }) => kind === 'peer');
  t.equal(peer?.name, `${path}#1`);

  heard.length = 0;
  await first.communicator.stop();
  await until('the client noticed', () => client.why.attempt > 3);
  const second = worldOf(t);
  second.communicator.listen(path, {
    dispatcher: stairsDispatcher(second.communicator),
    accepted: peer => peer.send('HI'),
  });
  await until('it is back', () => heard.includes('BYE'));
  t.same(heard, ['HI', 'CLIMB', 'WHO', 'BYE']);
  await Promise.all([climber.communicator.stop(), second.communicator.stop()]);
});
