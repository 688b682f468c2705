// The same conversation of real and our ends, in all four pairs, compared frame by frame and field by field. What may
// differ is written down here, with its reason; any other field is named by the failure.

import type { Test } from 'tap';
import t from 'tap';
import { until } from '../support/world.ts';
import * as alpha from './link-alpha12.ts';
import { realControl, realSlave } from './link-classes.ts';
import { differences } from './link-compare.ts';
import { Ours } from './link-ours.ts';
import { admin, RealMaster } from './link-programs.ts';
import type { Said } from './link-tap.ts';
import { Tap } from './link-tap.ts';

const heartbeat = 0.6;
const timeout = 20;
const master = await RealMaster.start(t, { timeout, heartbeat });
const nodeToken = await master.nodeToken(4);

/** A client, real or ours, as the conversations need it. */
interface Actor {
  readonly told: readonly string[];
  connect(): Promise<void>;
  talk(): Promise<void>;
  ping(): Promise<unknown>;
  quit(): Promise<void>;
}

type Make = (t: Test, tap: Tap) => Actor;

const realControlActor: Make = (t, tap) => {
  const real = realControl(t, tap.http, master.userToken);
  return {
    told: real.told,
    connect: () => real.link.connector.connect(),
    async talk() {
      await real.send('ping');
      await real.send('listSlaves');
      await t.rejects(real.send('getInstanceConfig', { instance_id: 5 }), /does not exist/);
    },
    ping: () => real.send('ping'),
    quit: () => real.quit('Control Quit'),
  };
};

const ourControlActor: Make = (t, tap) => {
  const ours = new Ours(t).control(tap.ws, master.userToken);
  const { client } = ours;
  return {
    told: ours.told,
    connect: () => ours.tells('connect'),
    async talk() {
      await client.send(alpha.ping, {});
      await client.send(alpha.listSlaves, {});
      await t.rejects(client.send(alpha.getInstanceConfig, { instance_id: 5 }), /does not exist/);
    },
    ping: () => client.send(alpha.ping, {}),
    async quit() {
      client.stop();
      await ours.tells('close');
    },
  };
};

const realNodeActor: Make = (t, tap) => {
  const real = realSlave(t, tap.http, 4, nodeToken);
  const { link, told } = real;
  const ping = (): Promise<unknown> => real.send('ping');
  const talk = async (): Promise<void> => {
    await until('it has told of its instances', () =>
      tap.messages.some(one => one.type === 'update_instances_response'),
    );
  };
  return { told, connect: () => link.connector.connect(), talk, ping, quit: () => link.shutdown() };
};

const ourNodeActor: Make = (t, tap) => {
  const ours = new Ours(t).node(tap.ws, 4, nodeToken);
  const { client, told } = ours;
  const quit = async (): Promise<void> => {
    client.stop();
    await ours.tells('close');
  };
  const talk = (): Promise<unknown> => client.send(alpha.updateInstances, { instances: [] });
  const ping = (): Promise<unknown> => client.send(alpha.ping, {});
  return { told, connect: () => ours.tells('connect'), talk: async () => void (await talk()), ping, quit };
};

/** Registers, talks, waits for the heartbeats, is cut off, comes back, asks again, and leaves. */
async function conversation(t: Test, make: Make, place: string): Promise<Said[]> {
  const tap = await Tap.open(t, place);
  const actor = make(t, tap);
  await actor.connect();
  await actor.talk();
  const last = (dir: string): number =>
    Math.max(...tap.messages.filter(one => one.dir === dir).map(one => one.seq ?? 0));
  const confirmed = (by: string, of: string): boolean =>
    tap.messages.some(one => one.dir === by && one.type === 'heartbeat' && one.data.seq === last(of));
  await until('heartbeats confirm all', () => confirmed('c2s', 's2c') && confirmed('s2c', 'c2s'));
  tap.proxy.reset();
  await until('it is cut off', () => actor.told.includes('drop'));
  await actor.ping();
  t.ok(actor.told.includes('resume'));
  await actor.quit();
  await until('the end is said', () => tap.said.filter(({ close }) => close !== undefined).length === 2);
  return tap.said;
}

/** Our server, with what the master says. */
async function ourMaster(t: Test): Promise<string> {
  const session = { timeout: timeout * 1_000, heartbeat: heartbeat * 1_000 };
  const { server, address } = await new Ours(t).server({ secret: master.secret, session });
  server
    .handle(alpha.ping, () => ({}))
    .handle(alpha.listSlaves, () => ({ list: [] }))
    .handle(alpha.getInstanceConfig, ({ instance_id }) => {
      throw new Error(`Instance with ID ${instance_id} does not exist`);
    })
    .handle(alpha.updateInstances, () => {
      server.node(4).send(alpha.userLists, { adminlist: [admin], banlist: [], whitelist: [] });
      return {};
    });
  return address;
}

/** In what our client differs: its name, its version, and its last word. */
function ofOurClient(register: string, agent: string, farewells: string, count: number): string[] {
  return [
    `link 1 c2s 1 ${register} data.agent: "${agent}" there, "ed-communicator" here`,
    `link 1 c2s 1 ${register} data.version: "2.0.0-alpha.12" there, "2.0.0" here`,
    `link 2 c2s 4 close frame reason: ${farewells}`,
    `link 2 s2c ${count} close frame reason: ${farewells}`,
  ];
}

/** In what our server differs: its version. */
const ofOurServer = [1, 2].map(link => `link ${link} s2c 1 hello data.version: "2.0.0-alpha.12" there, "2.0.0" here`);

/** It knows no users, so it tells a control nothing of its rights. */
const account = (field: string): boolean => /^link 1 s2c 2 ready data\.account\..*, nothing here$/.test(field);

t.test('a control: real and ours, at the real master and at our server', async t => {
  const model = await conversation(t, realControlActor, master.place);
  t.same(differences(model, model), []);
  const client = ofOurClient('register_control', 'Clusterio Control', '"Control Quit" there, "quit" here', 5);
  t.same(differences(model, await conversation(t, ourControlActor, master.place)), client, 'our control');
  const server = differences(model, await conversation(t, realControlActor, await ourMaster(t)));
  t.same(
    server.filter(field => !account(field)),
    ofOurServer,
    'our server',
  );
  t.ok(server.some(account));
  const both = differences(model, await conversation(t, ourControlActor, await ourMaster(t)));
  t.same(new Set(both.filter(field => !account(field))), new Set([...client, ...ofOurServer]), 'both');
});

/** Those of ours tell no address for players. */
const address = 'link 1 c2s 1 register_slave data.public_address: "localhost" there, nothing here';

t.test('a node: real and ours, at the real master and at our server', async t => {
  const model = await conversation(t, realNodeActor, master.place);
  t.same(differences(model, model), []);
  const farewells = '"Slave Shutdown" there, "shutdown" here';
  const client = [...ofOurClient('register_slave', 'Clusterio Slave', farewells, 5), address];
  const named = new Set(differences(model, await conversation(t, ourNodeActor, master.place)));
  t.same(named, new Set(client), 'our node');
  t.same(differences(model, await conversation(t, realNodeActor, await ourMaster(t))), ofOurServer, 'our server');
  const both = differences(model, await conversation(t, ourNodeActor, await ourMaster(t)));
  t.same(new Set(both), new Set([...client, ...ofOurServer]), 'both');
});

t.test('a field that differs is named', t => {
  const say = (data: object): Said[] => [
    { link: 1, dir: 'c2s', text: JSON.stringify({ seq: 1, type: 'a_request', data }) },
    { link: 1, dir: 's2c', close: { code: 1000, reason: 'x' } },
  ];
  const [model, other] = [say({ token: 'a', list: [{ id: 4 }] }), say({ token: 'b', list: [{ id: '4' }], more: null })];
  t.same(differences(model, other), [
    'link 1 c2s 1 a_request data.list.0.id: 4 there, "4" here',
    'link 1 c2s 1 a_request data.more: nothing there, null here',
  ]);
  t.same(differences(model, model.slice(0, 1)), ['link 1 s2c 1: close frame there, nothing here']);
  const bare = [{ link: 1, dir: 'c2s', text: '{"type":"a_request","seq":1,"data":{"token":null,"list":[]}}' } as const];
  t.same(differences(model.slice(0, 1), bare), [
    'link 1 c2s 1 a_request parts: seq,type,data there, type,seq,data here',
    'link 1 c2s 1 a_request data.token: a token there, null here',
    'link 1 c2s 1 a_request data.list.0.id: 4 there, nothing here',
    'link 1 c2s 1 a_request data.list: nothing there, [] here',
  ]);
  const greeting = (type: string): Said => ({
    link: 1,
    dir: 's2c',
    text: JSON.stringify({ seq: null, type, data: {} }),
  });
  t.match(differences([greeting('hello'), greeting('ready')], [greeting('ready'), greeting('hello')]), [
    'handshake: 1 s2c hello, 1 s2c ready there, 1 s2c ready, 1 s2c hello here',
    'link 1 s2c 1: hello there, ready here',
    'link 1 s2c 2: ready there, hello here',
  ]);
  t.end();
});
