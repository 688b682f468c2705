// What a communicator sees of links: each peer of a controller by itself, and that it can be told to wait.

import t from 'tap';
import { add, note, Stage, settled } from './stage.ts';

t.test('each peer of a controller stands in the snapshot of its communicator', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.handle(note, () => undefined);
  const clients = stage.another();
  const node = stage.node(4, {}, clients);
  stage.client({ dialect: 'session' }, clients);
  await settled();
  node.send(note, { n: 1 });
  await settled();
  const { connections } = stage.communicator.snapshot();
  t.match(connections, [
    { kind: 'link server', state: 'open', peers: 2, dropped: 0 },
    {
      ...{ kind: 'link peer', name: 'node 4', state: 'connected', priority: 100, enabled: true, role: 'node', id: 4 },
      ...{ dialect: 'session', received: 1, ignored: 0, heldBack: 0, waiting: 0, unconfirmed: 0, handlers: 0 },
    },
    { kind: 'link peer', name: 'ed-communicator', role: 'control', dialect: 'session' },
  ]);
  stage.frames.cut();
  await settled();
  t.match(stage.communicator.snapshot().connections[1], { name: 'node 4', state: 'dropped' });
  await stage.clock.advance(1_000);
  t.match(stage.communicator.snapshot().connections[1], { name: 'node 4', state: 'connected' });
  t.ok(stage.communicator.remove(server.node(4)), 'it can be ended by itself');
  await settled();
  t.match(
    stage.communicator.snapshot().connections.map(({ name }) => name),
    ['memory:controller', 'ed-communicator'],
  );
  void clients.stop();
  await stage.end();
  t.same(stage.communicator.connections, []);
});

t.test('a peer tells of itself what the controller tells of all', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { timeout: 1_000 } });
  const seen: string[] = [];
  server.on('connect', peer => {
    for (const name of ['drop', 'resume', 'invalidate', 'close'] as const) peer.on(name, () => seen.push(name));
  });
  stage.node(1);
  await settled();
  stage.frames.cut();
  await stage.clock.advance(800);
  t.same(seen, ['drop', 'resume']);
  stage.frames.reachable = false;
  stage.frames.cut();
  await stage.clock.advance(2_000);
  t.same(seen, ['drop', 'resume', 'drop', 'invalidate', 'close']);
  await stage.end();
});

t.test('what a stop leaves undone stands at the peer to which it belongs', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.handle(add, () => new Promise<never>(() => undefined));
  const clients = stage.another();
  const node = stage.node(1, {}, clients);
  stage.node(2, {}, clients);
  await settled();
  node.send(add, { a: 1, b: 1 }, { timeout: 60_000 }).catch(() => undefined);
  await settled();
  const stopped = stage.communicator.stop(1_000);
  await stage.clock.advance(2_000);
  const { finished, abandoned } = await stopped;
  t.match(abandoned, [{ kind: 'link peer', name: 'node 1', handlers: 1 }]);
  t.equal(finished, 2, 'the server, and the other peer');
  void clients.stop();
  await stage.end();
});

t.test('a controller that is disabled keeps sockets waiting, and greets them when enabled', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.disable();
  const node = stage.node(1);
  await settled();
  const crowd = await Promise.all(Array.from({ length: 60 }, () => stage.raw()));
  t.equal(node.state, 'connecting');
  t.ok(
    crowd.every(({ inbox }) => inbox.length === 0),
    'nobody is greeted',
  );
  t.equal(crowd.filter(({ closed_ }) => closed_?.code === 1013).length, 11, 'no more than 50 wait');
  t.match(server.snapshot(), { enabled: false, refused: 11, joining: 0 });
  server.enable();
  await settled();
  t.equal(node.state, 'connected');
  await stage.end();
});

t.test('a disabled end handles nothing, is not taken for dead, and handles all of it when enabled', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const server = await stage.server({ dialect, session: { heartbeat: 1_000 } });
    const seen: string[] = [];
    const node = stage.node(1, { dialect });
    for (const name of ['drop', 'resume'] as const) node.on(name, () => seen.push(name));
    await settled();
    server.handle(note, ({ n }) => seen.push(`server ${n}`));
    node.handle(note, ({ n }) => seen.push(`node ${n}`));
    const peer = server.node(1);
    peer.disable();
    node.disable();
    node.send(note, { n: 1 });
    peer.send(note, { n: 2 });
    await stage.clock.advance(20_000);
    t.same(seen, [], dialect);
    peer.enable();
    await settled();
    t.same(seen, ['server 1']);
    node.enable();
    await settled();
    t.same(seen, ['server 1', 'node 2']);
    await stage.end();
  }
});

t.test('a client that is disabled registers all the same', async t => {
  const stage = new Stage();
  await stage.server();
  const node = stage.node(1);
  node.disable();
  await settled();
  t.equal(node.state, 'connected');
  await stage.end();
});
