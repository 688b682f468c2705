// A controller, two nodes and ed-link as programs of their own.

import t from 'tap';
import { definitions, greet } from '../../examples/link-definitions.ts';
import { Communicator } from '../../lib/index.ts';
import { linkClient } from '../../lib/protocol/link/index.ts';
import { edLink, startController, startNode, Watch } from '../support/link-programs.ts';
import { start } from '../support/programs.ts';

t.test('ed-link lists the nodes, for people and for programs', async t => {
  const { address } = await startController(t);
  const none = await edLink(t, ['list', '-a', address]);
  t.same([none.code, none.out], [0, `no nodes at ${address}\n`], none.err);
  t.same(JSON.parse((await edLink(t, ['list', '-a', address, '--json'])).out), []);
  await startNode(t, address, 2);
  await startNode(t, address, 1, '--dialect', 'seed');
  const { code, out, err } = await edLink(t, ['list', '--address', `ws://${address}/api/socket`]);
  t.equal(code, 0, err);
  t.match(out.split('\n'), [
    /^ID {2}NAME {3}STATE {6}SINCE {16}ADDRESS +DIALECT$/,
    /^1 {3}alpha {2}connected {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}ws:\/\/127\.0\.0\.1:\d+ {2}seed {5}instances=\[\]$/,
    /^2 {3}beta {3}connected {2}.* {2}session {2}instances=\[\]$/,
    /^$/,
  ]);
  t.notMatch(out, '\x1b', 'no colours into a file');
  const json = await edLink(t, ['list', '--json'], { ED_LINK_ADDRESS: address });
  t.match(JSON.parse(json.out), [
    { id: 1, name: 'alpha', state: 'connected', dialect: 'seed', details: { instances: [] } },
    { id: 2, name: 'beta', state: 'connected', dialect: 'session', details: { instances: [] } },
  ]);
});

t.test('ed-link sends requests to nodes and instances, and prints the answers', async t => {
  const { address } = await startController(t);
  const node = await startNode(t, address, 1);
  await startNode(t, address, 2, '--dialect', 'seed');
  const send = (...words: string[]) => edLink(t, ['send', ...words, '-a', address]);
  const started = await send('alpha', 'start_instance', '{"instance_id": 7}', '--json');
  t.same([started.code, started.out], [0, '{"running":[7]}\n'], started.err);
  const pretty = await send('2', 'start_instance', '{"instance_id": 8}', '--dialect', 'seed');
  t.same([pretty.code, pretty.out], [0, '{\n  "running": [\n    8\n  ]\n}\n'], pretty.err);
  t.match(JSON.parse((await send('1', 'report_load')).out), { load: Number, megabytes: Number, instances: 1 });
  const greeting = 'Hello Ada, this is instance 7 on alpha';
  const greeted = await send('1', 'greet', '{"instance_id":7,"name":"Ada"}', '--json');
  t.same(JSON.parse(greeted.out), { greeting }, greeted.err);
  await node.says(/instance 7: Ada is here/);
  t.match(JSON.parse((await edLink(t, ['list', '--json', '-a', address])).out), [
    { details: { instances: [7] } },
    { details: { instances: [8] } },
  ]);
  // A control that knows the definitions asks the instance, wherever it is.
  const communicator = new Communicator();
  const control = linkClient(address, { role: 'control', definitions });
  communicator.add(control);
  await new Promise<void>(resolve => control.once('connect', resolve));
  t.same(await control.send(greet, { instance_id: 7, name: 'Ada' }), { greeting });
  const nowhere = control.send(greet, { instance_id: 99, name: 'Ada' });
  await t.rejects(nowhere, { code: 'REQUEST_FAILED', message: 'Instance with ID 99 does not exist' });
  await communicator.stop();
  const stopped = await send('1', 'stop_instance', '{"instance_id":7}', '--json');
  t.same([stopped.code, stopped.out], [0, '{"running":[]}\n'], stopped.err);
});

t.test('watch sees a node that is killed and started again, and goes on after the controller was away', async t => {
  const { address, program } = await startController(t);
  await startNode(t, address, 1);
  const beta = await startNode(t, address, 2);
  const watch = new Watch(t, address);
  await watch.sees({ kind: 'controller', change: 'connect' });
  await watch.sees({ kind: 'node', change: 'here', id: 2, name: 'beta', state: 'connected' });
  await edLink(t, ['send', '1', 'start_instance', '{"instance_id":7}', '-a', address]);
  await watch.sees({ kind: 'event', event: 'instance_status', id: 1, name: 'alpha' });
  const said = await watch.sees({ kind: 'event', event: 'instance_output', id: 1 });
  t.match(watch.lines[said], { data: { instance_id: 7, line: /^line \d+$/ } });

  beta.child.kill('SIGKILL');
  const gone = await watch.sees({ change: 'drop', id: 2, state: 'dropped' });
  const dropped = await edLink(t, ['list', '-a', address]);
  t.match(dropped.out, /^2 {3}beta {3}dropped {4}/m);
  await startNode(t, address, 2);
  const left = await watch.sees({ change: 'leave', id: 2, reason: 'Registered from another connection' }, gone);
  await watch.sees({ change: 'connect', id: 2, state: 'connected' }, left);

  program.child.kill('SIGTERM');
  t.same(await program.ended, { code: 0, signal: null });
  t.match(program.err, /node alpha has left .*reason="Server Quit"/);
  const away = await watch.sees({ kind: 'controller', change: 'drop' });
  t.match(watch.lines[away], { reason: /1001: Server Quit/ });
  const again = await startController(t, '--listen', address);
  const back = await watch.sees({ kind: 'controller', change: 'connect' }, away);
  for (const id of [1, 2]) await watch.sees({ kind: 'node', change: ['here', 'connect'], id }, back);
  await watch.sees({ kind: 'event', event: 'instance_status', id: 1 }, back);
  await watch.sees({ kind: 'event', event: 'instance_output', id: 1 }, back);
  const greeted = await edLink(t, ['send', '1', 'greet', '{"instance_id":7,"name":"Ada"}', '-a', address]);
  t.equal(greeted.code, 0, greeted.err);

  again.program.child.kill('SIGKILL');
  const killed = await watch.sees({ kind: 'controller', change: 'drop' }, back);
  await startController(t, '--listen', address);
  await watch.sees({ kind: 'controller', change: 'connect' }, killed);
  watch.program.child.kill('SIGINT');
  t.same(await watch.program.ended, { code: 0, signal: null });
});

t.test('watch waits for a controller, shows lines for people, and ends after as many as it was asked for', async t => {
  const { address, program } = await startController(t);
  program.child.kill('SIGTERM');
  await program.ended;
  const watch = start(t, 'tools/ed-link', ['watch', '-a', address, '--count', '2']);
  await watch.says(/ed-link: waiting for 127\.0\.0\.1:\d+: cannot reach .*ECONNREFUSED/);
  await startController(t, '--listen', address);
  await startNode(t, address, 1);
  t.same(await watch.ended, { code: 0, signal: null });
  t.match(watch.out.split('\n'), [
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}controller {5}connect {9}127\.0\.0\.1:\d+$/,
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}1 alpha {8}(connect|here ) .*ws:\/\/127\.0\.0\.1:\d+ instances=\[\]$/,
    /^$/,
  ]);
});

t.test('a node whose id another one takes ends, and says why', async t => {
  const { address } = await startController(t);
  const first = await startNode(t, address, 1);
  const second = await startNode(t, address, 1);
  t.same(await first.ended, { code: 1, signal: null });
  t.match(first.err, /link-node: Registered from another connection/);
  second.child.kill('SIGTERM');
  t.same(await second.ended, { code: 0, signal: null });
});
