// Two communicatord over NATS, as programs: a service of the one hears from the other.

import t from 'tap';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { edSignal, start } from '../../support/programs.ts';
import { machine, rawMember, shows } from '../broker/cluster-programs.ts';

const place = (address: string): string[] => ['--host', address, '--type', 'tcp'];

t.test('brokers of two places are one cluster', { skip: noNats }, async t => {
  const nats = await NatsServer.start();
  t.teardown(() => nats.end());
  const near = await machine(t, 'near', '--cluster', nats.address);
  const far = await machine(t, 'far', '--cluster', nats.address);
  const worker = await rawMember(t, far.address, 'worker');
  await shows(near, 'it knows the worker', ({ cluster }) => cluster.others[0]?.services[0] === 'worker');
  const status = start(t, 'tools/cluster-status', ['--broker', near.address, '--json']);
  await status.ended;
  t.match(JSON.parse(status.out), { status: 'up', complete: true, computers: 2 });
  const { code, err } = await edSignal(t, ...place(near.address), 'worker/NEWS', '--param', 'n=1');
  t.equal(code, 0, err);
  t.match(await worker.line(), /^(?:<\S+ )?(?:\S+:)?worker\/NEWS n=1\n$/);
});

t.test('without NATS the broker serves its own machine, and cluster-status says so', async t => {
  const alone = await machine(t, 'alone', '--cluster', 'nats://127.0.0.1:1');
  const worker = await rawMember(t, alone.address, 'worker');
  t.equal((await edSignal(t, ...place(alone.address), 'worker/NEWS')).code, 0);
  t.match(await worker.line(), 'worker/NEWS');
  const status = start(t, 'tools/cluster-status', ['--broker', alone.address]);
  t.equal((await status.ended).code, 1);
  t.match(status.out, /Status: down\n[\s\S]* {4}Trouble: cannot reach nats:\/\/127\.0\.0\.1:1: connection refused\n$/);
});

t.test('the help of a program names a variable that it has', async t => {
  for (const [tool, variable] of [
    ['communicatord', 'ED_COMMUNICATORD_UNIX=…'],
    ['ed-signal', 'ED_SIGNAL_TRACE=true'],
  ]) {
    const help = start(t, `tools/${tool}`, ['--help']);
    t.equal((await help.ended).code, 0);
    t.match(help.out, `such as ${variable})`);
  }
});
