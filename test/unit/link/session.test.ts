// Links in the session dialect: what survives a cut, and what is told.

import t from 'tap';
import type { LinkClient, LinkServer } from '../../../lib/protocol/link/index.ts';
import { add, note, Stage, settled } from './stage.ts';

function events(client: LinkClient): string[] {
  const seen: string[] = [];
  for (const name of ['connect', 'drop', 'resume', 'invalidate', 'close'] as const)
    client.on(name, () => seen.push(name));
  return seen;
}

function serverEvents(server: LinkServer): string[] {
  const seen: string[] = [];
  server.on('connect', peer => seen.push(`connect ${peer.name}`));
  server.on('drop', peer => seen.push(`drop ${peer.name}`));
  server.on('resume', peer => seen.push(`resume ${peer.name}`));
  server.on('invalidate', peer => seen.push(`invalidate ${peer.name}`));
  server.on('leave', peer => seen.push(`leave ${peer.name}`));
  return seen;
}

t.test('a request is answered, in both directions', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.handle(add, ({ a, b }) => ({ sum: a + b }));
  const node = stage.node(1).handle(add, async ({ a, b }) => ({ sum: a * b }));
  const seen = events(node);
  await settled();
  t.same(seen, ['connect']);
  t.same(await node.send(add, { a: 2, b: 3 }), { sum: 5 });
  t.same(await server.node(1).send(add, { a: 2, b: 3 }), { sum: 6 });
  await stage.end();
  t.same(seen, ['connect', 'close']);
});

t.test('after a cut the session goes on, and nothing is lost or handled twice', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const got: number[] = [];
  server.handle(note, ({ n }) => got.push(n));
  const node = stage.node(1);
  const [seen, known] = [events(node), serverEvents(server)];
  const back: number[] = [];
  node.handle(note, ({ n }) => back.push(n));
  await settled();
  for (let n = 1; n <= 3; n += 1) node.send(note, { n });
  stage.frames.cut();
  await settled();
  t.same(node.state, 'resuming');
  for (let n = 4; n <= 6; n += 1) node.send(note, { n });
  server.node(1).send(note, { n: 1 });
  await stage.clock.advance(1_000);
  t.same(seen, ['connect', 'drop', 'resume']);
  t.same(known, ['connect node 1', 'drop node 1', 'resume node 1']);
  t.same(got, [1, 2, 3, 4, 5, 6]);
  t.same(back, [1]);
  await stage.end();
});

t.test('an answer that was cut off arrives after the resume', async t => {
  const stage = new Stage();
  const server = await stage.server();
  let runs = 0;
  server.handle(add, ({ a, b }) => {
    runs += 1;
    stage.frames.cut();
    return { sum: a + b };
  });
  const node = stage.node(1);
  await settled();
  const answer = node.send(add, { a: 1, b: 1 });
  await stage.clock.advance(1_000);
  t.same(await answer, { sum: 2 });
  t.equal(runs, 1);
  await stage.end();
});

t.test('a session that is not resumed in time is invalidated: requests reject, and a new one begins', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { timeout: 3_000 } });
  server.handle(add, () => new Promise<never>(() => undefined));
  const node = stage.node(1);
  const [seen, known] = [events(node), serverEvents(server)];
  await settled();
  const lost = t.rejects(node.send(add, { a: 1, b: 1 }, { timeout: 60_000 }), { code: 'SESSION_LOST' });
  stage.frames.reachable = false;
  stage.frames.cut();
  await stage.clock.advance(4_000);
  await lost;
  t.same(seen, ['connect', 'drop', 'invalidate']);
  t.same(known, ['connect node 1', 'drop node 1', 'invalidate node 1', 'leave node 1']);
  await t.rejects(node.send(add, { a: 1, b: 1 }), { code: 'CLOSED' });
  t.throws(() => node.send(note, { n: 1 }), { code: 'CLOSED' });
  stage.frames.reachable = true;
  await stage.clock.advance(10_000);
  t.same(seen, ['connect', 'drop', 'invalidate', 'connect']);
  await stage.end();
});

t.test('a controller that has forgotten the session says so, and the client registers on the same link', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { timeout: 500 } });
  const node = stage.node(1, { pause: { list: [1_000], jitter: 0 } });
  const seen = events(node);
  await settled();
  // The client believes in a longer time than the server keeps.
  stage.frames.cut();
  await stage.clock.advance(400);
  server.node(1).destroy(new Error('forgotten'));
  await stage.clock.advance(3_000);
  t.same(seen.at(-1), 'connect');
  t.ok(seen.includes('invalidate'));
  await stage.end();
});

t.test('heartbeats go out each interval; who is silent for longer than two is dropped and dialled again', async t => {
  const stage = new Stage();
  const server = await stage.server({ session: { heartbeat: 1_000 } });
  const node = stage.node(1);
  const seen = events(node);
  const known = serverEvents(server);
  await stage.clock.advance(10_000);
  t.same(seen, ['connect']);
  const beats = stage.frames.said.filter(({ text = '' }) => text.includes('"heartbeat"'));
  t.ok(beats.length >= 18, `${beats.length} heartbeats`);
  for (const end of stage.frames.ends) end.stalled = true;
  await stage.clock.advance(4_500);
  t.same(seen, ['connect', 'drop', 'resume']);
  t.ok(known.includes('resume node 1'));
  await stage.end();
});

t.test('what is kept is bounded: OUTBOX_FULL, and room again after a heartbeat', async t => {
  const stage = new Stage();
  await stage.server({ session: { heartbeat: 1_000 } });
  const node = stage.node(1, { limits: { count: 3 } });
  await settled();
  for (let n = 1; n <= 3; n += 1) node.send(note, { n });
  t.throws(() => node.send(note, { n: 4 }), { name: 'LimitError', code: 'OUTBOX_FULL' });
  await stage.clock.advance(1_000);
  node.send(note, { n: 4 });
  await stage.end();
});

t.test('a burst is confirmed before the next heartbeat is due', async t => {
  const stage = new Stage();
  const server = await stage.server();
  let got = 0;
  server.handle(note, () => {
    got += 1;
  });
  const node = stage.node(1, { limits: { count: 100 } });
  await settled();
  for (let burst = 0; burst < 20; burst += 1) {
    for (let n = 0; n < 30; n += 1) node.send(note, { n });
    await settled();
  }
  t.equal(got, 600);
  await stage.end();
});

t.test('every request has a deadline, and an answer that comes after it disturbs nothing', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const server = await stage.server({ dialect });
    server.handle(add, ({ a, b }) => new Promise(resolve => stage.clock.after(7_000, () => resolve({ sum: a + b }))));
    const node = stage.node(1, { dialect });
    await settled();
    const late = t.rejects(node.send(add, { a: 1, b: 1 }), { name: 'TimeoutError', code: 'REQUEST_TIMEOUT' });
    await stage.clock.advance(5_000);
    await late;
    await stage.clock.advance(5_000);
    t.equal(node.state, 'connected', dialect);
    const aborted = new AbortController();
    const given = t.rejects(node.send(add, { a: 1, b: 1 }, { signal: aborted.signal }), { message: 'enough' });
    aborted.abort(new Error('enough'));
    await given;
    await stage.end();
  }
});

t.test('stop waits for what is under way: prepare_disconnect, then the close code', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const node = stage.node(1).handle(add, async ({ a, b }) => ({ sum: a + b }));
  await settled();
  node.stop();
  await settled();
  const types = stage.frames.said.slice(-4).map(({ dir, text, code }) => `${dir} ${text ?? code}`);
  t.same(types, [
    'c2s {"seq":1,"type":"prepare_disconnect_request","data":{}}',
    's2c {"seq":1,"type":"prepare_disconnect_response","data":{"seq":1}}',
    'c2s 1000',
    's2c 1000',
  ]);
  t.equal(node.state, 'closed');
  t.same(server.peers, []);
  const other = stage.node(2);
  await settled();
  server.stop();
  await settled();
  const last = stage.frames.said
    .filter(({ frame }) => frame === 'close')
    .map(({ dir, code, reason }) => [dir, code, reason]);
  t.same(last.at(-2), ['s2c', 1001, 'Server Quit']);
  t.equal(server.state, 'closed');
  t.equal(other.state, 'resuming');
  await stage.end();
});

t.test('a second node with the same id: the first is told and stops, and comes not back', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const server = await stage.server({ dialect });
    const first = stage.node(7, { dialect });
    let why: Error | undefined;
    first.on('close', reason => {
      why = reason;
    });
    await settled();
    const second = stage.node(7, { dialect, name: 'newer' });
    await stage.clock.advance(60_000);
    t.match(why, { code: 'REPLACED', message: 'Registered from another connection' });
    t.equal(first.state, 'closed', dialect);
    t.equal(second.state, 'connected');
    t.equal(server.node(7).name, 'newer');
    await stage.end();
  }
});

t.test('who was replaced while its link was down learns it when it comes back', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const first = stage.node(7, { pause: { list: [5_000], jitter: 0 } });
  let why: Error | undefined;
  first.on('close', reason => {
    why = reason;
  });
  await settled();
  stage.frames.cut();
  const second = stage.node(7, { name: 'newer' });
  await stage.clock.advance(30_000);
  t.match(why, { code: 'REPLACED' });
  t.equal(first.state, 'closed');
  t.equal(second.state, 'connected');
  t.equal(server.node(7).name, 'newer');
  await stage.end();
});

t.test('an attempt that fails is followed by another, for ever', async t => {
  const stage = new Stage();
  stage.frames.reachable = false;
  const node = stage.node(1, { pause: { most: 1_000 } });
  const pauses: number[] = [];
  node.on('retry', (_, pause) => pauses.push(pause));
  await stage.clock.advance(20_000);
  t.ok(pauses.length > 20, `${pauses.length} attempts`);
  t.ok(pauses.every(pause => pause <= 1_000));
  stage.frames.reachable = true;
  await stage.server();
  await stage.clock.advance(2_000);
  t.equal(node.state, 'connected');
  await stage.end();
});

t.test('a link whose handlers take long is not taken for dead, and who comes back to it waits', async t => {
  const stage = new Stage();
  const server = await stage.server({ limits: { handlers: 1 }, session: { heartbeat: 1_000 } });
  let runs = 0;
  server.handle(add, ({ a, b }) => {
    runs += 1;
    return new Promise(resolve => stage.clock.after(10_000, () => resolve({ sum: a + b })));
  });
  const node = stage.node(1);
  const seen = events(node);
  await settled();
  const first = node.send(add, { a: 1, b: 1 }, { timeout: 60_000 });
  await stage.clock.advance(5_000);
  stage.frames.cut();
  const second = node.send(add, { a: 2, b: 2 }, { timeout: 60_000 });
  await stage.clock.advance(2_000);
  t.same(seen, ['connect', 'drop', 'resume']);
  t.equal(runs, 1);
  await stage.clock.advance(20_000);
  t.same(await Promise.all([first, second]), [{ sum: 2 }, { sum: 4 }]);
  t.same(seen, ['connect', 'drop', 'resume']);
  await stage.end();
});
