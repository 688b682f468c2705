// Recorded conversations, replayed with our client in the place of the real one: it hears what the recorded servers said,
// and says, frame by frame, what the recorded clients said.

import type { Test } from 'tap';
import t from 'tap';
import type { LinkClient, LinkClientOptions, RequestDefinition } from '../../lib/protocol/link/index.ts';
import { Raw, Stage, settled } from '../unit/link/stage.ts';
import type { Frame } from './link-replay-kit.ts';
import { assign, definitions, plain, probed, seed, sessionDefinitions, sessions } from './link-replay-kit.ts';

/** A server that a test speaks for, and our client at it. */
class Scene {
  readonly stage = new Stage();
  readonly raws: Raw[] = [];
  readonly client: LinkClient;
  readonly told: string[] = [];
  readonly failures: unknown[] = [];

  private constructor(options: Partial<LinkClientOptions>) {
    const pause = { first: 0, most: 0, jitter: 0 };
    this.client = this.stage.client({ definitions, name: 'Foo', token: 'TOKEN', pause, ...options });
    this.client.handle(assign, () => undefined);
    for (const what of ['connect', 'drop', 'resume', 'invalidate', 'close'] as const) {
      this.client.on(what, () => this.told.push(what));
    }
  }

  static async open(options: Partial<LinkClientOptions>): Promise<Scene> {
    const scene = new Scene(options);
    const address = { scheme: 'memory', host: '', port: 0, path: 'controller' };
    await scene.stage.frames.listen(address, {
      accept: channel => scene.raws.push(new Raw(channel)),
      trouble: () => undefined,
    });
    await settled(60);
    await scene.dialled();
    return scene;
  }

  /** The connection that came last. */
  get raw(): Raw {
    return this.raws.at(-1) as Raw;
  }

  /** Where it did not come at once, it comes behind a pause. */
  async dialled(count = 1): Promise<void> {
    for (let wait = 0; wait < 50 && this.raws.length < count; wait += 1) {
      await this.stage.clock.advance(10);
      await settled(60);
    }
  }

  /** Makes the client say what a recorded one said, where that is not an answer. */
  async prompt(text: string): Promise<void> {
    const { type, data } = JSON.parse(text) as { type: string; data: Record<string, unknown> };
    if (type === 'heartbeat') await this.stage.clock.advance(1_000);
    if (type === 'close' || type === 'prepare_disconnect_request') this.client.stop();
    const definition = [...definitions, ...sessionDefinitions].find(one => type === `${one.name}_${one.kind}`);
    if (definition?.kind === 'request') {
      this.client.send(definition as RequestDefinition, data).catch((error: unknown) => this.failures.push(error));
    } else if (definition !== undefined) this.client.send(definition, data);
    await settled();
  }

  /** Leads it through one recorded connection. */
  async play(t: Test, frames: readonly Frame[], where: string): Promise<void> {
    for (const { dir, frame, text = '' } of frames) {
      if (frame !== 'text') continue;
      if (dir === 's2c') await this.raw.say(text);
      else {
        if (this.raw.inbox.length === 0) await this.prompt(text);
        t.same(plain(this.raw.inbox.shift() ?? '{"data":{}}'), withoutAddress(text), `${where}: ${text.slice(0, 70)}`);
      }
    }
    t.same(this.raw.inbox, [], `${where}: nothing more`);
  }
}

/** Ours tells no address for players. */
const withoutAddress = (text: string): unknown => plain(text.replace('"public_address":"localhost",', ''));

const connection = (frames: readonly Frame[] | undefined, conn: string): Frame[] =>
  (frames ?? []).filter(one => one.conn === conn);

const { sessions: seedSessions } = seed;

t.test('a slave of the seed: start, an assignment, an instance that does not run, and the end', async t => {
  const scene = await Scene.open({ dialect: 'seed', role: 'node', id: 4 });
  const names = ['real_slave_start', 'real_clusterctl_assign_instance', 'real_clusterctl_error_not_running'];
  for (const name of [...names, 'lib_control_and_events', 'real_slave_sigint']) {
    await scene.play(t, connection(seedSessions[name], 'slave1'), name);
  }
  t.same(scene.raw.closed_, { code: 1005, reason: '' }, 'the close frame is empty');
  await scene.stage.end();
});

t.test('controls of the seed, each from its hello to its end', async t => {
  const names = [
    ['real_clusterctl_list_slaves', '1', 0],
    ['real_clusterctl_create_instance', '2', 0],
    ['real_clusterctl_assign_instance', '3', 0],
    ['real_clusterctl_error_not_running', '4', 1],
    ['lib_control_and_events', '5', 1],
  ] as const;
  for (const [name, conn, failures] of names) {
    const scene = await Scene.open({ dialect: 'seed', role: 'control' });
    await scene.play(t, connection(seedSessions[name], conn), name);
    t.equal(scene.failures.length, failures, `${name}: requests that were refused`);
    await scene.stage.end();
  }
});

t.test('a client of the seed: the numbers of the server are never looked at; a lost one registers again', async t => {
  const scene = await Scene.open({ dialect: 'seed', role: 'control' });
  const output = { instance_id: 1, output: {} };
  await scene.raw.say({ seq: 1, type: 'hello', data: { version: 'x' } }, { seq: 2, type: 'ready', data: {} });
  const register = scene.raw.inbox.splice(0);
  t.same(register.map(plain), probed('normal'));
  for (const seq of [-5, 900, 3]) await scene.raw.say({ seq, type: 'instance_output_event', data: output });
  t.same([scene.raw.inbox, scene.raw.closed_], [[], undefined], 'server_event_ok_with_wild_seq');
  scene.stage.frames.cut();
  await scene.dialled(2);
  await scene.raw.say({ seq: 1, type: 'hello', data: { version: 'x' } });
  t.same(scene.raw.inbox, register, 'abrupt_loss: the recorded one does not come back');
  t.same(scene.told, ['connect', 'drop', 'invalidate']);
  await scene.stage.end();
});

t.test('a slave with a session: start, heartbeats, a cut and the way back, and the end', async t => {
  const scene = await Scene.open({ definitions: sessionDefinitions, role: 'node', id: 4 });
  const all = sessions.sessions;
  await scene.play(t, connection(all.real_slave_start_with_heartbeats, 'slave1'), 'start');
  scene.stage.frames.cut();
  await scene.dialled(2);
  await scene.play(t, connection(all.real_slave_cut_and_resume, 'slave2'), 'cut and resume');
  await scene.play(t, connection(all.lib_control, 'slave2').slice(0, 2), 'heartbeats');
  await scene.play(t, connection(all.real_slave_sigint, 'slave2'), 'SIGINT');
  t.same(scene.raw.closed_, { code: 1000, reason: 'shutdown' }, 'the recorded one says: Slave Shutdown');
  t.same(scene.told.slice(0, 3), ['connect', 'drop', 'resume']);
  await scene.stage.end();
});

t.test('a control with a session: talk, a cut under way, a session that is forgotten, and the end', async t => {
  const scene = await Scene.open({ definitions: sessionDefinitions, role: 'control' });
  const all = sessions.sessions;
  await scene.play(t, connection(all.lib_control, '1'), 'talk');
  // Two are sent into the cut, as the recorded one did.
  const cut = connection(all.lib_control_cut_and_resume, '2');
  scene.stage.frames.cut();
  for (const { text = '' } of cut.filter(one => /"seq":[78],/.test(one.text ?? '') && one.dir === 'c2s')) {
    await scene.prompt(text);
  }
  await scene.dialled(2);
  await scene.play(t, cut, 'cut and resume');
  scene.stage.frames.cut();
  await scene.dialled(3);
  await scene.play(t, connection(all.lib_control_stale, '3'), 'stale');
  scene.stage.frames.cut();
  await scene.dialled(4);
  await scene.play(t, connection(all.lib_control_invalidate, '4'), 'invalidate');
  await scene.play(t, connection(all.lib_control_graceful_close, '4'), 'the end');
  t.same(scene.raw.closed_, { code: 1000, reason: 'quit' }, 'the recorded one says: Control Quit');
  const back = ['drop', 'resume'];
  t.same(scene.told.slice(0, 8), ['connect', ...back, ...back, 'drop', 'invalidate', 'connect']);
  await scene.stage.end();
});

t.test('a master that stops is answered, and its close code is given back', async t => {
  const scene = await Scene.open({ definitions: sessionDefinitions, role: 'control' });
  const all = connection(sessions.sessions.lib_control, '1');
  const hello = all.filter(({ frame }) => frame === 'text').slice(0, 3);
  await scene.play(t, hello, 'handshake');
  await scene.play(t, connection(sessions.sessions.master_sigint, '33'), 'prepare');
  scene.raw.end.closeWith(1001, 'Server Quit');
  await settled();
  t.same(scene.raw.closed_, { code: 1001, reason: 'Server Quit' });
  await scene.stage.end();
});
