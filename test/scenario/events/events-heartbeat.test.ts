// A server that is frozen: its connection is dropped after the stated silence, and made anew.

import t from 'tap';
import { eventsLimits } from '../../../lib/protocol/events/session/limits.ts';
import { FaultProxy } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';
import { count, Stage } from './events-stage.ts';

t.test('heartbeats are on by default, in seconds', async t => {
  t.match(eventsLimits, { ask: 5_000, dead: 15_000 });
});

t.test('a frozen way is noticed by both sides, and events pass again when it has thawed', async t => {
  const limits = { ask: 100, dead: 400 };
  const stage = new Stage(t);
  const server = await stage.serve({ limits });
  const { emitAddress, regAddress } = stage.addresses;
  const proxies = [await FaultProxy.open({ to: emitAddress }), await FaultProxy.open({ to: regAddress })];
  t.teardown(() => Promise.all(proxies.map(proxy => proxy.close())));
  const [emit, reg] = proxies.map(({ address }) => address);
  const client = stage.client({ emitAddress: emit, regAddress: reg, limits });
  const heard: unknown[] = [];
  client.register('X', (_event, number) => heard.push(number));
  await client.ready();
  for (const proxy of proxies) proxy.freeze();
  const frozen = performance.now();
  await until('the client knows', () => client.state === 'connecting');
  await until('the server knows', () => count(server, 'subscribers') === 0 && count(server, 'emitters') === 0);
  t.ok(performance.now() - frozen > 200, 'not before its time');
  t.equal(client.emit('X', 1), 'queued', 'what is emitted waits');
  for (const proxy of proxies) await proxy.heal();
  await client.ready({ timeout: 20_000 });
  client.emit('X', 2);
  await client.ready();
  t.ok(heard.includes(2));
  t.equal(client.unfinished.messages, 0);
});

t.test('a client comes back after a cut', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const { emitAddress, regAddress } = stage.addresses;
  const proxies = [await FaultProxy.open({ to: emitAddress }), await FaultProxy.open({ to: regAddress })];
  t.teardown(() => Promise.all(proxies.map(proxy => proxy.close())));
  const [emit, reg] = proxies.map(({ address }) => address);
  const client = stage.client({ emitAddress: emit, regAddress: reg });
  const told: string[] = [];
  for (const event of ['connect', 'drop'] as const) client.on(event, () => told.push(event));
  const heard: unknown[] = [];
  client.register('X', (_event, number) => heard.push(number));
  await client.ready();
  for (let round = 0; round < 3; round += 1) {
    for (const proxy of proxies) await proxy.cut();
    await until('it knows', () => client.state === 'connecting');
    client.emit('X', `cut ${round}`);
    for (const proxy of proxies) await proxy.heal();
    await client.ready({ timeout: 20_000 });
    client.emit('X', round);
    await client.ready();
    t.ok(heard.includes(round), `round ${round}`);
  }
  t.same(told, ['connect', 'drop', 'connect', 'drop', 'connect', 'drop', 'connect']);
});
