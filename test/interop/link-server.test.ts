// The real client classes of Clusterio 2.0.0-alpha.12, and the real slave program, at our server.

import type { Test } from 'tap';
import t from 'tap';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { until } from '../support/world.ts';
import * as alpha from './link-alpha12.ts';
import { realControl, realSlave } from './link-classes.ts';
import { Ours } from './link-ours.ts';
import { Tap } from './link-tap.ts';

const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
const token = await linkToken(secret, { dialect: 'session', role: 'control' });
const nodeToken = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });
const slave = { agent: 'Clusterio Slave', version: '2.0.0-alpha.12', id: 4, name: 'node 4', public_address: null };
const slaves = { list: [{ ...slave, connected: true }] };

async function stage(t: Test, heartbeat = 5_000) {
  const ours = new Ours(t);
  const { server, address } = await ours.server({
    secret,
    session: { timeout: 10_000, heartbeat },
    locate: id => (id === 77 ? 4 : undefined),
  });
  const told: string[] = [];
  for (const what of ['connect', 'drop', 'resume', 'invalidate', 'leave'] as const) {
    server.on(what, (...[peer]) => told.push(`${what} ${peer.registration.role}`));
  }
  server
    .handle(alpha.listSlaves, () => slaves)
    .handle(alpha.updateInstances, () => undefined)
    .handle(alpha.getInstanceConfig, ({ instance_id }) => {
      throw new Error(`Instance with ID ${instance_id} does not exist`);
    });
  const tells = (what: string, times = 1): Promise<void> =>
    until(`${what} ${times} times`, () => told.filter(one => one === what).length >= times);
  return { server, told, tells, tap: await Tap.open(t, address) };
}

t.test('a real control registers, asks, is answered or refused, and is asked', async t => {
  const { server, tap } = await stage(t);
  server.handle(alpha.ping, () => undefined);
  const control = realControl(t, tap.http, token);
  await control.link.connector.connect();
  t.same(await control.send('ping'), { seq: 1 });
  t.same(await control.send('listSlaves'), { ...slaves, seq: 2 });
  const unknown = control.send('getInstanceConfig', { instance_id: 5 });
  await t.rejects(unknown, { message: 'Instance with ID 5 does not exist' });
  await t.rejects(control.send('listUsers'), { message: 'No validator for list_users_request on master-control' });
  const [peer] = server.peers;
  t.same(await peer?.send(alpha.ping, {}), {}, 'from our server to the real control');
  t.match(peer?.registration, { role: 'control', agent: 'Clusterio Control', version: '2.0.0-alpha.12' });
});

t.test(
  'a real slave registers, tells its instances, is asked for itself and for a control; heartbeats go both ways',
  async t => {
    const { server, tap } = await stage(t, 500);
    const node = realSlave(t, tap.http, 4, nodeToken);
    await node.link.connector.connect();
    const updated = (): boolean => tap.messages.some(({ type }) => type === 'update_instances_response');
    await until('its instances are told', updated);
    const { results } = await server.node(4).send(alpha.getMetrics, {});
    t.ok(results.length > 0, `${results.length} metrics`);
    server.node(4).send(alpha.userLists, { adminlist: ['a'], banlist: [['b', 'why']], whitelist: [] });
    const control = realControl(t, tap.http, token);
    await control.link.connector.connect();
    const rcon = control.send('sendRcon', { instance_id: 77, command: '/time' });
    await t.rejects(rcon, { message: 'Instance with ID 77 does not exist' }, 'in the words of the real slave');
    const beat = (dir: string): boolean =>
      tap.messages.some(
        one => one.link === 1 && one.dir === dir && one.type === 'heartbeat' && Number(one.data.seq) >= 3,
      );
    await until('heartbeats confirm all', () => beat('c2s') && beat('s2c'));
    await until('our server keeps nothing any more', () => server.node(4).link.course.held === 0);
  },
);

t.test('what a real slave may leave out is declared as optional', async t => {
  const { server, tap } = await stage(t);
  const changes: unknown[] = [];
  server.handle(alpha.statusChanged, change => changes.push(change));
  await realSlave(t, tap.http, 4, nodeToken).link.connector.connect();
  await server.node(4).send(alpha.assignInstance, { instance_id: 77, serialized_config: alpha.instanceConfig(77) });
  await until('it has told', () => changes.length > 0);
  t.same(changes, [{ instance_id: 77, status: 'stopped' }], 'no game_port');
});

t.test('sockets that are destroyed under way lose nothing and say nothing twice, in both directions', async t => {
  const { server, tap, told } = await stage(t);
  let done = 0;
  server.handle(alpha.ping, () => {
    done += 1;
    server.peers[0]?.send(alpha.saves, { instance_id: done, list: [] });
    return {};
  });
  const control = realControl(t, tap.http, token);
  await control.link.connector.connect();
  const answers: Promise<unknown>[] = [];
  for (let n = 1; n <= 300; n += 1) {
    answers.push(control.send('ping'));
    if (n % 75 === 0) tap.proxy.reset();
    if (n % 10 === 0) await until('some are done', () => done > n - 60);
  }
  await Promise.all(answers);
  const { events } = control.link;
  await until('all events are there', () => events.length >= 300);
  t.equal(done, 300, 'each request is done once');
  t.same(
    events.map(({ instance_id }) => instance_id),
    Array.from({ length: 300 }, (_, at) => at + 1),
    'each event came once, in order',
  );
  t.ok(control.told.includes('resume'), control.told.join(' '));
  t.notOk(control.told.includes('invalidate'));
  t.ok(told.includes('resume control'), told.join(', '));
});

t.test('a session that our server has forgotten is invalidated, and a new one begins on the same socket', async t => {
  const { server, tap, tells } = await stage(t);
  const answers: (() => void)[] = [];
  const answered = (): Promise<Record<never, never>> => new Promise(resolve => answers.push(() => resolve({})));
  server.handle(alpha.ping, answered);
  const control = realControl(t, tap.http, token);
  await control.link.connector.connect();
  const lost = control.send('ping');
  await until('it has come', () => answers.length === 1);
  server.peers[0]?.destroy(new Error('forgotten'));
  await t.rejects(lost, { message: 'Session Lost' });
  await tells('connect control', 2);
  await until('it is told', () => control.told.length === 6);
  t.same(control.told, ['hello', 'connect', 'drop', 'hello', 'invalidate', 'connect']);
  const again = control.send('ping');
  await until('it has come', () => answers.length === 2);
  answers[1]?.();
  t.same(await again, { seq: 1 }, 'numbers begin anew');
});

t.test('a wrong token closes with 4003 and the reason, and the real client gives up', async t => {
  const { tap } = await stage(t);
  const foreign = await linkToken('Zm9yZWlnbg==', { dialect: 'session', role: 'control' });
  const cases = [
    [realControl(t, tap.http, 'gibberish'), 'jwt malformed'],
    [realControl(t, tap.http, foreign), 'invalid signature'],
    [realControl(t, tap.http, nodeToken), 'jwt audience invalid. expected: user'],
    [realSlave(t, tap.http, 5, nodeToken), 'missmatched slave id'],
  ] as const;
  for (const [client, why] of cases) {
    await t.rejects(client.link.connector.connect(), { message: `Authentication failed: ${why}` });
    await until('it gives up', () => client.told.at(-1) === 'close');
    t.same(tap.said.findLast(({ close }) => close)?.close, { code: 4003, reason: `Authentication failed: ${why}` });
  }
});

t.test('a real client that ends in good order is gone at once; our server that stops says so first', async t => {
  const { server, tap, told, tells } = await stage(t);
  const [first, second] = [realControl(t, tap.http, token), realSlave(t, tap.http, 4, nodeToken)];
  await first.link.connector.connect();
  await second.link.connector.connect();
  await first.quit('Control Quit');
  await tells('leave control');
  t.notOk(told.includes('drop control'));
  server.stop();
  await until('the slave is told', () => second.told.includes('close'));
  const end = tap.said.filter(({ link, close, text = '' }) => link === 2 && (close || text.includes('prepare')));
  t.match(end, [
    { dir: 's2c', text: /"prepare_disconnect_request","data":\{\}/ },
    { dir: 'c2s', text: /"prepare_disconnect_response"/ },
    { dir: 's2c', close: { code: 1001, reason: 'Server Quit' } },
    { dir: 'c2s', close: { code: 1001 } },
  ]);
});

t.test('a second real slave with the id replaces the first, which is refused while its session lasts', async t => {
  const { server, tap } = await stage(t);
  const first = realSlave(t, tap.http, 4, nodeToken);
  await first.link.connector.connect();
  const second = realSlave(t, tap.http, 4, nodeToken);
  await second.link.connector.connect();
  const closes = (): unknown[] => tap.said.flatMap(({ dir, close }) => (dir === 's2c' && close ? [close] : []));
  await until('the first has tried again', () => closes().length >= 3);
  const replaced = { code: 1008, reason: 'Registered from another connection' };
  t.same(closes().slice(0, 3), [replaced, replaced, replaced]);
  t.ok(server.node(4).state === 'connected' && second.link.connector.connected);
  t.same(second.told, ['hello', 'connect'], 'the second is not disturbed');
});
