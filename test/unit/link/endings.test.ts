// Ends at moments that are not chosen well.

import t from 'tap';
import { Communicator, UsageError } from '../../../lib/index.ts';
import { Catalogue, Checks } from '../../../lib/protocol/link/definitions/catalogue.ts';
import { linkClient, request } from '../../../lib/protocol/link/index.ts';
import { add, definitions, note, place, Stage, settled } from './stage.ts';

t.test('a client that is stopped when the controller has just broken the rules ends all the same', async t => {
  const stage = new Stage();
  await stage.server();
  const node = stage.node(1);
  await settled();
  const far = stage.frames.ends.at(-1)?.peer;
  far?.pause();
  far?.send(Buffer.from(JSON.stringify({ seq: 9, type: 'note_event', data: { n: 1 } })));
  await settled();
  t.equal(node.state, 'connected', 'its close frame is not answered');
  node.stop();
  t.equal(node.state, 'closing');
  await stage.clock.advance(10_000);
  t.equal(node.state, 'closed');
  await stage.end();
});

for (const event of ['connect', 'drop', 'resume', 'invalidate', 'leave'] as const) {
  t.test(`a controller that is stopped by who hears of ${event} ends, and nothing fails`, async t => {
    const stage = new Stage();
    const clients = stage.another();
    const server = await stage.server({ session: { timeout: 100 } });
    server.on(event, () => stage.communicator.stop());
    stage.node(1, {}, clients);
    await settled();
    stage.frames.reachable = event === 'resume';
    stage.frames.cut();
    await stage.clock.advance(30_000);
    t.equal(server.state, 'closed');
    t.same(stage.log.texts('error'), []);
    void clients.stop();
    await stage.clock.advance(30_000);
  });
}

t.test('what a lost session had not delivered is logged, on both sides', async t => {
  const stage = new Stage();
  const clients = stage.another();
  const server = await stage.server({ session: { timeout: 100 } });
  const node = stage.node(1, {}, clients);
  await settled();
  const peer = server.node(1);
  stage.frames.reachable = false;
  stage.frames.cut();
  await settled();
  for (const n of [1, 2]) peer.send(note, { n });
  for (const n of [1, 2, 3]) node.send(note, { n });
  await stage.clock.advance(1_000);
  t.equal(peer.state, 'closed');
  t.equal(node.state, 'connecting');
  const lost = stage.log.texts('warn').filter(text => /not known to have arrived/.test(text));
  t.same(new Set(lost), new Set(['messages not known to have arrived: 2', 'messages not known to have arrived: 3']));
  await stage.end();
  void clients.stop();
  await stage.clock.advance(30_000);
});

t.test('who is stopped without a link reports what is lost by that', async t => {
  const stage = new Stage();
  const clients = stage.another();
  await stage.server();
  const node = stage.node(1, {}, clients);
  await settled();
  stage.frames.reachable = false;
  stage.frames.cut();
  await settled();
  for (const n of [1, 2, 3]) node.send(note, { n });
  const { abandoned } = await clients.stop();
  t.match(abandoned, [{ kind: 'link client', messages: 3 }]);
  await stage.end();
});

t.test('after an orderly end nothing counts as lost, whoever begins it, and also where both do', async t => {
  for (const who of ['node', 'controller', 'both'] as const) {
    const stage = new Stage();
    const clients = stage.another();
    const server = await stage.server();
    const node = stage.node(1, {}, clients);
    await settled();
    for (const n of [1, 2]) server.node(1).send(note, { n });
    for (const n of [1, 2]) node.send(note, { n });
    await settled();
    if (who === 'node') node.stop();
    if (who === 'controller') server.stop();
    const stops = who === 'both' ? [clients.stop(), stage.communicator.stop()] : [];
    await settled();
    await stage.clock.advance(100);
    for (const { abandoned } of await Promise.all(stops)) t.same(abandoned, [], who);
    t.same(
      stage.log.texts('warn').filter(text => /not known/.test(text)),
      [],
      who,
    );
    void clients.stop();
    void stage.communicator.stop();
    await stage.clock.advance(30_000);
  }
});

t.test('a broadcast to all nodes reaches them; one that is wrong is the error of who sends it', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const got: string[] = [];
  for (const id of [1, 2]) stage.node(id).handle(note, ({ n }) => got.push(`${n} at ${id}`));
  stage.client().handle(note, ({ n }) => got.push(`${n} at a control`));
  await settled();
  server.broadcast(note, { n: 5 });
  await settled();
  t.same(got, ['5 at 1', '5 at 2']);
  t.throws(() => server.broadcast(note, { n: 'five' as unknown as number }), { code: 'INVALID_VALUE' });
  await stage.end();
});

t.test('a broadcast that one node has no room for reaches the others, and is logged', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { count: 1 } });
  const got: number[] = [];
  stage.node(1);
  stage.node(2).handle(note, ({ n }) => got.push(n));
  await settled();
  server.node(1).send(note, { n: 0 });
  server.broadcast(note, { n: 1 });
  await settled();
  t.same(got, [1]);
  t.match(stage.log.texts('error'), [/^note_event is lost: outbox full/]);
  await stage.end();
});

t.test('schemas that a strict reader wonders at are taken in silence', async t => {
  const odd = request('odd', {
    links: ['control-controller'],
    request: { least: { minimum: 1 }, pair: { type: 'array', items: [{ type: 'string' }] } },
  });
  const stage = new Stage();
  const said: unknown[] = [];
  const { log, warn, error } = console;
  const note = (...words: unknown[]): void => void said.push(words);
  Object.assign(console, { log: note, warn: note, error: note });
  t.teardown(() => Object.assign(console, { log, warn, error }));
  await stage.server({ definitions: [...definitions, odd] });
  t.same(said, []);
  await stage.end();
});

t.test('definitions are compiled once, however many ends they are given to', t => {
  let compiled = 0;
  const compile = () => {
    compiled += 1;
    return () => undefined;
  };
  for (let end = 0; end < 3; end += 1) {
    const checks = Checks.of(compile);
    new Catalogue('node', 'controller', 'session', [add, note], checks);
    new Catalogue('controller', 'node', 'seed', [add, note], checks);
  }
  t.equal(compiled, 5, 'a request and its answer, an event, and the goodbye of sessions with its answer');
  t.end();
});

t.test('an error is told in a thousand characters at most, and the link goes on', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.handle(add, () => {
    throw new Error('x'.repeat(2_000_000));
  });
  const control = linkClient(place, { role: 'control', definitions });
  stage.communicator.add(control);
  await settled();
  const error: unknown = await control.send(add, { a: 1, b: 2 }).catch((thrown: unknown) => thrown);
  t.match(error, { code: 'REQUEST_FAILED' });
  t.ok((error as Error).message.length < 2_000, 'it is cut');
  t.equal(control.state, 'connected');
  await stage.end();
});

t.test('a node that has ended begins no instance', async t => {
  const stage = new Stage();
  await stage.server();
  const node = stage.node(1);
  await settled();
  node.stop();
  await stage.clock.advance(10_000);
  t.equal(node.state, 'closed');
  t.throws(() => node.instance(7), { code: 'ILLEGAL_STEP' });
  await stage.end();
});

t.test('a client whose package is missing ends at once, and run() rejects with the command for it', async t => {
  const missing = new UsageError('MISSING_PACKAGE', 'WebSockets need the package ws: npm install ws@8');
  const dials = { dial: () => Promise.reject(missing), listen: () => Promise.reject(missing) };
  const communicator = new Communicator({ transports: { memory: dials } });
  const client = linkClient(place, { role: 'control', definitions });
  communicator.add(client);
  await t.rejects(communicator.run(), missing);
  t.equal(client.state, 'closed');
  t.same(communicator.connections, []);
});
