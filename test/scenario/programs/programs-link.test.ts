// A controller and its nodes as programs of their own: who is there.

import t from 'tap';
import { edLink, startController, startNode } from '../../support/link-programs.ts';

t.test('ed-link lists the nodes, for people and for programs', async t => {
  const { address } = await startController(t);
  const none = await edLink(t, ['list', '-a', address]);
  t.same([none.code, none.out], [0, `no nodes at ${address}\n`], none.err);
  t.same(JSON.parse((await edLink(t, ['list', '-a', address, '--json'])).out), []);
  await Promise.all([startNode(t, address, 2), startNode(t, address, 1, '--dialect', 'seed')]);
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

t.test('a node whose id another one takes ends, and says why', async t => {
  const { address } = await startController(t);
  const first = await startNode(t, address, 1);
  const second = await startNode(t, address, 1);
  t.same(await first.ended, { code: 1, signal: null });
  t.match(first.err, /link-node: Registered from another connection/);
  second.child.kill('SIGTERM');
  t.same(await second.ended, { code: 0, signal: null });
});
