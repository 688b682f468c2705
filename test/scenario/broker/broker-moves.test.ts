// A service that comes back at another machine: what waits for it goes there, in order, once, and is told of.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { BrokerOptions } from '../../../lib/broker/index.ts';
import { clusterInProcess } from '../../../lib/broker/index.ts';
import { Refusal } from '../../../lib/index.ts';
import type { Service } from '../../../lib/protocol/service/index.ts';
import { until } from '../../support/world.ts';
import type { BrokerStage } from './broker-stage.ts';
import { brokerStage } from './broker-stage.ts';

async function two(t: Test, options: Partial<BrokerOptions> = {}): Promise<[BrokerStage, BrokerStage]> {
  const cluster = clusterInProcess();
  const services = ['worker'];
  return [
    await brokerStage(t, { services, ...options, server: 'one', cluster: cluster() }),
    await brokerStage(t, { server: 'two', cluster: cluster() }),
  ];
}

/** Notes the numbers of its messages. */
function noting(seen: number[]): (service: Service) => unknown {
  return service => service.on('JOB', message => seen.push(message.integer('n')));
}

const waiting = ({ broker }: BrokerStage): number =>
  broker.status.services.find(({ name }) => name === 'worker')?.waiting ?? 0;
const count = (length: number): number[] => Array.from({ length }, (_, n) => n);

t.test('what waits for a service goes to the machine where it appears, and is confirmed by it', async t => {
  const [one, other] = await two(t);
  const boss = await one.service('boss');
  const confirmed: number[] = [];
  for (const n of count(200)) void boss.deliver('worker/JOB', { n }).then(() => confirmed.push(n));
  const raw = await one.member('plain');
  for (const n of count(50)) raw.send(`worker/JOB cache="ttl=60";n=${1_000 + n}\n`);
  await until('all wait', () => waiting(one) === 250);
  t.same(confirmed, []);
  const seen: number[] = [];
  await other.service('worker', {}, noting(seen));
  await until('all has come', () => seen.length === 250 && confirmed.length === 200);
  t.same(
    seen.filter(n => n < 1_000),
    count(200),
    'in order',
  );
  t.same(
    seen.filter(n => n >= 1_000),
    count(50).map(n => 1_000 + n),
  );
  t.equal(waiting(one), 0);
  t.match(one.log.texts('info').join('\n'), /handed over to two: \d+ messages for worker/);
});

t.test('what is on the disk goes there too, and is gone from the disk', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'broker-moves-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  const cluster = clusterInProcess();
  const first = await brokerStage(t, { server: 'one', store: { directory } });
  const boss = await first.service('boss');
  for (const n of count(20)) await boss.deliver('worker/JOB', { n, cache: 'ttl=1h' });
  await first.broker.stop();
  const one = await brokerStage(t, { server: 'one', store: { directory }, cluster: cluster() });
  const other = await brokerStage(t, { server: 'two', cluster: cluster() });
  t.equal(waiting(one), 20);
  const seen: number[] = [];
  await other.service('worker', {}, noting(seen));
  await until('all has come', () => seen.length === 20 && waiting(one) === 0);
  t.same(seen, count(20));
  await until('all is settled', () => one.broker.status.services.every(({ underWay }) => underWay === 0));
  await one.broker.stop();
  const again = await brokerStage(t, { server: 'one', store: { directory } });
  t.equal(waiting(again), 0);
});

t.test('what was for this machine alone stays here; what the service refuses is reported', async t => {
  const [one, other] = await two(t);
  const boss = await one.service('boss');
  const fates: string[] = [];
  const deliver = (target: string, n: number): unknown =>
    boss.deliver(target, { n }).then(
      () => fates.push(`${n} handled`),
      (error: Error) => fates.push(`${n} ${error.message}`),
    );
  deliver('.:worker/JOB', 1);
  deliver('one:worker/JOB', 2);
  deliver('worker/JOB', 3);
  deliver('worker/JOB', 4);
  await until('all wait', () => waiting(one) === 4);
  const seen: number[] = [];
  const there = await other.service('worker', {}, service =>
    service.on('JOB', message => {
      if (message.integer('n') === 3) throw new Refusal('not 3');
      seen.push(message.integer('n'));
    }),
  );
  await until('two have ended', () => fates.length === 2);
  t.same(
    [...fates].sort((a, b) => a.localeCompare(b)),
    ['3 the other side did not take it', '4 handled'],
  );
  t.equal(waiting(one), 2);
  await there.stop();
  await one.service('worker', {}, noting(seen));
  await until('the rest has come', () => fates.length === 4);
  t.same(seen, [4, 1, 2]);
});

t.test('a service moves to and fro under load: nothing lost, nothing twice', async t => {
  const stages = await two(t);
  const [one] = stages;
  const boss = await one.service('boss');
  const seen: number[] = [];
  let sent = 0;
  let confirmed = 0;
  const failed: string[] = [];
  const timer = setInterval(() => {
    for (let more = 0; more < 3; more += 1) {
      boss.deliver('worker/JOB', { n: sent }).then(
        () => {
          confirmed += 1;
        },
        (error: Error) => failed.push(error.message),
      );
      sent += 1;
    }
  }, 1);
  t.teardown(() => clearInterval(timer));
  for (let round = 0; round < 6; round += 1) {
    const before = seen.length;
    const worker = await (stages[round % 2] as BrokerStage).service('worker', {}, noting(seen));
    await until('some have come', () => seen.length > before + 100);
    await worker.stop();
  }
  clearInterval(timer);
  await one.service('worker', {}, noting(seen));
  await until('all is confirmed', () => confirmed + failed.length === sent);
  t.same(failed, []);
  t.same(
    [...seen].sort((a, b) => a - b),
    count(sent),
  );
});
