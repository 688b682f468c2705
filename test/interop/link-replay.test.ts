// Recorded frames of the real programs, replayed against our server and our client, and compared field by field.

import type { Test } from 'tap';
import t from 'tap';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { Raw, Stage, settled } from '../unit/link/stage.ts';
import type { Frame, Probe } from './link-replay-kit.ts';
import {
  assign,
  command,
  config,
  create,
  definitions,
  getConfig,
  listInstances,
  listSlaves,
  output,
  ping,
  plain,
  probed,
  said,
  secret,
  seed,
  sessions,
  subscribe,
  tell,
} from './link-replay-kit.ts';

const slaves = { list: [{ agent: 'Clusterio Slave', version: '2.0.0-alpha', id: 4, name: 'Foo', connected: true }] };
/** A server that answers as the recorded one did. */
async function master(stage: Stage, dialect: 'seed' | 'session') {
  const locate = (id: number): number | undefined => (id === 77 ? 4 : undefined);
  const server = await stage.server({ definitions: definitions, dialect, secret, locate });
  server
    .handle(listSlaves, () => slaves)
    .handle(listInstances, () => ({ list: [{ id: 77, name: 'inst', assigned_slave: 4 }] }))
    .handle(subscribe, () => undefined)
    .handle(create, () => undefined)
    .handle(getConfig, ({ instance_id }) => {
      throw new Error(`Instance with ID ${instance_id} does not exist`);
    })
    .handle(command, async ({ instance_id, slave_id }) => {
      await server.node(slave_id).send(assign, { instance_id, serialized_config: config });
    })
    .handle(output, data => {
      for (const peer of server.peers) if (peer.registration.role === 'control') peer.send(output, data);
    });
  return server;
}

/** Where our answer is another one than the recorded one, and why; of the seed server, the session server, the client. */
const otherwise: { readonly [probe: string]: string } = {
  handshake_without_seq_as_in_seed_doc_example: 'the example of the document is taken',
  invalid_json_in_handshake: 'the recorded server crashes',
  invalid_json_after_ready: 'the recorded server crashes',
  wrong_path: 'the transport answers',
  ws_ping: 'the transport answers',
};

const otherwiseSession: { readonly [probe: string]: string } = {
  unknown_user: 'our server knows no users',
  malformed_ignored: 'what has no number breaks the counting, and the session ends',
  resume_after_session_timeout: 'its frames were not recorded; what is said then is in link-replay-session',
  invalid_json_after_ready: 'the recorded server crashes',
};

const otherwiseClient: { readonly [probe: string]: string } = {
  url_with_base_path: 'an address of ours is the whole path',
  ws_close_before_hello: 'nothing is said',
  server_event_ok_with_wild_seq: 'in link-replay-client',
  abrupt_loss: 'the recorded one does not come back; in link-replay-client',
  connect_twice: 'nobody calls connect',
};

const same = (all: object, ...parts: (object | readonly string[])[]): boolean => {
  const names = parts.flatMap(part => (Array.isArray(part) ? (part as string[]) : Object.keys(part)));
  return names.length === Object.keys(all).length && names.every(name => name in all);
};

t.test('the probes of the seed server are answered as recorded', async t => {
  const token = await linkToken(secret, { dialect: 'seed', role: 'control' });
  const late = await linkToken(secret, { dialect: 'seed', role: 'control', valid: -1e9 });
  for (const [name, probe] of Object.entries(seed.probes)) {
    if (name in otherwise) continue;
    const stage = new Stage();
    await master(stage, 'seed');
    const raw = await stage.raw();
    for (const text of said(probe.frames ?? [], 'c2s')) {
      await tell(raw, text.replace('<JWT>', name === 'expired_token' ? late : token));
    }
    const close = probe.frames?.find(({ dir, frame }) => dir === 'c2s' && frame === 'close');
    if (name === 'ws_close_frame_without_close_message') raw.end.closeWith(close?.code ?? undefined, close?.reason);
    await settled();
    t.same(raw.inbox.map(plain), probe.inbox.map(plain), name);
    t.same(raw.closed_ ?? null, probe.closed, `${name}: how it is closed`);
    await stage.end();
  }
});

/** Says what the recorded clients said, each on its connection, and gives what our server said. */
async function replay(t: Test, dialect: 'seed' | 'session', all: readonly Frame[], token: (text: string) => string) {
  const stage = new Stage();
  await master(stage, dialect);
  const raws = new Map<string, Raw>();
  for (const { conn = '', dir, frame, text = '' } of all) {
    if (frame !== 'text') continue;
    if (!raws.has(conn)) raws.set(conn, await stage.raw());
    const raw = raws.get(conn) as Raw;
    if (dir === 'c2s') await tell(raw, text.replace('<JWT>', token(text)));
    else {
      await settled();
      t.same(plain(raw.inbox.shift() ?? '{"data":{}}'), plain(text), `${conn}: ${text.slice(0, 60)}`);
    }
  }
  for (const [conn, { inbox }] of raws) t.same(inbox, [], `${conn}: nothing more`);
  await stage.end();
}

t.test('the sessions of the seed server: a slave, and a clusterctl after the other', async t => {
  const token = await linkToken(secret, { dialect: 'seed', role: 'control' });
  const names = [
    ...['real_slave_start', 'real_clusterctl_list_slaves', 'real_clusterctl_create_instance'],
    ...['real_clusterctl_assign_instance', 'real_clusterctl_error_not_running', 'lib_control_and_events'],
  ];
  await replay(
    t,
    'seed',
    names.flatMap(name => seed.sessions[name] ?? []),
    () => token,
  );
});

t.test('the seed client, against a scripted server', async t => {
  const hello = { seq: 1, type: 'hello', data: { version: '2.0.0-alpha' } };
  const ready = { seq: 2, type: 'ready', data: {} };
  const badOutput = { seq: 3, type: 'instance_output_event', data: { nope: 1 } };
  const scripts: { readonly [probe: string]: readonly unknown[] } = {
    normal: [hello, ready],
    hello_without_seq_as_doc_example: [{ type: 'hello', data: { version: '2.0.0' } }],
    hello_seq_null: [{ ...hello, seq: null }],
    ready_without_data: [hello, { seq: 2, type: 'ready' }],
    ready_with_extra_data: [hello, { ...ready, data: { a: 1 } }],
    close_during_handshake: [hello, { seq: 2, type: 'close', data: { reason: 'Authentication failed' } }],
    unknown_handshake_type: [{ seq: 1, type: 'nope', data: {} }],
    server_request_unknown: [hello, ready, { seq: 3, type: 'ping_request', data: {} }],
    server_unsolicited_response: [hello, ready, { seq: 3, type: 'list_slaves_response', data: { list: [], seq: 99 } }],
    server_close_message: [hello, ready, { seq: 3, type: 'close', data: { reason: 'shutdown' } }],
    server_event_bad_schema: [hello, ready, badOutput],
  };
  t.ok(same(seed.clientProbes, scripts, otherwiseClient), 'each probe is here, or it is said why not');
  for (const [name, script] of Object.entries(scripts)) {
    const stage = new Stage();
    const got = await scripted(stage, script);
    t.same(got, probed(name), name);
    await stage.end();
  }
});

/** What our seed client says to a server that says just this. */
async function scripted(stage: Stage, script: readonly unknown[]): Promise<unknown[]> {
  let server: Raw | undefined;
  const address = { scheme: 'memory', host: '', port: 0, path: 'controller' };
  await stage.frames.listen(address, {
    accept: channel => {
      server ??= new Raw(channel);
    },
    trouble: () => undefined,
  });
  const token = 'TOKEN';
  stage.client({ definitions, dialect: 'seed', token, pause: { first: 60_000, most: 60_000, jitter: 0 } });
  await settled(60);
  for (const value of script) await server?.say(value);
  return (server?.inbox ?? []).map(plain);
}

t.test('the probes of the session server are answered as recorded', async t => {
  const control = await linkToken(secret, { dialect: 'session', role: 'control' });
  const names = [
    ...['bad_token', 'wrong_audience', 'slave_token_other_id', 'invalid_json_handshake', 'bad_handshake_type'],
    ...['close_message_in_handshake_seed_style', 'register_with_integer_seq_seed_style', 'unknown_request'],
    ...['register_slave_without_plugins_seed_style', 'schema_violation_request', 'unknown_event_ignored'],
    ...['unsolicited_response_ignored', 'heartbeat_invalid_doc_style_last_seq'],
    ...['close_message_after_ready_seed_style', 'pipelined_register_then_request_same_tick'],
  ];
  const slave = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });
  t.ok(same(sessions.probes, names, otherwiseSession), 'each probe is here, or it is said why not');
  for (const name of names) {
    const probe = sessions.probes[name] as Probe;
    const stage = new Stage();
    const server = await stage.server({
      definitions: [...definitions, ping],
      dialect: 'session',
      secret,
      session: { timeout: 5_000, heartbeat: 1_000 },
    });
    server.handle(ping, () => undefined);
    const raw = await stage.raw();
    const token = name === 'wrong_audience' || name === 'slave_token_other_id' ? slave : control;
    await raw.ask(...said(probe.frames ?? [], 'c2s').map(text => text.replace('<JWT>', token)));
    const account = (text: string): unknown => plain(text.replace(/,"account":.*\}\]\}/, ''));
    t.same(raw.inbox.map(plain), probe.inbox.map(account), name);
    t.same(raw.closed_ ?? null, probe.closed, `${name}: how it is closed`);
    await stage.end();
  }
});

t.test('a recorded resume: continue, then what was not received, then the answers', async t => {
  const control = await linkToken(secret, { dialect: 'session', role: 'control' });
  const stage = new Stage();
  const server = await stage.server({
    definitions: [...definitions, ping],
    secret,
    session: { timeout: 5_000, heartbeat: 1_000 },
  });
  server.handle(ping, () => undefined).handle(listSlaves, () => slaves);
  const register = { token: control, agent: 'x', version: 'x' };
  const raw = await stage.raw();
  await raw.ask({ seq: null, type: 'register_control', data: register });
  const { data } = raw.heard.at(-1) as { data: { session_token: string } };
  for (let seq = 1; seq <= 6; seq += 1) await raw.say({ seq, type: 'ping_request', data: {} });
  stage.frames.cut();
  const recorded = (sessions.sessions.lib_control_cut_and_resume ?? []).filter(({ conn }) => conn === '2');
  const again = await stage.raw();
  await again.say(
    ...said(recorded, 'c2s')
      .slice(0, 3)
      .map(text => text.replace('<JWT>', data.session_token).replace('"last_seq":8', '"last_seq":6')),
  );
  const wanted = said(recorded, 's2c').slice(0, 4).map(plain) as { seq: number; data: { list?: unknown } }[];
  const heard = again.inbox.map(plain) as { seq: number; type: string; data: unknown }[];
  t.same(heard.slice(0, 2), wanted.slice(0, 2), 'hello and continue');
  t.same(
    heard.slice(2).map(({ seq, type }) => [seq, type]),
    [
      [7, 'list_slaves_response'],
      [8, 'ping_response'],
    ],
  );
  await stage.end();
});
