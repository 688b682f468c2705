// Pings: answered, the newest of many; too many of them are a reason to close.

import { once } from 'node:events';
import t from 'tap';
import { mostPings } from '../../../lib/transport/websocket/frame-rules.ts';
import { until } from '../../support/world.ts';
import { foreign, frameEar, hall } from './websocket-stage.ts';

t.test('a ping is answered with its own words, also while its owner reads nothing', async t => {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  const near = await channel();
  frameEar(near);
  ws.ping('one');
  t.equal(String((await once(ws, 'pong'))[0]), 'one');
  ws.ping('two');
  t.equal(String((await once(ws, 'pong'))[0]), 'two');
});

t.test('of pings that are read together the newest is answered', async t => {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  frameEar(await channel());
  const pongs: string[] = [];
  ws.on('pong', bytes => pongs.push(String(bytes)));
  const pings = mostPings / 2;
  for (let n = 1; n <= pings; n += 1) ws.ping(String(n));
  await until('the newest is answered', () => pongs.at(-1) === String(pings));
  t.ok(pongs.length < pings / 2, `${pongs.length} answers to ${pings}`);
});

t.test('more than a thousand pings or pongs in a second end the connection, with the reason', async t => {
  for (const kind of ['ping', 'pong'] as const) {
    const { url, channel } = await hall(t);
    const { ws, closed } = await foreign(t, url);
    const ear = frameEar(await channel());
    for (let n = 0; n <= mostPings; n += 1) ws[kind]('x');
    t.same(await closed, [1008, 'Too many pings'], kind);
    await until('our side is closed', () => ear.story.at(-1) === 'closed');
    t.match(ear.reason, { code: 'CLOSED', message: /more than 1000 pings in a second/ });
  }
});

t.test('others go on while one floods', async t => {
  const { url, channel } = await hall(t);
  const good = await foreign(t, url);
  const near = await channel(0);
  frameEar(near);
  const bad = await foreign(t, url);
  frameEar(await channel(1));
  for (let n = 0; n < 50_000; n += 1) bad.ws.ping('x');
  near.send(Buffer.from('hello'));
  await until('the good one hears', () => good.messages.length === 1);
  await bad.closed;
  t.equal(good.ws.readyState, good.ws.OPEN);
});
