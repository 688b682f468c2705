// Links over real WebSockets: handshakes, messages in all directions, and what becomes of them on a bad way.

import type { Test } from 'tap';
import t from 'tap';
import { Communicator, systemClock, websocket } from '../../../lib/index.ts';
import type { LinkClient, LinkServerOptions } from '../../../lib/protocol/link/index.ts';
import { event, linkClient, linkServer, linkToken } from '../../../lib/protocol/link/index.ts';
import { FaultProxy } from '../../../lib/testkit/index.ts';
import { cert, key } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { add, definitions, note, say, start } from '../../unit/link/stage.ts';
import { LinkStage } from './link-stage.ts';

const dialects = ['seed', 'session'] as const;
const text = { type: 'string' } as const;
const tell = event('tell', { links: ['node-controller', 'controller-node'], event: { text } });
const own = [...definitions, tell];
const quick = { first: 20, most: 100 };
const connected = (...clients: readonly LinkClient[]): Promise<void> =>
  until('all are connected', () => clients.every(({ state }) => state === 'connected'));

const stageOf = (t: Test) => new LinkStage(t, systemClock);

function storyOf(client: LinkClient): string[] {
  const story: string[] = [];
  for (const name of ['connect', 'drop', 'resume', 'invalidate', 'close'] as const)
    client.on(name, () => story.push(name));
  return story;
}

/** A controller with a bad way to it. */
async function badWay(t: Test, options: Partial<LinkServerOptions> = {}) {
  const stage = stageOf(t);
  const server = await stage.server({ definitions: own, ...options });
  const proxy = await FaultProxy.open({ to: stage.url.replace(/^ws/, 'tcp').replace(/\/api.*/, '') });
  t.teardown(() => proxy.close());
  return { stage, server, proxy, url: proxy.address.replace('tcp', 'ws') };
}

t.test('nodes and controls register, and ask in both directions, in both dialects', async t => {
  const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
  for (const dialect of dialects) {
    const stage = stageOf(t);
    const server = await stage.server({ dialect, secret });
    server.handle(add, async ({ a, b }) => ({ sum: a + b }));
    const node = stage.node(-3, { dialect, token: await linkToken(secret, { dialect, role: 'node', id: -3 }) });
    const control = stage.client({ dialect, token: await linkToken(secret, { dialect, role: 'control' }) });
    node.handle(add, ({ a, b }) => ({ sum: a * b }));
    await connected(node, control);
    t.same(await control.send(add, { a: 2, b: 5 }), { sum: 7 }, dialect);
    t.same(await server.node(-3).send(add, { a: 2, b: 5 }), { sum: 10 });
    const many = Array.from({ length: 500 }, (_, a) => node.send(add, { a, b: 1 }));
    t.same(
      (await Promise.all(many)).map(({ sum }) => sum),
      many.map((_, a) => a + 1),
    );
    t.match(
      server.peers.map(({ registration }) => registration),
      [
        { role: 'node', id: -3, name: 'node -3', dialect },
        { role: 'control', dialect },
      ],
    );
    await stage.communicator.stop();
  }
});

t.test('a request goes from a control over the controller and a node to an instance, and errors come back', async t => {
  for (const dialect of dialects) {
    const stage = stageOf(t);
    const locate = (id: number): number | null | undefined => ({ 5: 1, 6: 2, 7: 1, 8: null })[id];
    await stage.server({ dialect, locate });
    const [node, control] = [stage.node(1, { dialect }), stage.client({ dialect })];
    await connected(node, control);
    node.instance(5).handle(start, ({ save }) => ({ pid: save === null ? 1 : 2 }));
    node.instance(9).handle(start, () => ({ pid: 9 }));
    t.same(await control.send(start, { instance_id: 5, save: null }), { pid: 1 }, dialect);
    const wrong = (id: number, message: string) =>
      t.rejects(control.send(start, { instance_id: id, save: null }), { code: 'REQUEST_FAILED', message });
    await wrong(4, 'Instance with ID 4 does not exist');
    await wrong(6, 'Node 2 is not connected');
    await wrong(7, 'Instance ID 7 is not running');
    await wrong(8, 'Instance with ID 8 is not assigned to a node');
    await stage.communicator.stop();
  }
});

t.test('an event of one instance reaches all others, and does not come back', async t => {
  for (const dialect of dialects) {
    const stage = stageOf(t);
    const server = await stage.server({ dialect });
    const heard: string[] = [];
    server.handle(say, ({ content }) => heard.push(`controller ${content}`));
    const nodes = [stage.node(1, { dialect }), stage.node(2, { dialect })];
    await connected(...nodes);
    const instances = nodes.flatMap((node, at) => [node.instance(at * 2), node.instance(at * 2 + 1)]);
    for (const instance of instances) instance.handle(say, ({ content }) => heard.push(`${instance.id} ${content}`));
    instances[0]?.send(say, { content: 'hello' });
    await until('all have heard it', () => heard.length >= 4);
    instances[3]?.send(say, { content: 'back' });
    await until('all have heard the other', () => heard.length >= 8);
    t.same(
      heard.toSorted((a, b) => a.localeCompare(b)),
      [...['0 back', '1 back', '1 hello', '2 back', '2 hello', '3 hello'], ...['controller back', 'controller hello']],
    );
    await stage.communicator.stop();
  }
});

t.test('a cut in the middle of a frame: the session goes on, nothing is lost or handled twice', async t => {
  const { server, stage, proxy, url } = await badWay(t);
  const [there, back]: [string[], string[]] = [[], []];
  server.handle(tell, ({ text }) => there.push(text));
  const node = stage.node(1, { definitions: own, pause: quick }, url);
  node.handle(tell, ({ text }) => back.push(text));
  const story = storyOf(node);
  await connected(node);
  const long = 'x'.repeat(400_000);
  for (let round = 1; round <= 3; round += 1) {
    const { toServer } = proxy.bytes;
    proxy.rate(1_000_000);
    for (const part of ['a', 'b']) {
      node.send(tell, { text: `${round}${part}${long}` });
      server.node(1).send(tell, { text: `${round}${part}${long}` });
    }
    await until('the first is half there', () => proxy.bytes.toServer > toServer + 100_000);
    await proxy.cut();
    await until('it is noticed', () => node.state === 'resuming');
    await proxy.heal();
    await until('it is back', () => there.length === 2 * round && back.length === 2 * round);
  }
  const wanted = ['1a', '1b', '2a', '2b', '3a', '3b'];
  t.same(
    there.map(text => text.slice(0, 2)),
    wanted,
  );
  t.same(
    back.map(text => text.slice(0, 2)),
    wanted,
  );
  t.same(story, ['connect', 'drop', 'resume', 'drop', 'resume', 'drop', 'resume']);
});

t.test('a session that is not resumed in time is over: requests reject, and a new one begins', async t => {
  const { server, stage, proxy, url } = await badWay(t, { session: { timeout: 300 } });
  server.handle(add, () => new Promise<never>(() => undefined));
  const node = stage.node(1, { pause: quick }, url);
  const story = storyOf(node);
  await connected(node);
  const lost = t.rejects(node.send(add, { a: 1, b: 1 }, { timeout: 60_000 }), { code: 'SESSION_LOST' });
  await proxy.cut();
  await lost;
  await until('the controller has forgotten it too', () => server.peers.length === 0);
  await proxy.heal();
  await until('it is back', () => node.state === 'connected');
  t.same(story, ['connect', 'drop', 'invalidate', 'connect']);
});

t.test('a second node with the same id: the first is told and stops, and they do not throw each other out', async t => {
  for (const dialect of dialects) {
    const stage = stageOf(t);
    const server = await stage.server({ dialect });
    server.handle(add, ({ a, b }) => ({ sum: a + b }));
    let registered = 0;
    server.on('connect', () => {
      registered += 1;
    });
    const first = stage.node(7, { dialect, pause: quick });
    await connected(first);
    const why = new Promise<Error | undefined>(resolve => first.on('close', resolve));
    const second = stage.node(7, { dialect, name: 'newer', pause: quick });
    t.match(await why, { code: 'REPLACED' }, dialect);
    await connected(second);
    // As long as several of their pauses: the first would be back by now.
    for (let n = 0; n < 200; n += 1) t.same(await second.send(add, { a: n, b: 1 }), { sum: n + 1 });
    t.same([first.state, second.state, registered], ['closed', 'connected', 2]);
    t.equal(server.node(7).name, 'newer');
    await stage.communicator.stop();
  }
});

t.test('a stop waits for the answers under way, on either side', async t => {
  const stage = stageOf(t);
  const server = await stage.server();
  const open: (() => void)[] = [];
  const slow = ({ a, b }: { a: number; b: number }): Promise<{ sum: number }> =>
    new Promise(resolve => open.push(() => resolve({ sum: a + b })));
  server.handle(add, slow);
  const [one, two] = [stage.node(1), stage.node(2)];
  one.handle(add, slow);
  await connected(one, two);
  const answer = server.node(1).send(add, { a: 1, b: 2 });
  await until('it is asked', () => open.length === 1);
  one.stop();
  t.equal(one.state, 'closing');
  open[0]?.();
  t.same(await answer, { sum: 3 }, 'the node stops');
  await until('it is closed', () => one.state === 'closed' && server.peers.length === 1);
  const last = two.send(add, { a: 2, b: 2 });
  await until('it is asked too', () => open.length === 2);
  server.stop();
  open[1]?.();
  t.same(await last, { sum: 4 }, 'the controller stops');
  await until('all is closed', () => server.state === 'closed');
});

t.test('a slow reader: what is kept for it is bounded, and goes on when it reads', async t => {
  const { server, stage, proxy, url } = await badWay(t, { session: { heartbeat: 100, count: 200 } });
  const node = stage.node(1, { pause: quick }, url);
  const got: number[] = [];
  node.handle(note, ({ n }) => got.push(n));
  await connected(node);
  proxy.freeze('to client');
  let n = 0;
  t.throws(
    () => {
      for (; n < 1_000; n += 1) server.node(1).send(note, { n });
    },
    { name: 'LimitError', code: 'OUTBOX_FULL' },
  );
  t.equal(n, 200);
  await proxy.heal();
  await until('all of it is there', () => got.length === 200);
  await until('there is room again', () => server.node(1).snapshot().unconfirmed === 0);
  server.node(1).send(note, { n });
  await until('it goes on', () => got.length === 201);
  t.same(
    got,
    Array.from({ length: 201 }, (_, at) => at),
  );
});

t.test('what comes in the same read as register is not lost, also while a token is verified', async t => {
  const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
  for (const dialect of dialects) {
    const stage = stageOf(t);
    const server = await stage.server({ dialect, secret });
    server.handle(add, ({ a, b }) => ({ sum: a + b }));
    const raw = await stage.raw(t);
    const token = await linkToken(secret, { dialect, role: 'control' });
    const [first, seq] = dialect === 'seed' ? [1, 2] : [null, 1];
    // In one packet.
    const { _socket: socket } = raw.ws as unknown as { _socket: { cork(): void; uncork(): void } };
    socket.cork();
    raw.say(
      { seq: first, type: 'register_control', data: { agent: 'x', version: 'x', token } },
      { seq, type: 'add_request', data: { a: 1, b: 2 } },
    );
    socket.uncork();
    await raw.heard(3);
    t.match(raw.inbox.at(-1), { type: 'add_response', data: { seq, sum: 3 } }, dialect);
  }
});

t.test(
  'over TLS: a certificate that is trusted is good; one that is not, or of another name, stops the client',
  async t => {
    const listening = new Communicator({ transports: { wss: websocket({ tls: { key, cert } }) } });
    const server = linkServer('wss://127.0.0.1:0', { definitions });
    listening.add(server);
    const { port } = new URL(await server.ready);
    const rows = [
      ['127.0.0.1', { ca: cert }, 'connected'],
      ['127.0.0.1', {}, 'closed'],
      ['127.0.0.1', { ca: cert, name: 'other.example' }, 'closed'],
    ] as const;
    for (const [host, tls, state] of rows) {
      const communicator = new Communicator({ transports: { wss: websocket({ tls }) } });
      const client = linkClient(`wss://${host}:${port}`, { role: 'control', definitions, pause: quick });
      let why: Error | undefined;
      client.on('close', reason => {
        why = reason;
      });
      communicator.add(client);
      await until(`it is ${state}`, () => client.state === state);
      t.match(why, state === 'closed' ? { code: 'NOT_AUTHENTICATED', message: /certificate/ } : undefined);
      await communicator.stop();
    }
    await listening.stop();
  },
);
