// The status of a broker with more services than a line holds: in pages, and whole in the programs that show it.

import type { Test } from 'tap';
import t from 'tap';
import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { clusterInProcess } from '../../../lib/broker/index.ts';
import { BrokerLine } from '../../../tools/broker-question.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import type { BrokerStage } from './broker-stage.ts';
import { brokerStage } from './broker-stage.ts';

const named = (count: number, word: string): string[] =>
  Array.from({ length: count }, (_, at) => `${word}${String(at).padStart(5, '0')}`);

function lineTo(t: Test, stage: BrokerStage): BrokerLine {
  const line = new BrokerLine({ broker: stage.address });
  t.teardown(() => line.close());
  return line;
}

const namesOf = ({ services }: BrokerStatus): string[] => services.map(({ name }) => name);

t.test('1,500 services are on two pages, and ed-top and cluster-status show them all', async t => {
  const names = named(1_500, `service_with_a_${'long_'.repeat(10)}name_`);
  const stage = await brokerStage(t, { services: names });
  await stage.member('worker');
  const line = lineTo(t, stage);
  const first = await line.ask('BROKER_STATUS', 5_000);
  const page = JSON.parse(first.string('status')) as BrokerStatus;
  t.equal(first.get('more'), namesOf(page).at(-1), 'the next page begins behind the last name');
  t.same(namesOf(page), names.slice(0, page.services.length));
  t.ok(page.services.length > 500 && page.services.length < 1_500, `${page.services.length} on the first`);
  const last = await line.ask('BROKER_STATUS', 5_000, { after: first.get('more') });
  t.equal(last.get('more'), undefined);
  t.same(namesOf(JSON.parse(last.string('status'))), [...names.slice(page.services.length), 'worker']);
  const top = start(t, 'tools/ed-top', ['--broker', stage.address, '--json', '--interval', '100ms']);
  t.equal((await top.ended).code, 0, top.err);
  const view = JSON.parse(top.out) as { services: { name: string; processes: number }[] };
  t.equal(new Set(view.services.map(({ name }) => name)).size, 1_501);
  t.equal(view.services.find(({ name }) => name === 'worker')?.processes, 1);
  const cluster = start(t, 'tools/cluster-status', ['--broker', stage.address, '--json']);
  t.equal((await cluster.ended).code, 0, cluster.err);
  t.match(JSON.parse(cluster.out), { brokers: [{ server: 'benchsrv', services: 1 }] });
});

t.test('10,000 services with names as long as may be, and those of other brokers, come whole', async t => {
  const join = clusterInProcess();
  const names = named(10_000, 'x'.repeat(100));
  const stage = await brokerStage(t, { services: names, cluster: join() });
  const far = await brokerStage(t, { server: 'far', cluster: join() });
  const away = await brokerStage(t, { server: 'away', cluster: join() });
  const others = named(3_000, 'y'.repeat(200));
  const raw = await far.raw();
  for (const name of others) raw.send(`REGISTER service=${name};version=1;_share=first\n`);
  await away.member('worker');
  await until('the last name is known here', () => {
    const found = stage.broker.status.cluster.others.find(({ server }) => server === 'far');
    return found?.services[0] === others.at(-1);
  });
  const status = await lineTo(t, stage).status(5_000);
  t.same(namesOf(status), names);
  t.same(status.cluster.others, [
    { server: 'away', services: ['worker'] },
    { server: 'far', services: [others.at(-1)] },
  ]);
});

t.test('the names alone come to whoever asks, and the log is not filled with them', async t => {
  const stage = await brokerStage(t);
  for (const name of ['worker', 'printer', 'archive']) await stage.member(name);
  const line = lineTo(t, stage);
  const answer = await line.ask('LIST_SERVICES', 5_000);
  t.equal(answer.string('list'), 'archive,printer,worker');
  t.equal(answer.get('more'), undefined);
  t.equal((await line.ask('LIST_SERVICES', 5_000, { after: 'archive' })).string('list'), 'printer,worker');
  for (let n = 0; n < 20; n += 1) await line.ask('LIST_SERVICES', 5_000);
  const logged = stage.log.texts('info').filter(text => text.startsWith('services: '));
  t.ok(logged.length > 0 && logged.length < 15, `${logged.length} lines for 22 questions`);
});
