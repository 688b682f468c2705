// Sessions of our clients at the real master program that end: too late, forgotten, or by the master's own end.

import t from 'tap';
import * as alpha from './link-alpha12.ts';
import { Ours } from './link-ours.ts';
import { RealMaster } from './link-programs.ts';
import { Tap } from './link-tap.ts';

const master = await RealMaster.start(t, { timeout: 1, heartbeat: 0.5 });
const token = await master.nodeToken(4);

t.test('who comes back too late begins a new session, and requests of the old one are rejected', async t => {
  const tap = await Tap.open(t, master.place);
  const node = new Ours(t).node(tap.ws, 4, token);
  await node.tells('connect');
  await node.client.send(alpha.ping, {});
  await tap.proxy.cut();
  await node.tells('drop');
  const pending = node.client.send(alpha.ping, {}, { timeout: 30_000 });
  await t.rejects(pending, { code: 'SESSION_LOST' });
  await node.tells('invalidate');
  await t.rejects(node.client.send(alpha.ping, {}), { code: 'CLOSED' }, 'without a session nothing is taken');
  await tap.proxy.heal();
  await node.tells('connect', 2);
  t.same(await node.client.send(alpha.ping, {}), {});
  t.same(node.told, ['connect', 'drop', 'invalidate', 'connect']);
  const pings = tap.messages.filter(({ type }) => type === 'ping_request');
  t.same(
    pings.map(({ link, seq }) => [link, seq]),
    [
      [1, 1],
      [2, 1],
    ],
    'numbers begin anew',
  );
});

t.test('a way that is silent is noticed after two heartbeats, and the session goes on', async t => {
  const tap = await Tap.open(t, master.place);
  const node = new Ours(t).node(tap.ws, 4, token);
  await node.tells('connect');
  tap.proxy.freeze();
  await node.tells('drop');
  const answer = node.client.send(alpha.ping, {}, { timeout: 30_000 });
  await tap.proxy.heal();
  await node.tells('resume');
  t.same(await answer, {});
  t.same(node.told, ['connect', 'drop', 'resume']);
});

t.test('a master that stops says so first, waits for the answer, and closes with 1001', async t => {
  const tap = await Tap.open(t, master.place);
  const node = new Ours(t).node(tap.ws, 4, token);
  await node.tells('connect');
  t.equal(await master.end('SIGINT'), 0, 'it ends in good order');
  await node.tells('drop');
  const ends = tap.said.filter(({ close, text = '' }) => close !== undefined || text.includes('prepare'));
  t.match(ends, [
    { dir: 's2c', text: /"prepare_disconnect_request"/ },
    { dir: 'c2s', text: /"prepare_disconnect_response"/ },
    { dir: 's2c', close: { code: 1001, reason: 'Server Quit' } },
    { dir: 'c2s', close: { code: 1001 } },
  ]);
  await master.again({ timeout: 20 });
  await node.tells('connect', 2);
  t.same(await node.client.send(alpha.ping, {}), {}, 'it is back when the master is');
});

t.test('a master that was killed has forgotten the session: invalidate, and a new one on the same socket', async t => {
  const tap = await Tap.open(t, master.place);
  const node = new Ours(t).node(tap.ws, 4, token);
  await node.tells('connect');
  await node.client.send(alpha.ping, {});
  await master.end('SIGKILL');
  await node.tells('drop');
  const pending = node.client.send(alpha.ping, {}, { timeout: 30_000 });
  await Promise.all([t.rejects(pending, { code: 'SESSION_LOST' }), master.again()]);
  await node.tells('connect', 2);
  t.same(node.told, ['connect', 'drop', 'invalidate', 'connect']);
  const last = tap.messages.at(-1)?.link;
  t.same(
    tap.messages.filter(({ link }) => link === last).map(({ dir, seq, type }) => [dir, seq, type]),
    [
      ['s2c', null, 'hello'],
      ['c2s', null, 'resume'],
      ['s2c', null, 'invalidate'],
      ['c2s', null, 'register_slave'],
      ['s2c', null, 'ready'],
    ],
  );
});
