// The real slave program of Clusterio 2.0.0-alpha.12 at our server: a process of its own, from its start to its end.

import t from 'tap';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { until } from '../support/world.ts';
import * as alpha from './link-alpha12.ts';
import { Ours } from './link-ours.ts';
import { RealSlave } from './link-programs.ts';
import { Tap } from './link-tap.ts';

const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
const master_token = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });

t.test(
  'the real slave program registers, logs, comes back after a cut, is asked, and leaves in good order',
  async t => {
    const ours = new Ours(t);
    const { server, address } = await ours.server({
      dialect: 'both',
      secret,
      session: { timeout: 20_000, heartbeat: 5_000 },
    });
    const told: string[] = [];
    for (const what of ['connect', 'drop', 'resume', 'invalidate', 'leave'] as const)
      server.on(what, () => told.push(what));
    const logs: string[] = [];
    const updates: unknown[] = [];
    server
      .handle(alpha.logMessage, ({ info }) => logs.push(String(info.message)))
      .handle(alpha.updateInstances, ({ instances }) => void updates.push(instances));
    const tap = await Tap.open(t, address);
    // The program wants a slash at the end, and leaves the query alone.
    const master_url = `${tap.http}?session/`;
    const slave = await RealSlave.start(t, { id: 4, name: 'Foo', master_url, master_token });
    await until('it has started', () => logs.includes('Started slave') && updates.length > 0);
    t.same(updates, [[]]);
    const { registration } = server.node(4);
    t.match(registration, { role: 'node', id: 4, name: 'Foo', agent: 'Clusterio Slave', version: '2.0.0-alpha.12' });

    tap.proxy.reset();
    await until('it has told of its way back', () => logs.includes('Connector | resuming existing session'));
    t.equal(logs.filter(text => text.startsWith('Connector | Close (code: 1006')).length, 1, 'once');
    const { results } = await server.node(4).send(alpha.getMetrics, {});
    t.ok(results.length > 0, `${results.length} metrics`);

    t.equal(await slave.end('SIGINT'), 0);
    await until('it has left', () => told.includes('leave'));
    t.same(told, ['connect', 'drop', 'resume', 'leave']);
    const end = tap.said.filter(({ close, text = '' }) => close !== undefined || text.includes('prepare'));
    t.match(end, [
      { dir: 'c2s', text: /"prepare_disconnect_request"/ },
      { dir: 's2c', text: /"prepare_disconnect_response"/ },
      { dir: 'c2s', close: { code: 1000, reason: 'Slave Shutdown' } },
      { dir: 's2c', close: { code: 1000, reason: 'Slave Shutdown' } },
    ]);
  },
);

t.test('a wrong token ends the real slave program, which shows the reason', async t => {
  const { address } = await new Ours(t).server({ secret });
  const tap = await Tap.open(t, address);
  const slave = await RealSlave.start(t, { id: 5, name: 'Bar', master_url: tap.http, master_token });
  t.ok(await slave.says(/Authentication failed: missmatched slave id/), slave.text);
});
