// What a WebSocket channel has that a stream has not: frames, pings, limits.

import type { Socket } from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import type { WebSocket } from 'ws';
import { parseAddress, websocket } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { beyondBuffers, hello } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';
import { foreign, frameEar, hall, ours } from './websocket-stage.ts';

t.test('each send is one data at the other side, whatever its length', async t => {
  const { near, far, a, b } = await ours(t);
  const lengths = [5, 0, 1, 125, 126, 65_535, 65_536, 1_000_000, 0, 7];
  for (const length of lengths) near.send(Buffer.alloc(length, 'x'));
  for (const length of lengths) far.send(Buffer.alloc(length, 'y'));
  await until('all is there', () => a.chunks.length === lengths.length && b.chunks.length === lengths.length);
  t.same(
    b.chunks.map(({ length }) => length),
    lengths,
  );
  t.same(
    a.chunks.map(({ length }) => length),
    lengths,
  );
});

t.test('a message in fragments is one data, and pings between them are answered', async t => {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  const ear = frameEar(await channel());
  let pongs = 0;
  ws.on('pong', () => {
    pongs += 1;
  });
  ws.send('one', { fin: false });
  ws.ping('there?');
  ws.send(' and ', { fin: false });
  ws.send('two', { fin: true });
  await until('it is there', () => ear.chunks.length > 0 && pongs > 0);
  t.same(ear.story, ['one and two']);
  t.equal(pongs, 1);
});

t.test('text goes in text frames, what is not UTF-8 in binary ones, and all where that is asked for', async t => {
  for (const frames of ['text', 'binary'] as const) {
    const { url, channel } = await hall(t, websocket({ frames }));
    const peer = await foreign(t, url);
    const far = await channel();
    far.send(Buffer.from('späße'));
    far.send(Buffer.from([0xff, 0x00]));
    await until('both came', () => peer.messages.length === 2);
    t.same(peer.messages[0], { text: 'späße', isBinary: frames === 'binary' });
    t.equal(peer.messages[1]?.isBinary, true);
  }
});

t.test('text and binary frames are taken alike', async t => {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  const ear = frameEar(await channel());
  ws.send('text');
  ws.send(Buffer.from('binary'));
  await until('both came', () => ear.chunks.length === 2);
  t.same(ear.story, ['text', 'binary']);
});

t.test('a message beyond the limit ends its own connection alone', async t => {
  const { url, channel } = await hall(t, websocket({ longest: 1_000 }));
  const [bad, good] = [await foreign(t, url), await foreign(t, url)];
  const [ear, other] = [frameEar(await channel(0)), frameEar(await channel(1))];
  bad.ws.send('x'.repeat(1_000));
  bad.ws.send('x'.repeat(1_001));
  t.same(await bad.closed, [1009, '']);
  await ear.hears('closed');
  t.equal(ear.length, 1_000, 'what came before is not lost');
  t.match(ear.reason, { code: 'CLOSED', message: /Max payload size exceeded/ });
  good.ws.send('still here');
  await other.holds(10);
  t.equal(other.text, 'still here');
});

t.test('the limit is 16 MiB', async t => {
  const { near, a, b } = await ours(t);
  near.send(Buffer.alloc(16 * 1024 * 1024));
  await b.holds(16 * 1024 * 1024);
  near.send(Buffer.alloc(16 * 1024 * 1024 + 1));
  await a.hears('ended');
  t.same(a.words, [[1009, '']]);
});

t.test('a text frame that is not UTF-8 ends its own connection', async t => {
  const { url, channel } = await hall(t);
  const { ws, closed } = await foreign(t, url);
  const ear = frameEar(await channel());
  ws.send(Buffer.from([0xff, 0xfe]), { binary: false });
  t.same(await closed, [1007, '']);
  await ear.hears('closed');
  t.match(ear.reason, { code: 'CLOSED', message: /invalid UTF-8/ });
});

t.test('who sends what cannot be read, and reads nothing, is destroyed', async t => {
  const { url, channel } = await hall(t, websocket({ longest: 1_000 }));
  const { ws } = await foreign(t, url);
  const far = await channel();
  const ear = frameEar(far);
  ws.pause();
  far.send(Buffer.alloc(beyondBuffers));
  ws.send('x'.repeat(1_001));
  await ear.hears('closed');
  t.match(ear.reason, { code: 'CLOSED' });
});

/** Three words in one chunk, with what comes behind them, to who pauses at each. */
async function threeAtOnce(t: Test, behind: (ws: WebSocket) => void = () => undefined) {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  const far = await channel();
  const ear = frameEar(far);
  ear.during = () => far.pause();
  const socket = (ws as unknown as { _socket: Socket })._socket;
  socket.cork();
  for (const word of ['one', 'two', 'three']) ws.send(word);
  behind(ws);
  socket.uncork();
  return { far, ear, socket };
}

t.test('nothing comes while it is paused, not even the rest of a chunk', async t => {
  const { far, ear } = await threeAtOnce(t, ws => ws.close(4000, 'bye'));
  for (const words of [1, 2, 3]) {
    await until(`${words} came`, () => ear.chunks.length === words);
    await settled(20);
    t.equal(ear.story.length, words);
    far.resume();
  }
  await ear.hears('ended');
  t.same(ear.story, ['one', 'two', 'three', 'closing 4000', 'ended']);
});

t.test('what was read before the connection broke is given, paused or not', async t => {
  const { far, ear, socket } = await threeAtOnce(t);
  await until('one came', () => ear.chunks.length === 1);
  far.resume();
  await until('two came', () => ear.chunks.length === 2);
  socket.resetAndDestroy();
  far.resume();
  await ear.hears('closed');
  t.same(ear.story, ['one', 'two', 'three', 'closing 1006', 'closed']);
});

t.test('many pings by who reads nothing keep one answer waiting, not all', async t => {
  const { url, channel } = await hall(t);
  const { ws } = await foreign(t, url);
  const far = await channel();
  frameEar(far);
  far.send(hello);
  ws.pause();
  const filled = far.send(Buffer.alloc(beyondBuffers / 2));
  t.equal(filled, false);
  const before = far.unsent;
  for (let count = 0; count < 900; count += 1) ws.ping(`${count}`);
  let last = '';
  ws.on('pong', bytes => {
    last = bytes.toString();
  });
  await settled(100);
  t.ok(far.unsent <= before, `${far.unsent} bytes wait, ${before} did`);
  ws.resume();
  await until('the newest is answered', () => last === '899');
});

t.test('the request of a client is there for who accepts it', async t => {
  const { listening, channel } = await hall(t, websocket());
  const transport = websocket({ headers: { authorization: 'Bearer token' } });
  const address = { ...listening.address, path: '/talk?name=b%20c' };
  const near = await transport.dial(address, new AbortController().signal);
  const far = await channel();
  t.equal(far.request?.url, '/talk?name=b%20c');
  t.match(far.request?.headers, { authorization: 'Bearer token', 'sec-websocket-version': '13' });
  t.equal(far.request?.headers['sec-websocket-extensions'], undefined, 'no compression is offered');
  t.match(far.remote, /^ws:\/\/127\.0\.0\.1:\d+$/);
  t.equal(near.request, undefined);
  near.destroy();
});

t.test('no subprotocol is chosen unless it is asked for, and then the first one known', async t => {
  const none = await hall(t);
  t.equal((await foreign(t, none.url)).ws.protocol, '');
  await t.rejects(foreign(t, none.url, ['a']), /Server sent no subprotocol/, 'ws insists; others take it as it is');
  const some = await hall(t, websocket({ protocols: ['c', 'b'] }));
  const chosen = await foreign(t, some.url, ['a', 'b', 'c']);
  t.equal(chosen.ws.protocol, 'b');
  t.equal((await some.channel()).protocol, 'b');
  const near = await websocket({ protocols: ['x', 'c'] }).dial(some.listening.address, new AbortController().signal);
  t.equal(near.protocol, 'c');
  near.destroy();
});

t.test('options are checked', async t => {
  t.throws(() => websocket({ compress: true } as object), { code: 'UNKNOWN_OPTION' });
  t.throws(() => websocket({ longest: 0 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => websocket({ frames: 'both' as 'text' }), { code: 'INVALID_VALUE' });
  t.throws(() => websocket({ path: 'api' }), { code: 'INVALID_VALUE' });
  t.throws(() => websocket({ path: '/api?x' }), { code: 'INVALID_VALUE' });
  t.throws(() => websocket({ protocols: ['a', 'a'] }), { code: 'INVALID_VALUE' });
  t.throws(() => websocket({ protocols: ['a b'] }), { code: 'INVALID_VALUE' });
  const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
  await t.rejects(websocket().listen(parseAddress('ws://127.0.0.1:0/a?b'), deaf), { code: 'INVALID_ADDRESS' });
  await t.rejects(websocket().listen(parseAddress('wss://127.0.0.1:0/a'), deaf), {
    code: 'INVALID_VALUE',
    message: /give it cert and key/,
  });
});

t.test('what is sent in one turn of the loop goes out in one write, and at once where it is long', async t => {
  const { near, far, a } = await ours(t);
  for (const word of ['one', 'two', 'three']) far.send(Buffer.from(word));
  t.ok(far.unsent > 'onetwothree'.length, 'it is gathered');
  await settled();
  t.equal(far.unsent, 0);
  await until('all is there', () => a.chunks.length === 3);
  t.same(a.story, ['one', 'two', 'three']);
  near.send(Buffer.from('short'));
  near.send(Buffer.alloc(10_000, 'x'));
  t.equal(near.unsent, 0, 'what is long takes the others along');
});

t.test('what was sent in the turn of a close or a destroy still goes out, in its order', async t => {
  for (const over of ['close', 'destroy'] as const) {
    const { far, a } = await ours(t);
    far.send(Buffer.from('first'));
    far.send(Buffer.from('last'));
    far[over]();
    await until(`all is there (${over})`, () => a.chunks.length === 2);
    t.same(a.story.slice(0, 2), ['first', 'last'], over);
  }
});
