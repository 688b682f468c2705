// Definitions: types, checks at both ends, and the ways of messages past the next end.

import t from 'tap';
import type { ValuesOf } from '../../../lib/protocol/link/index.ts';
import { event, request } from '../../../lib/protocol/link/index.ts';
import { add, definitions, list, note, Stage, say, settled, start } from './stage.ts';

t.test('types come from the schemas', async t => {
  const shape = {
    id: { type: 'integer' },
    save: { type: ['string', 'null'] },
    kind: { enum: ['a', 'b'] },
    tags: { type: 'array', items: { type: 'string' } },
  } as const;
  const value: ValuesOf<typeof shape> = { id: 1, save: null, kind: 'a', tags: ['x'] };
  // @ts-expect-error: a string is no integer
  const wrong: ValuesOf<typeof shape> = { ...value, id: 'x' };
  t.ok(wrong);
});

t.test('an answer that lacks what was declared does not compile', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const wrong = [
    // @ts-expect-error: the sum is missing
    () => server.handle(add, () => ({})),
    // @ts-expect-error: and here
    () => server.handle(add, async () => ({})),
    // @ts-expect-error: nothing is no answer either
    () => server.handle(add, () => undefined),
    // @ts-expect-error: nor is a node's
    () => stage.node(1).handle(add, () => ({})),
    () =>
      server.handle(
        add,
        // @ts-expect-error: what is told is the handler's fault, on its line, and not that `add` is no event
        () => ({}),
      ),
  ];
  t.equal(wrong.length, 5, 'which the compiler has checked');
  await stage.end();
});

t.test('a request that carries nothing back has a handler that returns nothing, at once or later', async t => {
  const links = ['control-controller'] as const;
  const [one, two] = [request('one', { links }), request('two', { links })];
  const stage = new Stage();
  const server = await stage.server({ definitions: [one, two] });
  const seen: string[] = [];
  server.handle(one, () => {
    seen.push('one');
  });
  server.handle(two, async () => {
    seen.push('two');
  });
  const control = stage.client({ definitions: [one, two] });
  await settled();
  t.same([await control.send(one, {}), await control.send(two, {}), seen], [{}, {}, ['one', 'two']]);
  await stage.end();
});

t.test('definitions that cannot be are refused', async t => {
  const links = ['control-controller'] as const;
  t.throws(() => request('a b', { links }), { code: 'INVALID_NAME' });
  t.throws(() => request('a', { links: ['control-nobody' as 'control-node'] }), { code: 'INVALID_VALUE' });
  t.throws(() => request('a', { links, response: { seq: { type: 'integer' } } }), { code: 'INVALID_NAME' });
  t.throws(() => request('a', { links, forwardTo: 'moon' as 'node' }), { code: 'INVALID_VALUE' });
  t.throws(() => event('a', { links, broadcastTo: 'moon' as 'node' }), { code: 'INVALID_VALUE' });
  const stage = new Stage();
  const bad = request('bad', { links, request: { a: { type: 'nothing' } } });
  await t.rejects(stage.server({ definitions: [bad] }), { code: 'INVALID_VALUE' });
  const other = new Stage();
  await t.rejects(other.server({ definitions: [add, add] }), { code: 'DUPLICATE_RULE' });
  const server = await new Stage().server();
  server.handle(add, () => ({ sum: 1 }));
  t.throws(() => server.handle(add, () => ({ sum: 1 })), { code: 'DUPLICATE_RULE' });
});

t.test('what is sent is checked before it goes, and what is answered before it is said', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const stage = new Stage();
    const server = await stage.server({ dialect });
    server
      .handle(add, () => ({ sum: 'x' }) as unknown as { sum: number })
      .handle(list, () => {
        throw new Error('');
      });
    const control = stage.client({ dialect });
    await settled();
    const before = stage.frames.said.length;
    await t.rejects(control.send(add, { a: 1 } as never), { name: 'UsageError', code: 'INVALID_VALUE' });
    await t.rejects(control.send(start as never, { instance_id: 1, save: null, more: 1 } as never), {
      code: 'INVALID_VALUE',
    });
    t.throws(() => control.send(say, { content: 'x' }), { code: 'INVALID_VALUE' }, 'not for this link');
    t.equal(stage.frames.said.length, before, 'nothing was sent');
    const failed = { name: 'PeerError', code: 'REQUEST_FAILED', message: 'Validation failed for add_response' };
    await t.rejects(control.send(add, { a: 1, b: 1 }), failed);
    await t.rejects(control.send(list, {}), { code: 'REQUEST_FAILED', message: 'the handler failed' });
    t.equal(control.state, 'connected');
    await stage.end();
  }
});

t.test('an answer that is not what was declared rejects the request with INVALID_PARAMETER', async t => {
  const stage = new Stage();
  const server = await stage.server();
  const raw = await stage.raw();
  await raw.say({ seq: null, type: 'register_control', data: { agent: 'x', version: 'x' } });
  for (const peer of server.peers) {
    const refused = t.rejects(peer.send(add, { a: 1, b: 1 }), { code: 'INVALID_PARAMETER' });
    await raw.say({ seq: 1, type: 'add_response', data: { seq: 1, sum: 'x' } });
    await refused;
  }
  await stage.end();
});

t.test(
  'a request goes from a control by its controller and node to an instance, with a number of its own each hop',
  async t => {
    for (const dialect of ['seed', 'session'] as const) {
      const stage = new Stage();
      const locate = (id: number): number | null | undefined => ({ 77: 4, 78: 5, 79: null })[id];
      const server = await stage.server({ dialect, locate });
      const node = stage.node(4, { dialect });
      const control = stage.client({ dialect });
      await settled();
      const go = (instance_id: number): Promise<unknown> => control.send(start, { instance_id, save: null });
      node.instance(77).handle(start, ({ instance_id }) => ({ pid: instance_id + 1 }));
      server.node(4).send(note, { n: 1 });
      t.same(await go(77), { pid: 78 });
      const hops = stage.frames.said
        .filter(({ text = '' }) => text.includes('start_instance'))
        .map(({ text = '' }) => (JSON.parse(text) as { seq: number }).seq);
      t.same(hops, dialect === 'seed' ? [2, 4, 2, 3] : [1, 2, 1, 1]);
      await t.rejects(go(76), { message: 'Instance with ID 76 does not exist' });
      await t.rejects(go(78), { message: 'Node 5 is not connected' });
      await t.rejects(go(79), { message: 'Instance with ID 79 is not assigned to a node' });
      t.throws(() => node.instance(77), { code: 'ILLEGAL_STEP' });
      await stage.end();
    }
  },
);

t.test('an instance that does not run is told back through all hops', async t => {
  const stage = new Stage();
  await stage.server({ locate: () => 4 });
  stage.node(4);
  const control = stage.client();
  await settled();
  await t.rejects(control.send(start, { instance_id: 77, save: null }), { message: 'Instance ID 77 is not running' });
  await stage.end();
});

t.test('a broadcast reaches everybody but its originator', async t => {
  const stage = new Stage();
  await stage.server();
  const nodes = [1, 2, 3].map(id => stage.node(id));
  await settled();
  const heard: string[] = [];
  const instances = nodes.flatMap((node, at) =>
    [0, 1].map(number => {
      const id = at * 10 + number;
      return node.instance(id).handle(say, ({ content }) => heard.push(`${id} ${content}`));
    }),
  );
  instances[0]?.send(say, { content: 'hi' });
  await settled();
  t.same(
    heard.sort((a, b) => a.localeCompare(b)),
    ['1 hi', '10 hi', '11 hi', '20 hi', '21 hi'],
  );
  await stage.end();
});

t.test('a request that nobody handles gets an error', async t => {
  const stage = new Stage();
  await stage.server({ definitions });
  const control = stage.client();
  await settled();
  await t.rejects(control.send(add, { a: 1, b: 1 }), { message: 'No handler for add_request on master-control' });
  await stage.end();
});

t.test('one server speaks both dialects, as each other side chooses', async t => {
  const stage = new Stage();
  const server = await stage.server({ dialect: 'both' });
  server.handle(add, ({ a, b }) => ({ sum: a + b }));
  const old = stage.node(1, { dialect: 'seed' });
  const young = stage.node(2, { dialect: 'session' });
  await settled();
  t.same(
    server.peers.map(({ registration: { dialect } }) => dialect),
    ['seed', 'session'],
  );
  t.same(await old.send(add, { a: 1, b: 1 }), await young.send(add, { a: 1, b: 1 }));
  await stage.end();
});
