// Two qio servers, each in a communicator of its own, share their broadcasts over NATS; its end disturbs no client.

import type { Test } from 'tap';
import t from 'tap';
import { Communicator, type Nats, NatsBackplane } from '../../../lib/index.ts';
import type { QioServer } from '../../../lib/protocol/qio/index.ts';
import { qioServer } from '../../../lib/protocol/qio/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { next, runClient } from '../qio/qio-client-stage.ts';
import { quick } from './nats-stage.ts';

interface House {
  readonly nats: Nats;
  readonly server: QioServer;
  readonly heard: unknown[];
  ping(): Promise<unknown>;
}

/** A server with one client that has subscribed to /news/flash.now. */
async function house(t: Test, nats: NatsServer): Promise<House> {
  const communicator = new Communicator();
  const connection = communicator.nats(nats.address, { pause: quick });
  const server = qioServer('any://127.0.0.1:0', {
    apps: [{ name: 'news', prefix: '/news', events: { '/flash.now': {} } }],
    web: { publicAddress: '127.0.0.1' },
    backplane: new NatsBackplane(connection, { prefix: 'test.news' }),
  });
  communicator.add(server);
  const address = (await server.ready).replace(/^\w+:\/\//, '');
  const client = runClient(t, address);
  await next(client, '/open');
  const heard: unknown[] = [];
  await new Promise<void>(accepted => client.on('/news/flash.now', data => heard.push(data), { accepted }));
  await until('it is connected', () => connection.line !== undefined);
  await connection.line?.flush();
  t.teardown(() => communicator.stop());
  return { nats: connection, server, heard, ping: () => client.request('/qio/ping') };
}

t.test('servers that share NATS share their broadcasts', { skip: noNats }, async t => {
  const nats = await NatsServer.start();
  t.teardown(() => nats.end());
  const houses = [await house(t, nats), await house(t, nats)];
  const [one, two] = houses as [House, House];
  one.server.broadcast('/news/flash.now', { text: 'Grüße' });
  await until('both have heard', () => houses.every(({ heard }) => heard.length === 1));
  two.server.broadcast('/news/flash.now', 2);
  await until('both have heard', () => houses.every(({ heard }) => heard.length === 2));
  t.same(one.heard, [{ text: 'Grüße' }, 2]);
  t.same(two.heard, [{ text: 'Grüße' }, 2]);

  await nats.kill();
  await until('both know', () => houses.every(({ nats }) => nats.line === undefined));
  one.server.broadcast('/news/flash.now', 'while it is away');
  await until('those of its own have heard', () => one.heard.length === 3);
  t.same(await Promise.all(houses.map(({ ping }) => ping())), [null, null], 'clients are served as before');
  t.equal(two.heard.length, 2);
  t.equal(one.nats.waiting.packets, 1, 'what was said for others waits');

  await nats.again();
  await until('both are back', () => houses.every(({ nats }) => nats.line !== undefined));
  for (const { nats } of houses) await nats.line?.flush();
  two.server.broadcast('/news/flash.now', 'back');
  await until('both have heard', () => one.heard.includes('back') && two.heard.includes('back'));
});
