// Recorded conversations of the session dialect, replayed with our server in the place of the real one. And the count:
// which recordings are replayed, and why the others are not.

import type { Test } from 'tap';
import t from 'tap';
import type { EventDefinition, LinkServer, RequestDefinition } from '../../lib/protocol/link/index.ts';
import { linkToken } from '../../lib/protocol/link/index.ts';
import type { Raw } from '../unit/link/stage.ts';
import { Stage, settled } from '../unit/link/stage.ts';
import type { Frame } from './link-replay-kit.ts';
import { plain, secret, seed, sessionDefinitions, sessions, tell } from './link-replay-kit.ts';

const control = await linkToken(secret, { dialect: 'session', role: 'control' });
const slave = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });
const intervals = { timeout: 5_000, heartbeat: 1_000 };
const all = sessions.sessions;
const textOf = (name: string, conn: string): Frame[] =>
  (all[name] ?? []).filter(one => one.conn === conn && one.frame === 'text');

const named = (name: string): unknown => sessionDefinitions.find(one => one.name === name);
const answers: { readonly [name: string]: (server: LinkServer) => object } = {
  ping: () => ({}),
  list_slaves: () => ({
    list: [{ agent: 'x', version: 'x', id: 4, name: 'Foo', public_address: 'localhost', connected: true }],
  }),
  get_instance_config() {
    throw new Error('Instance with ID 5 does not exist');
  },
  set_log_subscriptions: () => ({}),
  update_instances(server) {
    const lists = named('sync_user_lists') as EventDefinition<object>;
    server.node(4).send(lists, { adminlist: ['test'], banlist: [], whitelist: [] });
    return {};
  },
};

/** A server that answers as the recorded one did. */
async function master(stage: Stage): Promise<LinkServer> {
  const server = await stage.server({ definitions: sessionDefinitions, secret, session: intervals });
  for (const [name, answer] of Object.entries(answers)) {
    server.handle(named(name) as RequestDefinition, () => answer(server));
  }
  return server;
}

const account = /,"account":.*\}\]\}/;
const agents = /"(agent|version)":"[^"]*"/g;
/** Without users, whom our server does not know, and the names in lists. */
const fields = (text: string): unknown => plain(text.replace(account, '').replace(agents, '"$1":"x"'));

interface Speaker {
  readonly raw: Raw;
  readonly server: LinkServer;
  readonly stage: Stage;
  /** For the place of `<JWT>`: in a register, in a resume. */
  readonly token: string;
  session?: string;
}

/** Says what the recorded client said, and compares what our server says to it. */
async function play(t: Test, speaker: Speaker, frames: readonly Frame[], where: string): Promise<void> {
  const { raw, server, stage } = speaker;
  for (const { dir, text = '' } of frames) {
    if (dir === 'c2s') {
      const token = text.includes('"resume"') ? (speaker.session ?? '') : speaker.token;
      await tell(raw, text.replace('<JWT>', token));
      continue;
    }
    const { type, data } = JSON.parse(text) as { type: string; data: Record<string, unknown> };
    if (raw.inbox.length === 0 && type === 'heartbeat') await stage.clock.advance(1_000);
    if (raw.inbox.length === 0 && type === 'log_message_event') {
      for (const peer of server.peers) peer.send(named('log_message') as EventDefinition<object>, data);
      await settled();
    }
    const said = raw.inbox.shift() ?? '{"data":{}}';
    if (type === 'ready')
      speaker.session = (JSON.parse(said) as { data: { session_token: string } }).data.session_token;
    t.same(fields(said), fields(text), `${where}: ${text.slice(0, 70)}`);
  }
  t.same(raw.inbox, [], `${where}: nothing more`);
}

async function speaker(stage: Stage, server: LinkServer, token: string): Promise<Speaker> {
  return { raw: await stage.raw(), server, stage, token };
}

t.test('a recorded slave: start, heartbeats, a cut, the way back, and its end', async t => {
  const stage = new Stage();
  const server = await master(stage);
  const first = await speaker(stage, server, slave);
  await play(t, first, textOf('real_slave_start_with_heartbeats', 'slave1'), 'start');
  stage.frames.cut();
  const second = { ...first, raw: await stage.raw() };
  await play(t, second, textOf('real_slave_cut_and_resume', 'slave2'), 'cut and resume');
  await play(t, second, textOf('real_slave_sigint', 'slave2'), 'SIGINT');
  second.raw.end.closeWith(1000, 'Slave Shutdown');
  await stage.clock.advance(10);
  t.same([second.raw.closed_, server.peers], [{ code: 1000, reason: 'Slave Shutdown' }, []]);
  await stage.end();
});

t.test('a recorded control: talk, a session that is forgotten, and its end', async t => {
  const stage = new Stage();
  const server = await master(stage);
  const first = await speaker(stage, server, control);
  await play(t, first, textOf('lib_control', '1'), 'talk');
  stage.frames.cut();
  await stage.clock.advance(intervals.timeout);
  const second = { ...first, raw: await stage.raw() };
  await play(t, second, textOf('lib_control_invalidate', '4'), 'invalidate');
  await play(t, second, textOf('lib_control_graceful_close', '4'), 'the end');
  await stage.end();
});

t.test('a control that comes back before its old socket is noticed to be gone goes on', async t => {
  const stage = new Stage();
  const first = await speaker(stage, await master(stage), control);
  await play(t, first, textOf('lib_control', '1').slice(0, 3), 'handshake');
  const second = { ...first, raw: await stage.raw() };
  const stale = textOf('lib_control_stale', '3').map(one => ({
    ...one,
    // Nothing was sent before, on either side.
    text: one.text?.replace(/"last_seq":\d+/, '"last_seq":null') ?? '',
  }));
  await play(t, second, stale, 'stale');
  t.same(first.raw.closed_, { code: 1006, reason: '' }, 'the old one is cut off');
  await stage.end();
});

t.test('our server that stops, to a recorded client and to one that has not registered', async t => {
  const stage = new Stage();
  const server = await master(stage);
  const client = await speaker(stage, server, control);
  await play(t, client, textOf('lib_control', '1').slice(0, 3), 'handshake');
  const silent = await stage.raw();
  server.stop();
  await stage.clock.advance(10);
  await play(t, client, textOf('master_sigint', '33'), 'prepare');
  await stage.clock.advance(10);
  const quit = { code: 1001, reason: 'Server Quit' };
  t.same([client.raw.closed_, silent.closed_], [quit, quit]);
  await stage.end();
});

t.test('our server of the seed that stops, to a recorded client', async t => {
  const stage = new Stage();
  const server = await stage.server({ definitions: sessionDefinitions, dialect: 'seed' });
  const raw = await stage.raw();
  await raw.ask({ seq: 1, type: 'register_control', data: { token: '', agent: 'x', version: 'x' } });
  t.equal(raw.inbox.splice(0).length, 2, 'hello and ready');
  server.stop();
  await settled();
  const recorded = (seed.sessions.master_sigint ?? []).filter(({ dir, conn }) => dir === 's2c' && conn === '47');
  t.same(
    raw.inbox,
    recorded.filter(({ frame }) => frame === 'text').map(({ text }) => text),
  );
  t.match(recorded.at(-1), { frame: 'close', code: null });
  t.same(raw.closed_, { code: 1005, reason: '' });
  await stage.end();
});

/** Where each recording is replayed, or why it is not. */
const places: { readonly [place: string]: readonly string[] } = {
  'both roles, in link-replay and link-replay-client': [
    ...['seed real_slave_start', 'seed real_clusterctl_list_slaves', 'seed real_clusterctl_create_instance'],
    ...['seed real_clusterctl_assign_instance', 'seed real_clusterctl_error_not_running'],
    ...['seed lib_control_and_events', 'session lib_control_cut_and_resume'],
  ],
  'both roles, in link-replay-client and here': [
    ...['session real_slave_start_with_heartbeats', 'session real_slave_cut_and_resume', 'session lib_control'],
    ...['session lib_control_stale', 'session lib_control_invalidate', 'session lib_control_graceful_close'],
    ...['session real_slave_sigint', 'session master_sigint'],
  ],
  'the client in link-replay-client': ['seed real_slave_sigint'],
  'the server here': ['seed master_sigint'],
  'not: no frames were recorded, the recorder cut the link': ['seed lib_control_cut', 'seed real_slave_cut'],
};

t.test('each recorded session is replayed, or it stands here why not', t => {
  const names = (prefix: string, all: object): string[] => Object.keys(all).map(name => `${prefix} ${name}`);
  const recorded = [...names('seed', seed.sessions), ...names('session', sessions.sessions)];
  t.same(new Set(Object.values(places).flat()), new Set(recorded));
  const frames = (name: string): unknown[] => (seed.sessions[name] ?? []).filter(({ frame }) => frame === 'text');
  t.same([frames('lib_control_cut'), frames('real_slave_cut')], [[], []]);
  t.end();
});
