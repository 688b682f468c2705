// Several nats-servers behind one cluster of brokers: one of them is killed, or asks its clients to leave, and the brokers go
// on over the others; communicatord as programs, with real servers.

import type { Test } from 'tap';
import t from 'tap';
import { natsCluster } from '../../support/nats-cluster.ts';
import { noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { lastServer, machine, numbers, over, shows, Talk } from './cluster-programs.ts';

/** Two brokers that know both of two servers, a talk between them, and the server at which the sender's broker is. */
async function talking(t: Test, config = '') {
  const servers = await natsCluster(t, 2, { jetstream: 'off', config });
  const near = await machine(t, 'near', ...over(servers));
  const far = await machine(t, 'far', ...over(servers));
  const talk = await Talk.between(t, near, far);
  await talk.goesOn();
  const [first, second] = servers[0]?.address === lastServer(near) ? servers : [...servers].reverse();
  return { near, far, talk, first, second };
}

t.test('one of two servers is killed under load: the brokers go on over the other', { skip: noNats }, async t => {
  const { near, far, talk, first, second } = await talking(t);
  const at = performance.now();
  await first?.kill();
  await until('both are at the other', () => [near, far].every(place => lastServer(place) === second?.address));
  await talk.goesOn();
  const back = Math.round(performance.now() - at);
  await talk.over();
  t.same(talk.failures, []);
  t.same(talk.heard, numbers(talk.said), 'nothing lost, nothing twice, in order');
  const { cluster } = await shows(near, 'it is up', status => status.cluster.state === 'up');
  t.match(cluster, { computers: 2, live: 2, status: 'up' });
  t.comment(`${talk.said} messages; the next 100 had come ${back} ms after the kill`);
});

t.test(
  'a server that is to end sends the brokers to the other, and they are there before',
  { skip: noNats },
  async t => {
    // It would throw its clients out between the first and the thirtieth second: 30 s is the least that it accepts.
    const config = 'lame_duck_duration: "30s", lame_duck_grace_period: "10s"';
    const servers = await natsCluster(t, 2, { jetstream: 'off', config });
    const near = await machine(t, 'near', ...over(servers));
    const far = await machine(t, 'far', ...over(servers));
    const talk = await Talk.between(t, near, far);
    await talk.goesOn();
    const [first, second] = servers[0]?.address === lastServer(near) ? servers : [...servers].reverse();
    const at = performance.now();
    await first?.lameDuck();
    await until('both are at the other', () => [near, far].every(place => lastServer(place) === second?.address));
    const moved = Math.round(performance.now() - at);
    t.ok(first?.isRunning, 'the first still runs');
    await talk.goesOn();
    await talk.over();
    t.match(near.broker.err, `${first?.address} is about to end: going elsewhere`);
    t.notMatch(`${near.broker.err}${far.broker.err}`, /not connected/, 'the connection was never lost');
    t.same(talk.failures, []);
    t.same(talk.heard, numbers(talk.said), 'nothing lost, nothing twice, in order');
    t.comment(`${talk.said} messages; both had moved ${moved} ms after the signal`);
  },
);
