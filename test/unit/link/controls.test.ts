// Controls that know none of a controller's definitions: what they can see, and what they can send.

import t from 'tap';
import type { LinkClient, LinkServerOptions } from '../../../lib/protocol/link/index.ts';
import {
  controlDefinitions,
  listNodes,
  nodeEvent,
  nodeUpdate,
  request,
  sendToNode,
  serveControls,
  watchNodes,
} from '../../../lib/protocol/link/index.ts';
import { add, definitions, list, note, Stage, settled, start } from './stage.ts';

const visit = request('visit', {
  links: ['controller-node'],
  forwardTo: 'node',
  response: { id: { type: 'integer' } },
});
const all = [...definitions, visit, ...controlDefinitions];
const requests = [add, visit, start];

async function served(options: Partial<LinkServerOptions> = {}) {
  const stage = new Stage();
  const server = await stage.server({ definitions: all, ...options });
  const controls = serveControls(server, { requests, describe: ({ name }) => ({ called: name }) });
  const node = (id: number) => stage.node(id, { definitions: all });
  return { stage, server, controls, node };
}

/** A control as other people write it: it has these definitions and no others. */
function stranger(stage: Stage, dialect: 'seed' | 'session' = 'session'): { control: LinkClient; seen: string[] } {
  const control = stage.client({ definitions: controlDefinitions, dialect });
  const seen: string[] = [];
  control.handle(nodeUpdate, ({ change, node, reason }) => {
    seen.push([change, node.id, node.state, ...(reason === null ? [] : [reason])].join(' '));
  });
  control.handle(nodeEvent, ({ node_id, event, data }) => seen.push(`${node_id} ${event} ${JSON.stringify(data)}`));
  return { control, seen };
}

t.test('a control lists the nodes, and sends them requests that it does not know', async t => {
  for (const dialect of ['seed', 'session'] as const) {
    const { stage, node } = await served({ dialect: 'both' });
    node(1).handle(add, ({ a, b }) => ({ sum: a + b }));
    node(2).handle(visit, ({ node_id }) => ({ id: node_id }));
    const { control } = stranger(stage, dialect);
    await settled();
    const { nodes } = await control.send(listNodes, {});
    t.same(
      nodes.map(({ id, name, state, dialect }) => [id, name, state, dialect]),
      [
        [1, 'node 1', 'connected', 'session'],
        [2, 'node 2', 'connected', 'session'],
      ],
    );
    t.same(nodes[0]?.details, { called: 'node 1' });
    t.equal(nodes[0]?.since, new Date(stage.clock.wall()).toISOString());
    const send = (node_id: number, request: string, data: object) =>
      control.send(sendToNode, { node_id, request, data: data as Record<string, unknown> });
    t.same(await send(1, 'add', { a: 2, b: 3 }), { data: { sum: 5 } });
    t.same(await send(2, 'visit', {}), { data: { id: 2 } }, 'who names the node need not name it again');
    await stage.end();
  }
});

t.test('what a control sends in vain is answered with the reason, and the links stay', async t => {
  const { stage, node } = await served();
  const first = node(1);
  const { control } = stranger(stage);
  await settled();
  const vain: [number, string, object, string][] = [
    [5, 'add', { a: 1, b: 1 }, 'Node 5 is not connected'],
    [1, 'list_slaves', {}, 'controls cannot send list_slaves: add, start_instance, visit are allowed'],
    [1, 'constructor', {}, 'controls cannot send constructor: add, start_instance, visit are allowed'],
    [1, 'add', { a: 1, b: 'x' }, 'add_request: data/b must be integer'],
    [1, 'add', { a: 1, b: 1, c: 1 }, 'add_request: data must NOT have additional properties'],
    [1, 'add', { a: 1, b: 1 }, 'No handler for add_request on slave-master'],
    [1, 'start_instance', { instance_id: 9, save: null }, 'Instance ID 9 is not running'],
  ];
  for (const [node_id, request, data, message] of vain) {
    const answer = control.send(sendToNode, { node_id, request, data: data as Record<string, unknown> });
    await t.rejects(answer, { name: 'PeerError', code: 'REQUEST_FAILED', message });
  }
  t.same([control.state, first.state], ['connected', 'connected']);
  t.same(stage.log.texts('error'), [], 'it is no fault of the controller');
  await stage.end();
});

t.test('who watches is told what becomes of nodes and what they say, and nobody else', async t => {
  const { stage, server, controls, node } = await served({ session: { timeout: 2_000 } });
  server.handle(note, (data, from) => controls.tell(from, note, data));
  const [watching, other] = [stranger(stage), stranger(stage)];
  await settled();
  await watching.control.send(watchNodes, {});
  t.equal(controls.watching, 1);
  const first = node(1);
  await settled();
  first.send(note, { n: 7 });
  await settled();
  t.same(watching.seen.splice(0), ['connect 1 connected', '1 note {"n":7}']);
  stage.frames.reachable = false;
  stage.frames.cut();
  await stage.clock.advance(500);
  stage.frames.reachable = true;
  await stage.clock.advance(1_000);
  t.match(watching.seen.splice(0).sort(), [/^drop 1 dropped /, /^resume 1 connected$/]);
  first.stop();
  await settled();
  t.match(watching.seen.splice(0), [/^leave 1 closed the other side closed with 1000/]);
  t.same(other.seen, []);
  watching.control.stop();
  await settled();
  t.equal(controls.watching, 0);
  await stage.end();
});

t.test('a control that misses something is told so: its session ends, and it begins again', async t => {
  const { stage, server, controls, node } = await served({ session: { count: 3, timeout: 60_000 } });
  server.handle(note, (data, from) => controls.tell(from, note, data));
  const first = node(1);
  const { control, seen } = stranger(stage);
  const life: string[] = [];
  for (const name of ['connect', 'drop', 'resume', 'invalidate'] as const) control.on(name, () => life.push(name));
  await settled();
  await control.send(watchNodes, {});
  for (const end of stage.frames.ends.slice(-1)) end.stalled = true;
  for (let n = 1; n <= 5; n += 1) first.send(note, { n });
  await settled();
  t.equal(controls.watching, 0);
  t.match(stage.log.texts('warn'), ['cannot be told what nodes do']);
  await stage.clock.advance(60_000);
  t.same(life, ['connect', 'drop', 'invalidate', 'connect']);
  t.same(seen, []);
  t.equal(first.state, 'connected');
  await stage.end();
});

t.test('a controller without the definitions of controls says so', async t => {
  const stage = new Stage();
  await stage.server();
  const { control } = stranger(stage);
  await settled();
  await t.rejects(control.send(listNodes, {}), { message: 'No validator for list_nodes_request on master-control' });
  await stage.end();
});

t.test('requests that controls cannot be allowed are refused', async t => {
  const stage = new Stage();
  const server = await stage.server({ definitions: all });
  t.throws(() => serveControls(server, { requests: [list] }), { code: 'INVALID_VALUE' });
  t.throws(() => serveControls(server, { requests: [add, add] }), { code: 'DUPLICATE_RULE' });
  t.throws(() => serveControls(server, { other: 1 } as object), { code: 'UNKNOWN_OPTION' });
  serveControls(server);
  t.throws(() => serveControls(server), { code: 'DUPLICATE_RULE' }, 'they are served already');
  await stage.end();
});
