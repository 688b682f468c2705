// WebSockets that are held to rules of their own: who may come, which frames are taken, and what is said for others.

import t from 'tap';
import type { FrameChannel } from '../../../lib/index.ts';
import { anyProtocol, joinedFrame, sharedFrame } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { until } from '../../support/world.ts';
import { accepted, anyHall, closeFrame, frame, headOf, strict, upgradeRequest } from './any-stage.ts';
import { foreign, frameEar } from './websocket-stage.ts';

const text = 0x81;

t.test('a right upgrade is answered with the headers that were asked for', async t => {
  const hall = await anyHall(t, strict);
  const raw = await hall.dial();
  raw.send(upgradeRequest());
  const head = await headOf(raw);
  t.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  const wanted = [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Access-Control-Allow-Origin: *',
    'Sec-WebSocket-Protocol: quickio',
    'Cache-Control: private, max-age=0',
    'Expires: -1',
    'Sec-WebSocket-Accept: Nf+/kB4wxkn+6EPeanngB3VZNwU=',
  ];
  t.same(head.trim().split('\r\n').slice(1).sort(), wanted.sort());
  t.equal(hall.frames[0]?.protocol, 'quickio');
  t.equal(hall.frames[0]?.request?.url, '/qio');
});

t.test('the request that asked for a channel is kept, unless it is to be dropped', async t => {
  const kept = await accepted(await anyHall(t));
  t.match(kept.channel.request, { url: '/qio', headers: { host: 'here' } });
  const dropped = await accepted(await anyHall(t, { webSocket: { request: 'dropped' } }));
  t.equal(dropped.channel.request, undefined);
  dropped.channel.sendShared(sharedFrame('to many'));
  await until('it comes', () => dropped.raw.rest.includes('to many'));
  t.equal(dropped.raw.rest.charCodeAt(1), 'to many'.length, 'a server does not mask');
  t.throws(() => anyProtocol({ webSocket: { request: 'lost' as 'kept' } }), { code: 'INVALID_VALUE' });
});

t.test('a wrong upgrade is answered 400 or 426, and the connection goes on', async t => {
  const hall = await anyHall(t, strict);
  const wrong: [Record<string, string>, number][] = [
    [{ Upgrade: '' }, 426],
    [{ Connection: 'keep-alive' }, 426],
    [{ 'Sec-WebSocket-Protocol': '' }, 400],
    [{ 'Sec-WebSocket-Protocol': 'quickio, other' }, 400],
    [{ 'Sec-WebSocket-Protocol': 'QuickIO' }, 400],
    [{ 'Sec-WebSocket-Version': '' }, 400],
    [{ 'Sec-WebSocket-Version': '8' }, 400],
    [{ 'Sec-WebSocket-Key': 'short' }, 400],
    [{ Upgrade: 'h2c' }, 400],
  ];
  const raw = await hall.dial();
  for (const [headers, status] of wrong) {
    raw.send(upgradeRequest(headers));
    const head = await headOf(raw);
    t.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(headers));
    t.match(head, /cache-control: private, max-age=0\r\n/i);
    t.match(head, /content-length: 0\r\n/i);
  }
  t.equal(hall.exchanges.length, 0, 'nobody is asked');
  // Two at once: the second is read after the first was refused.
  raw.send(upgradeRequest({ 'Sec-WebSocket-Version': '7' }) + upgradeRequest());
  t.match(await headOf(raw), /^HTTP\/1\.1 400 /);
  t.match(await headOf(raw), /^HTTP\/1\.1 101 /, 'and the right one is accepted on the same connection');
  const { ws } = await foreign(t, hall.address.replace('any', 'ws'), ['quickio']);
  t.equal(ws.protocol, 'quickio');
});

t.test('an upgrade to anything else is a plain request', async t => {
  const hall = await anyHall(t, strict);
  const raw = await hall.dial();
  for (const path of ['/one', '/two']) {
    const index = hall.exchanges.length;
    raw.send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n`);
    const exchange = await hall.exchange(index);
    t.equal(exchange.url, path);
    t.equal((await exchange.body(10)).length, 0);
    exchange.answer(200, {}, 'page');
    t.match(await headOf(raw), /^HTTP\/1\.1 200 OK/);
    t.equal(await raw.take(4), 'page');
  }
});

t.test('an upgrade behind a request that waits for its answer is refused', async t => {
  const hall = await anyHall(t, strict);
  const raw = await hall.dial();
  raw.send(`GET /poll HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest()}`);
  const exchange = await hall.exchange();
  const gone = new Promise<void>(resolve => exchange.onGone(resolve));
  await raw.end();
  await gone;
  t.equal(hall.frames.length, 0);
});

t.test('each frame that is not taken has its close code and text', async t => {
  const hall = await anyHall(t, strict);
  const cases: [string, Buffer, string][] = [
    ['not masked', frame(text, 'x', 0), '8817 1002 client must mask data'],
    ['binary', frame(0x82, 'x'), '8802 1003'],
    ['a ping', frame(0x89, 'x'), '8802 1003'],
    ['a pong', frame(0x8a, ''), '8802 1003'],
    ['a continuation of nothing', frame(0x80, 'x'), '8802 1003'],
    ['a fragment and its continuation', Buffer.concat([frame(0x01, 'x'), frame(0x80, 'y')]), '8802 1003'],
    ['an unknown kind', frame(0x83, 'x'), '8802 1003'],
    ['not UTF-8', frame(text, Buffer.from([0xff, 0xfe])), '8802 1007'],
    ['too long', frame(text, 'x'.repeat(100_001)).subarray(0, 20), '8802 1009'],
    ['a length beyond all', Buffer.from([0x81, 0xff, ...Array<number>(8).fill(0xff)]), '8800'],
    ['a close frame', frame(0x88, Buffer.from([0x03, 0xe8])), '8800'],
    ['an empty close frame', frame(0x88, ''), '8800'],
    ['a close frame with a wrong code', frame(0x88, Buffer.from([0, 1])), '8800'],
    ['half a frame that stops', frame(text, 'x'.repeat(200)).subarray(0, 50), '8810 1008 client timeout'],
    ['half a header that stops', Buffer.from([0x81]), '8810 1008 client timeout'],
  ];
  for (const [what, bytes, expected] of cases) {
    const { raw, channel } = await accepted(hall);
    const ear = frameEar(channel);
    if (what.includes('close frame')) ear.ended = () => channel.close();
    raw.send(Buffer.concat([frame(text, 'before'), bytes]));
    t.equal(await closeFrame(raw), expected, what);
    raw.send(frame(0x88, ''));
    await ear.hears('closed');
    t.equal(ear.story[0], 'before', `${what}: what came before is not lost`);
    t.equal(ear.chunks.length, 1, `${what}: nothing else is told`);
    if (!what.includes('close frame')) t.match(ear.reason, { code: 'CLOSED' });
    await raw.end();
  }
  t.same(hall.troubles, []);
});

t.test('what follows a frame that is not taken is not told', async t => {
  const hall = await anyHall(t, strict);
  const { raw, channel } = await accepted(hall);
  const ear = frameEar(channel);
  raw.send(Buffer.concat([frame(text, 'a'), frame(0x89, ''), frame(text, 'b'), frame(0x82, 'c')]));
  t.equal(await closeFrame(raw), '8802 1003');
  await ear.hears('closed');
  t.same(ear.chunks.map(String), ['a']);
});

t.test(
  'a frame that comes in pieces, with pauses shorter than the limit, is taken; an idle one has no limit',
  async t => {
    const hall = await anyHall(t, strict);
    const { raw, channel } = await accepted(hall);
    const ear = frameEar(channel);
    for (const length of [3, 430, 70_196]) {
      const whole = frame(text, 'x'.repeat(length));
      const cuts = [1, 2, 3, whole.length - 1];
      let from = 0;
      for (const cut of [...cuts, whole.length]) {
        raw.send(whole.subarray(from, cut));
        from = cut;
        await settled(2);
      }
      await until('it came', () => ear.chunks.at(-1)?.length === length);
    }
    await settled(250);
    raw.send(frame(text, 'two'));
    await until('it still lives', () => ear.chunks.at(-1)?.toString() === 'two');
    t.same([ear.chunks.length, ear.words], [4, []]);
  },
);

t.test('half a frame does not count while the owner does not read', async t => {
  const hall = await anyHall(t, strict);
  const { raw, channel } = await accepted(hall);
  const ear = frameEar(channel);
  const whole = frame(text, 'x'.repeat(100));
  raw.send(whole.subarray(0, 50));
  await settled(20);
  channel.pause();
  await settled(200);
  raw.send(whole.subarray(50));
  channel.resume();
  await until('it came', () => ear.chunks.length === 1);
  t.same(ear.words, []);
});

t.test('a frame made once goes to many, in order with what is sent alone', async t => {
  const hall = await anyHall(t);
  const url = hall.address.replace('any', 'ws');
  const peers = await Promise.all([foreign(t, url), foreign(t, url), foreign(t, url)]);
  await until('all are there', () => hall.frames.length === 3);
  for (const channel of hall.frames) frameEar(channel);
  const lengths = [0, 1, 125, 126, 65_535, 65_536];
  const expected: string[] = [];
  for (const length of lengths) {
    const shared = sharedFrame('ä'.repeat(length / 2));
    for (const channel of hall.frames) {
      channel.sendShared(shared);
      channel.send(Buffer.from(`after ${length}`));
    }
    expected.push('ä'.repeat(length / 2), `after ${length}`);
  }
  for (const { messages } of peers) {
    await until('all came', () => messages.length === expected.length);
    t.same(
      messages.map(message => message.text),
      expected,
    );
    t.ok(messages.every(({ isBinary }) => !isBinary));
  }
  const binary = sharedFrame(Buffer.from([0xff]));
  for (const channel of hall.frames) t.equal(channel.sendShared(binary), true);
  for (const { messages } of peers) await until('the bytes came', () => messages.at(-1)?.isBinary === true);
});

t.test('frames that were joined go in one write, and come one by one', async t => {
  const hall = await anyHall(t);
  const { raw, channel } = await accepted(hall);
  const joined = joinedFrame(['one', 'two'].map(word => joinedFrame([sharedFrame(word), sharedFrame('and')])));
  channel.sendShared(joined);
  await until('all came', () => raw.rest.length >= 20);
  t.equal(raw.rest, '\x81\x03one\x81\x03and\x81\x03two\x81\x03and');
  const { websocket } = await import('../../../lib/index.ts');
  const near = await websocket().dial(
    { ...hall.listening.address, scheme: 'ws', path: '/' },
    AbortSignal.timeout(5_000),
  );
  frameEar(near);
  await until('it is accepted', () => hall.frames.length === 2);
  const ear = frameEar(hall.frames[1] as FrameChannel);
  near.sendShared(joined);
  await until('they came', () => ear.text === 'oneandtwoand');
  t.same(ear.story, ['one', 'and', 'two', 'and']);
});

t.test('a frame made once is masked where a client sends it, and does nothing after the end', async t => {
  const { websocket } = await import('../../../lib/index.ts');
  const hall = await anyHall(t);
  const near = await websocket().dial(
    { ...hall.listening.address, scheme: 'ws', path: '/' },
    new AbortController().signal,
  );
  frameEar(near);
  await until('it is accepted', () => hall.frames.length === 1);
  const [far] = hall.frames;
  if (far === undefined) throw new Error('no channel');
  const ear = frameEar(far);
  near.sendShared(sharedFrame('to the server'));
  await until('it came', () => ear.text === 'to the server');
  near.close();
  t.equal(near.sendShared(sharedFrame('late')), true);
  await ear.hears('ended');
  t.equal(ear.text, 'to the server');
  far.close();
});
