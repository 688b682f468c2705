// What a connection speaks is told by its first bytes, whatever pieces they come in, and no byte is lost.

import t from 'tap';
import { anyProtocol } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { toldBy } from '../../../lib/transport/any/first-bytes.ts';
import { Ear, listenTo } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';
import type { Raw } from '../raw.ts';
import { accepted, anyHall, headOf, strict, upgradeRequest } from './any-stage.ts';

/** Each byte in a packet of its own, as far as the system lets us. */
async function byteByByte(raw: Raw, text: string): Promise<void> {
  for (const byte of text) {
    raw.send(byte);
    await settled(1);
  }
}

t.test('a method, a blank and a path are HTTP, all else is a stream', async t => {
  for (const method of ['GET', 'POST', 'OPTIONS', 'PUT', 'HEAD', 'DELETE', 'PATCH']) {
    const beginning = `${method} /`;
    for (let length = 0; length < beginning.length; length += 1) {
      t.equal(toldBy(Buffer.from(beginning.slice(0, length))), 'unknown', beginning.slice(0, length));
    }
    t.equal(toldBy(Buffer.from(beginning)), 'http', beginning);
    t.equal(toldBy(Buffer.from(`${beginning}path HTTP/1.1\r\n\r\n`)), 'http');
  }
  const others = [
    '/qio/ohai',
    '<policy',
    'HI\n',
    'GETS',
    'GET\n\n',
    'POST ws://localhost/qio HTTP/1.1',
    'get /',
    '\x16\x03',
  ];
  for (const text of others) t.equal(toldBy(Buffer.from(text)), 'stream', text);
});

t.test('a stream comes whole, byte by byte or in one piece, with what follows and its end', async t => {
  const { dial, streams } = await anyHall(t);
  for (const text of ['/qio/ohai and more', 'GET\n\nand more', 'POSTER /x\n', 'H']) {
    for (const pieces of ['one', 'many'] as const) {
      const raw = await dial();
      const index = streams.length;
      if (pieces === 'one') raw.send(text);
      else await byteByByte(raw, text);
      if (text === 'H') raw.send('I');
      raw.socket.end();
      await until('it is told', () => streams.length > index);
      const channel = streams[index];
      if (channel === undefined) throw new Error('no channel');
      await settled(20);
      const ear = listenTo(channel);
      await ear.hears('ended');
      t.equal(ear.text, text === 'H' ? 'HI' : text);
      t.match(channel.remote, /^tcp:\/\/127\.0\.0\.1:\d+$/);
      channel.send(Buffer.from('answer'));
      channel.close();
      t.equal(await raw.take(6), 'answer');
      await ear.hears('closed');
      t.same([ear.order.at(-1), ear.reason], ['closed', undefined]);
    }
  }
});

t.test('a stream that is paused keeps its first bytes until it is resumed', async t => {
  const { dial, streams } = await anyHall(t);
  const raw = await dial();
  raw.send('first');
  await until('it is told', () => streams.length === 1);
  const ear = new Ear();
  streams[0]?.start(ear);
  streams[0]?.pause();
  raw.send(' second');
  await settled(30);
  t.equal(ear.text, '');
  streams[0]?.resume();
  await until('all came', () => ear.text === 'first second');
});

t.test('requests come byte by byte, two on one connection, with their bodies', async t => {
  const { dial, exchange } = await anyHall(t);
  const raw = await dial();
  await byteByByte(raw, 'POST /a?b HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc');
  const first = await exchange(0);
  t.same([first.method, first.url, first.version, first.headers.host], ['POST', '/a?b', '1.1', 'here']);
  t.equal(String(await first.body(3)), 'abc');
  first.answer(200, { 'content-type': 'text/plain' }, 'one');
  t.match(await headOf(raw), /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/plain\r\ncontent-length: 3\r\n/i);
  t.equal(await raw.take(3), 'one');
  raw.send('GET /next HTTP/1.1\r\nHost: here\r\n\r\n');
  const second = await exchange(1);
  t.equal(String(await second.body(0)), '');
  second.answer(204, {});
  t.notMatch(await headOf(raw), /content-length/i);
});

t.test('an upgrade comes byte by byte, and the frame right behind it', async t => {
  const hall = await anyHall(t, strict);
  const raw = await hall.dial();
  await byteByByte(raw, upgradeRequest());
  t.match(await headOf(raw), /^HTTP\/1\.1 101 /);
  const other = await hall.dial();
  other.send(Buffer.concat([Buffer.from(upgradeRequest()), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x6f, 0x6b])]));
  await until('both are there', () => hall.frames.length === 2);
  const ear = hall.frames[1] === undefined ? undefined : listenTo(hall.frames[1]);
  await until('the frame came', () => ear?.text === 'ok');
});

t.test('who does not say what it speaks is closed after a time, whatever it hints at', async t => {
  const { dial, streams } = await anyHall(t, { undecided: { deadline: 50 } });
  const raws = [await dial(), await dial(), await dial()] as const;
  raws[1].send('GE');
  raws[2].send('OPTIONS ');
  for (const raw of raws) await raw.end();
  t.equal(streams.length, 0);
});

t.test('who says nothing is a stream after a time, for services that speak first', async t => {
  const { dial, streams, exchange } = await anyHall(t, { undecided: { quiet: 30, deadline: 120 } });
  const hinting = await dial();
  hinting.send('GET');
  const raw = await dial();
  await until('it is a stream', () => streams.length === 1);
  streams[0]?.send(Buffer.from('HI\n'));
  t.equal(await raw.line(), 'HI\n');
  const ear = streams[0] === undefined ? undefined : listenTo(streams[0]);
  raw.send('GET / is nothing special now');
  await until('it came', () => ear?.text === 'GET / is nothing special now');
  hinting.send(' / HTTP/1.1\r\n\r\n');
  await Promise.race([hinting.end(), exchange(0)]);
  t.equal(streams.length, 1, 'who has hinted is not silent');
});

t.test('too many that say nothing are closed at once, and that is told once; who leaves makes room', async t => {
  const { dial, streams, troubles } = await anyHall(t, { undecided: { most: 2 } });
  const first = await dial();
  const second = await dial();
  for (let count = 0; count < 3; count += 1) await (await dial()).end();
  t.equal(troubles.length, 1);
  t.match(troubles[0], { code: 'CLOSED', message: /^2 connections have not said yet what they speak; refused: 1$/ });
  second.socket.resetAndDestroy();
  await settled(20);
  const third = await dial();
  third.send('HI\n');
  first.send('HI\n');
  await until('both are streams', () => streams.length === 2);
});

t.test('who leaves before it is told apart disturbs nobody', async t => {
  const { dial, streams, exchanges, troubles } = await anyHall(t);
  const [ended, hinted, reset] = [await dial(), await dial(), await dial()];
  ended.socket.end();
  hinted.send('GET');
  hinted.socket.end();
  reset.send('POST');
  reset.socket.resetAndDestroy();
  await ended.end();
  await hinted.end();
  const good = await dial();
  good.send('HI\n');
  await until('the good one is there', () => streams.length === 1);
  t.same([exchanges.length, troubles], [0, []]);
});

t.test('after the end of the place nobody undecided is left, and who was accepted lives on', async t => {
  const hall = await anyHall(t, strict);
  const { raw, channel } = await accepted(hall);
  const silent = await hall.dial();
  const asking = await hall.dial();
  asking.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const exchange = await hall.exchange();
  await settled(20);
  hall.listening.close();
  await silent.end();
  channel.send(Buffer.from('still'));
  t.equal(await raw.take(7), '\x81\x05still');
  exchange.answer(200, {}, 'here');
  t.match(await headOf(asking), /^HTTP\/1\.1 200 OK/);
});

t.test('options are checked', async t => {
  const wrong: [object, string][] = [
    [{ path: '/' }, 'UNKNOWN_OPTION'],
    [{ undecided: { deadlines: 1 } }, 'UNKNOWN_OPTION'],
    [{ undecided: { deadline: 0 } }, 'OUT_OF_RANGE'],
    [{ undecided: { most: 0.5 } }, 'OUT_OF_RANGE'],
    [{ undecided: { quiet: -1 } }, 'OUT_OF_RANGE'],
    [{ webSocket: { rules: { all: 1 } } }, 'UNKNOWN_OPTION'],
    [{ webSocket: { rules: { taken: 'some' } } }, 'INVALID_VALUE'],
    [{ webSocket: { rules: { half: -1 } } }, 'OUT_OF_RANGE'],
    [{ webSocket: { longest: 0 } }, 'OUT_OF_RANGE'],
    [{ http: { head: 1 } }, 'OUT_OF_RANGE'],
    [{ tls: { clients: 'all' } }, 'INVALID_VALUE'],
  ];
  for (const [options, code] of wrong) t.throws(() => anyProtocol(options), { code }, JSON.stringify(options));
});
