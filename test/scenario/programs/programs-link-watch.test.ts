// ed-link watch, while nodes and their controller die and come back.

import t from 'tap';
import { edLink, startController, startNode, Watch } from '../../support/link-programs.ts';
import { start } from '../../support/programs.ts';

t.test('watch sees a node that is killed and started again, and goes on after the controller was away', async t => {
  const { address, program } = await startController(t);
  const [, beta] = await Promise.all([startNode(t, address, 1), startNode(t, address, 2)]);
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
