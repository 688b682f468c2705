// Messages kept in JetStream, handed out by a broker that is killed meanwhile: its next life gets what it had in hand again, and
// the service handles each once.

import t from 'tap';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { Cast, child, kill, said, twice } from './broker-kill-stage.ts';

t.test('kept in NATS, handed out by brokers that are killed: 0 lost, 0 twice', { skip: noNats }, async t => {
  const nats = await NatsServer.start();
  t.teardown(() => nats.end());
  const cluster = ['--cluster', nats.address];
  const [near, far] = [new Cast(t, 'near', cluster), new Cast(t, 'far', cluster)];
  await near.broker();
  const count = 1_000;
  const cache = 'ttl=1h';
  const boss = start(t, child, ['boss', JSON.stringify({ broker: near.address, count, cache, pace: 0 })]);
  await until('all are kept', () => said([boss], 'confirmed').length === count, 30_000);
  await far.broker();
  await far.worker();
  const handled = (): string[] => said(far.workers, 'handled');
  for (let round = 1; round <= 2; round += 1) {
    await until('some have come', () => handled().length > round * 200);
    await kill(far.brokers.at(-1));
    await far.broker();
  }
  await until('all have come', () => new Set(handled()).size === count, 40_000);
  t.same(twice(handled()), []);
});
