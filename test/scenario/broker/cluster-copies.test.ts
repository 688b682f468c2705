// JetStream on three servers that know each other: what is kept there for absent services, when some of them are lost; with
// communicatord as programs.

import t from 'tap';
import type { Service } from '../../../lib/protocol/service/index.ts';
import { natsCluster } from '../../support/nats-cluster.ts';
import { noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import type { Machine } from './cluster-programs.ts';
import { lastServer, machine, numbers, ourService, over, shows } from './cluster-programs.ts';

/** Waits until NATS keeps what the sender's broker is given to keep: before that, the broker has a mailbox for it. */
async function keptByNats({ status }: Machine, sender: Service): Promise<void> {
  const end = performance.now() + 30_000;
  for (let n = 0; performance.now() < end; n += 1) {
    await sender.deliver(`probe_${n}/JOB`, { cache: 'ttl=60' });
    if (!(await status()).services.some(({ name }) => name === `probe_${n}`)) return;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  throw new Error('NATS keeps nothing');
}

t.test(
  'three servers keep a copy each: what waits for a service survives the loss of one',
  { skip: noNats },
  async t => {
    const begin = performance.now();
    const servers = await natsCluster(t, 3);
    const near = await machine(t, 'near', ...over(servers), '--cluster-copies', '3');
    const sender = await ourService(t, near, 'sender');
    await keptByNats(near, sender);
    t.comment(`up after ${Math.round(performance.now() - begin)} ms`);
    const keep = (n: number): Promise<unknown> => sender.deliver('worker/JOB', { n, cache: 'ttl=60' });
    await Promise.all(numbers(50).map(keep));
    t.comment(`kept after ${Math.round(performance.now() - begin)} ms`);
    const leader = servers.find(({ address }) => address === lastServer(near));
    await leader?.kill();
    const heard: number[] = [];
    const far = await machine(t, 'far', ...over(servers), '--cluster-copies', '3');
    await ourService(t, far, 'worker', service => service.on('JOB', message => heard.push(message.integer('n'))));
    await until('all has come', () => new Set(heard).size === 50, 60_000);
    t.comment(`all came after ${Math.round(performance.now() - begin)} ms`);
    t.same(heard, numbers(50));
  },
);

t.test('JetStream that has no leader is asked again until it has one', { skip: noNats }, async t => {
  const servers = await natsCluster(t, 3);
  const [first, ...others] = servers;
  await Promise.all(others.map(server => server.kill()));
  const near = await machine(t, 'near', '--cluster', first?.address ?? '');
  const without = await shows(near, 'it says so', ({ cluster }) => cluster.trouble !== undefined);
  t.match(without.cluster, { state: 'up', trouble: /^nothing can be kept: / });
  await Promise.all(others.map(server => server.again()));
  const { cluster } = await shows(near, 'it can be kept', status => status.cluster.trouble === undefined);
  t.equal(cluster.state, 'up');
  const sender = await ourService(t, near, 'sender');
  await keptByNats(near, sender);
  await sender.deliver('worker/JOB', { n: 1, cache: 'ttl=60' });
  const far = await machine(t, 'far', ...over(servers));
  const heard: number[] = [];
  await ourService(t, far, 'worker', service => service.on('JOB', message => heard.push(message.integer('n'))));
  await until('it has come', () => heard.length === 1);
});
