// Our clients at the real master program of Clusterio 2.0.0-alpha.12.

import type { Test } from 'tap';
import t from 'tap';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { until } from '../support/world.ts';
import * as alpha from './link-alpha12.ts';
import type { OurClient } from './link-ours.ts';
import { Ours } from './link-ours.ts';
import { admin, RealMaster } from './link-programs.ts';
import { Tap } from './link-tap.ts';

const master = await RealMaster.start(t);
const [firstToken, secondToken, thirdToken] = await Promise.all([
  master.nodeToken(1),
  master.nodeToken(2),
  master.nodeToken(3),
]);

interface Stage {
  readonly tap: Tap;
  readonly ours: Ours;
  readonly node: OurClient;
  readonly control: OurClient;
}

/** A node and a control of ours, each on a way that can be cut. */
async function stage(t: Test, id: number, token: string): Promise<Stage & { readonly nodeTap: Tap }> {
  const [tap, nodeTap] = await Promise.all([Tap.open(t, master.place), Tap.open(t, master.place)]);
  const ours = new Ours(t);
  const node = ours.node(nodeTap.ws, id, token);
  const control = ours.control(tap.ws, master.userToken);
  await Promise.all([node.tells('connect'), control.tells('connect')]);
  return { tap, nodeTap, ours, node, control };
}

/** Gives the node an instance, as a person would. */
async function assigned({ node, control }: Stage, instance: number, id: number): Promise<unknown[]> {
  const got: unknown[] = [];
  node.client.handle(alpha.assignInstance, ({ instance_id }) => void got.push(instance_id));
  await control.client.send(alpha.createInstance, { serialized_config: alpha.instanceConfig(instance) });
  await control.client.send(alpha.assignCommand, { instance_id: instance, slave_id: id });
  return got;
}

t.test('tokens of its own tool register a node and a control; requests go both ways', async t => {
  const made = await stage(t, 1, firstToken);
  const { node, control } = made;
  t.same(await control.client.send(alpha.ping, {}), {}, 'control to master');
  t.same(await node.client.send(alpha.ping, {}), {}, 'node to master');
  const { list } = await control.client.send(alpha.listSlaves, {});
  t.match(list, [{ id: 1, name: 'node 1', connected: true }]);
  t.same(await assigned(made, 71, 1), [71], 'master to node');
  node.client.handle(alpha.sendRcon, ({ instance_id, command }) => {
    if (command === 'bad') throw new Error(`instance ${instance_id} does not know ${command}`);
    return { result: `${command} done` };
  });
  const rcon = (command: string): Promise<unknown> => control.client.send(alpha.sendRcon, { instance_id: 71, command });
  t.same(await rcon('/time'), { result: '/time done' }, 'control to master to node');
  await t.rejects(rcon('bad'), { code: 'REQUEST_FAILED', message: 'instance 71 does not know bad' });
  await t.rejects(control.client.send(alpha.getInstanceConfig, { instance_id: 5 }), {
    code: 'REQUEST_FAILED',
    message: 'Instance with ID 5 does not exist',
  });
});

t.test(
  'events go to the master and on to a control, and from the master to a node; heartbeats confirm them',
  async t => {
    const { node, control, nodeTap } = await stage(t, 3, thirdToken);
    const seen: number[] = [];
    const lists: unknown[] = [];
    control.client.handle(alpha.saves, ({ instance_id }) => seen.push(instance_id));
    node.client.handle(alpha.userLists, data => lists.push(data));
    await control.client.send(alpha.subscribeSaves, { all: true, instance_ids: [] });
    await node.client.send(alpha.updateInstances, { instances: [] });
    for (let n = 1; n <= 20; n += 1) node.client.send(alpha.saves, { instance_id: n, list: [] });
    await until('all events are there', () => seen.length === 20);
    t.same(
      seen,
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
    t.match(lists, [{ adminlist: [admin], banlist: [], whitelist: [] }]);
    const beat = (dir: string, seq: number): boolean =>
      nodeTap.messages.some(one => one.dir === dir && one.type === 'heartbeat' && one.data.seq === seq);
    await until('heartbeats confirm all in both directions', () => beat('s2c', 21) && beat('c2s', lists.length + 1));
    await until('nothing is kept any more', () => node.client.unfinished.messages === 0);
  },
);

t.test('sockets that are destroyed under way lose nothing and say nothing twice', async t => {
  const made = await stage(t, 2, secondToken);
  const { tap, nodeTap, node, control } = made;
  await assigned(made, 72, 2);
  const done: string[] = [];
  const seen: number[] = [];
  node.client.handle(alpha.sendRcon, ({ command }) => {
    done.push(command);
    node.client.send(alpha.saves, { instance_id: Number(command), list: [] });
    return { result: command };
  });
  control.client.handle(alpha.saves, ({ instance_id }) => seen.push(instance_id));
  await control.client.send(alpha.subscribeSaves, { all: true, instance_ids: [] });
  const answers: Promise<{ readonly result: string }>[] = [];
  const wanted = Array.from({ length: 300 }, (_, n) => String(n));
  for (const command of wanted) {
    answers.push(control.client.send(alpha.sendRcon, { instance_id: 72, command }, { timeout: 30_000 }));
    if (answers.length % 60 === 0) (answers.length % 120 === 0 ? tap : nodeTap).proxy.reset();
    if (answers.length % 10 === 0) await until('some are done', () => done.length > answers.length - 80);
  }
  const results = (await Promise.all(answers)).map(({ result }) => result);
  await until('all events are there', () => seen.length >= wanted.length);
  t.same(results, wanted, 'each is answered');
  t.same(done, wanted, 'each is done once, in order');
  t.same(seen.map(String), wanted, 'each event came once, in order');
  for (const { told } of [node, control]) {
    t.ok(told.includes('resume'), told.join(' '));
    t.notOk(told.includes('invalidate'));
  }
});

t.test('a stop of ours is prepared, and ends with close code 1000', async t => {
  const { control, tap } = await stage(t, 1, firstToken);
  control.client.stop();
  await control.tells('close');
  t.equal(control.reason, undefined);
  const last = tap.said
    .filter(({ close, text = '' }) => close !== undefined || text.includes('prepare'))
    .map(one => {
      return one.close === undefined ? [one.dir, one.text] : [one.dir, one.close];
    });
  t.same(last, [
    ['c2s', '{"seq":1,"type":"prepare_disconnect_request","data":{}}'],
    ['s2c', '{"seq":1,"type":"prepare_disconnect_response","data":{"seq":1}}'],
    ['c2s', { code: 1000, reason: 'quit' }],
    ['s2c', { code: 1000, reason: 'quit' }],
  ]);
});

t.test('a wrong token is fatal, and the reason is shown', async t => {
  const tap = await Tap.open(t, master.place);
  const ours = new Ours(t);
  const foreign = await linkToken('Zm9yZWlnbg==', { dialect: 'session', role: 'control', user: admin });
  const late = await linkToken(master.secret, { dialect: 'session', role: 'control', user: admin, valid: -60 });
  const nobody = await linkToken(master.secret, { dialect: 'session', role: 'control', user: 'nobody' });
  const cases = [
    [ours.control(tap.ws, ''), 'jwt must be provided'],
    [ours.control(tap.ws, 'gibberish'), 'jwt malformed'],
    [ours.control(tap.ws, foreign), 'invalid signature'],
    [ours.control(tap.ws, late), 'jwt expired'],
    [ours.control(tap.ws, nobody), 'invalid user'],
    [ours.control(tap.ws, firstToken), 'jwt audience invalid. expected: user'],
    [ours.node(tap.ws, 2, firstToken), 'missmatched slave id'],
  ] as const;
  for (const [client, why] of cases) {
    await client.tells('close');
    t.match(client.reason, { code: 'NOT_AUTHENTICATED', message: `Authentication failed: ${why}` });
    t.same(client.told, ['close'], 'no other attempt');
  }
});

t.test('tokens of ours are taken by the real master', async t => {
  const ours = new Ours(t);
  const address = master.place.replace('tcp', 'ws');
  const token = await linkToken(master.secret, { dialect: 'session', role: 'node', id: 9 });
  const user = await linkToken(master.secret, { dialect: 'session', role: 'control', user: admin });
  await Promise.all([ours.node(address, 9, token).tells('connect'), ours.control(address, user).tells('connect')]);
  t.pass('both are registered');
});

t.test('a second node with the id replaces the first, which does not come back', async t => {
  const { node, ours, nodeTap } = await stage(t, 1, firstToken);
  const second = ours.node(nodeTap.ws, 1, firstToken);
  await Promise.all([second.tells('connect'), node.tells('close')]);
  t.match(node.reason, { code: 'REPLACED', message: 'Registered from another connection' });
  await second.client.send(alpha.ping, {});
  t.same(second.told, ['connect']);
});
