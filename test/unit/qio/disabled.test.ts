// A server that is disabled lets nobody in; those who are in go on.

import t from 'tap';
import { ok } from './answers.ts';
import { Stage, settled } from './stage.ts';

t.test('while it is disabled, newcomers wait at the door, and are let in when it is enabled', async t => {
  const stage = new Stage();
  const server = await stage.server({ web: { publicAddress: 'localhost' } });
  const inside = await stage.raw();
  server.disable();
  const streams = [await stage.stranger(), await stage.stranger()];
  const upgraded = await stage.upgraded();
  for (const one of streams) await one.bytes('/qio/ohai');
  await upgraded.say('/qio/ohai');
  await settled();
  t.equal(server.clients.length, 1);
  t.same(await inside.ask('/qio/ping:1=null'), [ok(1)], 'who is in goes on');
  const poll = await stage.post(`/?connect=true&sid=${'a'.repeat(32)}`, '/qio/ping:1=null');
  t.equal(poll.status, 503, 'who polls and is new asks again');
  server.enable();
  await settled();
  t.equal(server.clients.length, 4);
  await stage.end();
});

t.test('51 are one too many; they are counted, and logged in these words', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.disable();
  const strangers = [];
  for (let count = 0; count < 52; count += 1) strangers.push(await stage.stranger());
  await settled();
  t.same(
    strangers.map(({ life }) => life === 'closed'),
    [...Array(50).fill(false), true, true],
  );
  t.equal(server.snapshot().refused, 2);
  t.same(stage.log.texts('warn'), ['disabled, 50 wait: more are refused']);
  server.enable();
  await settled();
  t.equal(server.snapshot().joining, 50);
  await stage.end();
});

t.test('a stop while it is disabled ends those who wait', async t => {
  const stage = new Stage();
  const server = await stage.server();
  server.disable();
  const [stranger, upgraded] = [await stage.stranger(), await stage.upgraded()];
  await settled();
  await stage.communicator.stop();
  await settled();
  t.equal(server.state, 'closed');
  t.equal(stranger.life, 'closed');
  t.match(upgraded.word, { code: 1001 });
});
