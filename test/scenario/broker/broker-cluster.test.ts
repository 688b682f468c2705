// Three brokers in one process: services of one reach those of another by name, broadcasts come once, states are told.

import t from 'tap';
import { clusterInProcess } from '../../../lib/broker/index.ts';
import { until } from '../../support/world.ts';
import type { BrokerStage } from './broker-stage.ts';
import { brokerStage } from './broker-stage.ts';

async function three(t: Parameters<typeof brokerStage>[0]): Promise<[BrokerStage, BrokerStage, BrokerStage]> {
  const cluster = clusterInProcess();
  const make = (server: string): Promise<BrokerStage> => brokerStage(t, { server, cluster: cluster() });
  return [await make('one'), await make('two'), await make('three')];
}

t.test('a message finds its service at another broker, and is confirmed when that has handled it', async t => {
  const [one, two] = await three(t);
  const handled: string[] = [];
  await two.service('worker', {}, service =>
    service
      .on('JOB', message => handled.push(`${message.from.server}:${message.from.service} ${message.get('n')}`))
      .on('ASK', (message, broker) => broker.send(message.reply('TOLD', { n: message.get('n') }))),
  );
  const boss = await one.service('boss');
  await until('it is known', () =>
    one.broker.status.cluster.others.some(({ services }) => services.includes('worker')),
  );
  for (const [n, target] of ['worker/JOB', 'two:worker/JOB', '*:worker/JOB', '?:worker/JOB'].entries()) {
    t.same(await boss.deliver(target, { n }), { guarantee: 'exactly-once-per-session' }, target);
  }
  t.same(handled, ['one:boss 0', 'one:boss 1', 'one:boss 2', 'one:boss 3']);
  t.equal((await boss.request('worker/ASK', { n: 7 })).get('n'), '7');
  for (const target of ['three:worker/JOB', '.:worker/JOB', 'four:worker/JOB', 'one:worker/JOB']) {
    await t.rejects(boss.deliver(target, { n: 9, cache: 'no' }), { code: 'REFUSED' }, target);
  }
  t.equal(handled.length, 4);
});

t.test('what waits for a service goes on when that comes up at another broker', async t => {
  const [one, two] = await three(t);
  const boss = await one.service('boss');
  const handled: string[] = [];
  const fates = [1, 2, 3].map(n => boss.deliver('worker/JOB', { n, cache: 'ttl=60s' }));
  const here = boss.deliver('.:worker/JOB', { n: 9, cache: 'ttl=60s' });
  const row = (): number | undefined => one.broker.status.services.find(({ name }) => name === 'worker')?.waiting;
  await until('they wait', () => row() === 4);
  await two.service('worker', {}, service => service.on('JOB', message => handled.push(message.get('n') ?? '')));
  await Promise.all(fates);
  t.same(handled, ['1', '2', '3']);
  t.equal(row(), 1, 'one that is for this broker alone stays');
  await one.service('worker', {}, service => service.on('JOB', message => handled.push(`here ${message.get('n')}`)));
  await here;
  t.equal(handled.at(-1), 'here 9');
});

t.test('a name that is at several brokers: the one of our own, else the first of them by name', async t => {
  const [one, two, three_] = await three(t);
  const handled: string[] = [];
  const twin = (stage: BrokerStage): Promise<unknown> =>
    stage.service('twin', {}, service => service.on('JOB', () => handled.push(stage.broker.server)));
  await twin(two);
  await twin(three_);
  const boss = await one.service('boss');
  const sees = (stage: BrokerStage, server: string): boolean =>
    stage.broker.status.cluster.others.some(other => other.server === server && other.services.includes('twin'));
  await until('both are known', () => sees(one, 'two') && sees(one, 'three') && sees(two, 'three'));
  await boss.deliver('twin/JOB');
  t.same(handled, ['three'], 'three stands before two');
  const there = await two.service('there');
  await there.deliver('twin/JOB');
  t.equal(handled.at(-1), 'two');
  await twin(one);
  await boss.deliver('twin/JOB');
  t.equal(handled.at(-1), 'one');
});

t.test('broadcasts come once to each broker, and go no further than they are meant to', async t => {
  const stages = await three(t);
  const readers = await Promise.all(stages.map(stage => stage.member('reader', 'NEWS')));
  const boss = await stages[0].service('boss');
  boss.send('./NEWS', { n: 1 });
  boss.send('?/NEWS', { n: 2 });
  boss.send('*/NEWS', { n: 3 });
  for (const [at, reader] of readers.entries()) {
    for (const n of at === 0 ? [1, 2, 3] : [2, 3])
      t.match(await reader.line(), new RegExp(`^<one:boss [.?*]/NEWS .*n=${n}\n`));
  }
  await new Promise(resolve => setTimeout(resolve, 50));
  for (const reader of readers) t.equal(reader.rest, '', 'none comes back in a circle');
});

t.test('who is there is told, also when a broker leaves; CLUSTER_STATUS says the same', async t => {
  const [one, two, three_] = await three(t);
  const watcher = await one.member('watcher', 'CLUSTER_UP', 'CLUSTER_COMPLETE', 'CLUSTER_DOWN', 'CLUSTER_INCOMPLETE');
  watcher.send('CLUSTER_STATUS\n');
  t.match(await watcher.line(), /^<one:communicatord CLUSTER_UP _live=3;_quorum=2;neighbors_count=3\n/);
  t.match(await watcher.line(), /^<one:communicatord CLUSTER_COMPLETE .*neighbors_count=3\n/);
  await three_.broker.stop();
  t.match(await watcher.line(), /CLUSTER_UP _live=2;_quorum=2;neighbors_count=2\n/);
  t.match(one.broker.status.cluster, { state: 'up', computers: 2, live: 2, complete: true });
  t.same(
    one.broker.status.cluster.others.map(({ server }) => server),
    ['two'],
  );
  t.equal(two.broker.state, 'open');
});

t.test('SHUTDOWN ends them all', async t => {
  const cluster = clusterInProcess();
  const access = { users: { admin: { secret: 'all', may: ['control'] as const } } };
  const one = await brokerStage(t, { server: 'one', cluster: cluster(), access });
  const two = await brokerStage(t, { server: 'two', cluster: cluster() });
  const raw = await one.raw();
  raw.send('SHUTDOWN secret_code=all\n');
  await until('both have ended', () => one.broker.state === 'closed' && two.broker.state === 'closed');
  t.pass('it has stopped both');
});
