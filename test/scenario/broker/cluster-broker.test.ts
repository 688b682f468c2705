// Two whole brokers over NATS: services of one machine and services of the other; with a real server.

import type { Test } from 'tap';
import t from 'tap';
import { NatsCluster } from '../../../lib/broker/nats/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';
import type { BrokerStage } from './broker-stage.ts';
import { brokerStage } from './broker-stage.ts';
import { lively } from './cluster-stage.ts';

interface Machine extends BrokerStage {
  readonly cluster: NatsCluster;
}

async function machine(t: Test, address: string, server: string): Promise<Machine> {
  const communicator = new Communicator();
  const cluster = new NatsCluster(communicator.nats(address, { pause: quick }), { prefix: 'two', presence: lively });
  return { ...(await brokerStage(t, { server, cluster }, communicator)), cluster };
}

const serves = ({ cluster }: Machine, name: string): boolean =>
  cluster.others.some(({ services }) => services.some(service => service.name === name));

t.test('a service sends to one at another machine, before, while and after NATS is away', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  t.teardown(() => server.end());
  const [left, right] = [await machine(t, server.address, 'left'), await machine(t, server.address, 'right')];
  const worker = await right.member('worker', 'DO');
  const asker = await left.member('asker', 'DO');
  const friend = await left.member('friend', 'DO');
  await until('left knows the worker', () => serves(left, 'worker'));
  asker.send('worker/DO n=1\n');
  t.equal((await worker.line()).trim(), '<left:asker worker/DO n=1');
  asker.send('right:worker/DO n=2\n');
  t.match((await worker.line()).trim(), /^<left:asker .*worker\/DO n=2$/);

  await server.kill();
  await until('it is known', () => left.cluster.status.state === 'down' && right.cluster.status.state === 'down');
  asker.send('worker/DO n=3\n');
  asker.send('friend/DO n=4\n');
  t.equal((await friend.line()).trim(), '<left:asker friend/DO n=4', 'on one machine all goes on');
  await until('the other waits', () => left.cluster.status.waiting === 1);
  await server.again();
  t.equal((await worker.line()).trim(), '<left:asker worker/DO n=3');
  await until('it is confirmed', () => left.cluster.status.waiting === 0);

  asker.send('*/DO n=5\n');
  t.match(await worker.line(), /DO .*n=5/);
  t.match(await friend.line(), /DO .*n=5/);
});

t.test('what is sent to a service that is nowhere comes when some machine has it', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  t.teardown(() => server.end());
  const [left, right] = [await machine(t, server.address, 'left'), await machine(t, server.address, 'right')];
  const asker = await left.member('asker', 'DO');
  await until('both are up', () => [left, right].every(({ cluster }) => cluster.status.state === 'up'));
  asker.send('late/DO cache="ttl=60";n=1\n');
  const late = await right.member('late', 'DO');
  t.match(await late.line(), /late\/DO .*n=1/);
});
