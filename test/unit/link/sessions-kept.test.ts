// What a session is kept by, and who may go on with it.

import t from 'tap';
import type { Channel } from '../../../lib/index.ts';
import { add, note, Raw, Stage, settled } from './stage.ts';

const register = { seq: null, type: 'register_control', data: { agent: 'x', version: 'x' } };

t.test('a session that was resumed is not forgotten when the time of its old cut is over', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { timeout: 2_000, heartbeat: 500 } });
  const node = stage.node(1);
  const seen: string[] = [];
  for (const name of ['resume', 'invalidate'] as const) node.on(name, () => seen.push(name));
  await settled();
  const peer = server.node(1);
  stage.frames.cut();
  await stage.clock.advance(1_900);
  t.same([seen, peer.state], [['resume'], 'connected']);
  stage.frames.reachable = false;
  stage.frames.cut();
  await stage.clock.advance(1_900);
  t.equal(peer.state, 'dropped', 'a second cut has a time of its own');
  await stage.clock.advance(200);
  t.equal(peer.state, 'closed');
  t.same(server.peers, []);
  await stage.end();
});

t.test('who knows the name of a session and not its secret cannot go on with it', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const raw = await stage.raw();
  await raw.say(register);
  const ready = raw.heard.at(-1) as { data: { session_token: string } };
  const { session_token: token } = ready.data;
  const wrong = [token.replace(/.$/, last => (last === 'A' ? 'B' : 'A')), token.slice(0, -1), `${token}A`];
  for (const session_token of [...wrong, token.split('.')[0], '', '.']) {
    const other = await stage.raw();
    await other.say({ seq: null, type: 'resume', data: { session_token, last_seq: null } });
    t.match(other.heard.at(-1), { type: 'invalidate' }, session_token ?? '');
    other.end.destroy();
  }
  t.same(
    server.peers.map(({ state }) => state),
    ['connected'],
    'its owner goes on',
  );
  await stage.end();
});

t.test('who is invalidated has the time of a handshake anew, and no more', async t => {
  const stage = new Stage();
  await stage.server();
  const raw = await stage.raw();
  await stage.clock.advance(20_000);
  await raw.say({ seq: null, type: 'resume', data: { session_token: 'x.y', last_seq: null } });
  await stage.clock.advance(20_000);
  t.equal(raw.closed_, undefined, 'after 40 s');
  await stage.clock.advance(10_100);
  t.same(raw.closed_, { code: 1013, reason: 'Handshake timeout' });
  await stage.end();
});

t.test('an answer confirms its request, without a heartbeat', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { heartbeat: 1e6 } });
  server.handle(add, ({ a, b }) => ({ sum: a + b }));
  const node = stage.node(1);
  await settled();
  for (const n of [1, 2]) node.send(note, { n });
  t.match(node.snapshot(), { unconfirmed: 2 });
  await node.send(add, { a: 1, b: 1 });
  t.match(node.snapshot(), { unconfirmed: 0 }, 'and all before it');
  await stage.end();
});

t.test('a controller that refuses the handshake of a client ends its attempts', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    let links = 0;
    const accept = (channel: Channel): void => {
      links += 1;
      const raw = new Raw(channel);
      if (dialect === 'session') raw.end.closeWith(1002, 'Bad handshake');
      else void raw.say({ seq: 1, type: 'close', data: { reason: 'Invalid handshake' } });
    };
    await stage.frames.listen({ scheme: 'memory', host: '', port: 0, path: 'controller' }, { accept, trouble: t.fail });
    const client = stage.client({ dialect });
    let why: Error | undefined;
    client.on('close', reason => {
      why = reason;
    });
    await stage.clock.advance(20_000);
    t.match(why, { code: 'PROTOCOL_ERROR' }, dialect);
    t.same([client.state, links], ['closed', 1]);
    await stage.end();
  }
});
