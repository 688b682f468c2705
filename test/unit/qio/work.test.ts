// Handlers at work: failures, patience, turns, what belongs to a client, and what servers share.

import t from 'tap';
import type { QioApp } from '../../../lib/protocol/qio/index.ts';
import { event, localBackplane } from '../../../lib/protocol/qio/index.ts';
import { no, ok } from './answers.ts';
import { Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

t.test('handlers that fail are 500 for that client, logged once, and nothing else', async t => {
  const stage = new Stage();
  await stage.server({ apps: [testApp()] });
  const [client, other] = [await stage.raw(), await stage.raw()];
  t.same(await client.ask('/test/boom:1=', '/test/late-boom:2=7', '/qio/on:3="/test/boom"'), [
    no(1, 500),
    no(2, 500),
    no(3, 500),
  ]);
  // The third is the first again, within a second.
  t.same(stage.log.texts('error'), ['a handler failed: boom', 'a handler failed: late 7']);
  t.same(await client.ask('/test/good:1={nope'), [no(1, 400, 'invalid json')]);
  t.same(await other.ask('/qio/ping:1='), [ok(1)]);
  await stage.end();
});

t.test('handlers that take their time hold nobody up; past the limit nothing is read', async t => {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()], limits: { handlers: 2 } });
  const [client, other] = [await stage.raw(), await stage.raw()];
  t.same(await client.ask('/test/slow:1=1', '/qio/ping:2=', '/test/slow:3=3', '/qio/ping:4='), [ok(2)]);
  t.equal(server.unfinished.handlers, 2);
  t.same(await other.ask('/qio/ping:1='), [ok(1)]);
  await stage.clock.advance(1_000);
  t.same(client.heard, [ok(1, '1'), ok(4), ok(3, '3')]);
  t.same(await client.ask('/qio/ping:5='), [ok(5)]);
  await stage.end();
});

t.test('a client that says much waits its turn', async t => {
  const stage = new Stage();
  await stage.server();
  const client = await stage.raw();
  for (let round = 0; round < 10; round += 1)
    await client.say(...Array.from({ length: 2_000 }, (_, n) => `/qio/ping:${round * 2_000 + n + 1}=`));
  await settled(100);
  t.same(
    client.heard,
    Array.from({ length: 20_000 }, (_, n) => ok(n + 1)),
  );
  await stage.end();
});

t.test('what a client has is its own, and 112 goes with it', async t => {
  const seen: unknown[] = [];
  const app: QioApp = {
    name: 'data',
    prefix: '/data',
    events: {
      '/set': event({ read: String, handler: ({ client, data }) => void client.data.set('name', data) }),
      '/get': { handler: ({ client }) => client.data.get('name') },
      '/has': {
        handler: ({ client }) => [client.data.has('name'), client.data.delete('name'), client.data.has('__proto__')],
      },
      '/who': {
        handler: ({ client }) => void seen.push([client.id, client.carrier, client.state, client.subscriptions]),
      },
    },
  };
  const stage = new Stage();
  await stage.server({ apps: [app] });
  const [one, two] = [await stage.raw(), await stage.webSocket()];
  await one.ask('/data/set:0="x"');
  t.same(await one.ask('/data/get:1=', '/data/has:2=', '/data/get:3='), [
    ok(1, '"x"'),
    ok(2, '[true,true,false]'),
    ok(3),
  ]);
  t.same(await two.ask('/data/get:1='), [ok(1)]);
  await one.ask('/data/who:0=');
  await two.ask('/data/who:0=');
  t.same(seen, [
    [1, 'raw', 'open', 0],
    [2, 'websocket', 'open', 0],
  ]);
  await stage.end();
});

t.test('servers that share a backplane share their broadcasts', async t => {
  const share = localBackplane();
  const stages = [new Stage(), new Stage(), new Stage()];
  const servers = await Promise.all(
    stages.map((stage, n) => stage.server({ apps: [testApp()], ...(n < 2 ? { backplane: share() } : {}) })),
  );
  const clients = await Promise.all(stages.map(stage => stage.raw()));
  for (const client of clients) await client.ask('/qio/on:1="/test/good"');
  servers[0]?.broadcast('/test/good', 'all');
  await settled();
  t.same(
    clients.map(({ heard }) => heard),
    [['/test/good:0="all"'], ['/test/good:0="all"'], []],
  );
  await stages[1]?.end();
  servers[0]?.broadcast('/test/good', 'left');
  await settled();
  t.same(
    clients.map(({ heard }) => heard),
    [['/test/good:0="left"'], [], []],
  );
  await stages[0]?.end();
  await stages[2]?.end();
});

t.test('a backplane that fails disturbs nobody', async t => {
  const stage = new Stage();
  const publish = (): void => {
    throw new Error('no way');
  };
  const server = await stage.server({ apps: [testApp()], backplane: { publish, subscribe: () => () => undefined } });
  const client = await stage.raw();
  await client.ask('/qio/on:1="/test/good"');
  server.broadcast('/test/good', 1);
  await settled();
  t.same(client.heard, ['/test/good:0=1']);
  t.same(stage.log.texts('error'), ['the backplane failed: no way']);
  await stage.end();
});
