// qio over WebSockets of the system, byte by byte; the numbers are those of the original's tests.

import t from 'tap';
import { closeFrame, frame } from '../transport/any-stage.ts';
import { answer, headOf, heard, qioHall, text, until, upgradeRequest } from './qio-stage.ts';

const ok = (id: number, data = 'null'): string => `/qio/callback/${id}:0={"code":200,"data":${data}}`;
const ping = text('/qio/ping:1=null');

t.test('62 and 63: upgrade and ohai, to the byte; headers in two packets', async t => {
  const hall = await qioHall(t);
  const raw = await hall.dial();
  const request = upgradeRequest();
  raw.send(request.slice(0, 70));
  await until('the first half is there', () => raw.socket.bytesWritten === 70);
  raw.send(request.slice(70));
  const head = await headOf(raw);
  t.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  for (const line of [
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Access-Control-Allow-Origin: *',
    'Sec-WebSocket-Protocol: quickio',
    'Cache-Control: private, max-age=0',
    'Expires: -1',
    'Sec-WebSocket-Accept: Nf+/kB4wxkn+6EPeanngB3VZNwU=',
  ]) {
    t.ok(head.includes(`\r\n${line}\r\n`), line);
  }
  raw.send(text('/qio/ohai'));
  t.equal(await raw.take(11), '\x81\x09/qio/ohai');
  raw.send(ping);
  t.equal((await heard(raw)).text, ok(1));
});

t.test('64 and 65: upgrades that are not right', async t => {
  const hall = await qioHall(t);
  const rows = [
    ['64 no Upgrade', { Upgrade: '' }, 426],
    ['64 no Connection', { Connection: '' }, 426],
    ['65 no subprotocol', { 'Sec-WebSocket-Protocol': '' }, 400],
    ['65 a list of them', { 'Sec-WebSocket-Protocol': 'quickio, chat' }, 400],
    ['65 no version', { 'Sec-WebSocket-Version': '' }, 400],
    ['65 another version', { 'Sec-WebSocket-Version': '8' }, 400],
  ] as const;
  for (const [what, more, status] of rows) {
    const raw = await hall.dial();
    raw.send(upgradeRequest(more));
    const { head } = await answer(raw);
    t.match(head, ` ${status} `, what);
    t.match(head, /cache-control: private, max-age=0/i, what);
    raw.send(upgradeRequest());
    t.match(await headOf(raw), ' 101 ', `${what}: the connection is kept`);
  }
});

t.test('69 what is no request is closed', async t => {
  const hall = await qioHall(t);
  const raw = await hall.dial();
  raw.send('POST ws://localhost/qio HTTP/1.1\r\n\r\n');
  await raw.end();
  t.equal(raw.rest, '');
});

t.test('66, 71 and 72: frames in pieces, and two in one', async t => {
  const hall = await qioHall(t);
  const raw = await hall.upgraded();
  const ohai = text('/qio/ohai');
  for (const piece of [ohai.subarray(0, 1), ohai.subarray(1, 5), ohai.subarray(5)]) {
    raw.send(piece);
    await new Promise(resolve => setImmediate(resolve));
  }
  t.equal((await heard(raw)).text, '/qio/ohai');
  raw.send(ping.subarray(0, 1));
  await new Promise(resolve => setImmediate(resolve));
  raw.send(ping.subarray(1));
  t.equal((await heard(raw)).text, ok(1));
  raw.send(Buffer.concat([ping, text('/qio/ping:2=')]));
  t.same([(await heard(raw)).text, (await heard(raw)).text], [ok(1), ok(2)]);
});

t.test('77, 78 and 81: lengths of 16 and of 64 bits, both ways', async t => {
  const hall = await qioHall(t);
  const raw = await hall.webSocket();
  for (const [padding, id] of [
    [430, 1],
    [70_196, 2],
  ] as const) {
    const event = `/qio/ping:${id}=`.padEnd(padding, ' ');
    const bytes = text(event);
    raw.send(bytes.subarray(0, 3));
    await new Promise(resolve => setImmediate(resolve));
    raw.send(bytes.subarray(3));
    t.equal((await heard(raw)).text, ok(id));
  }
  raw.send(text('/qio/on:3="/test/good"'));
  t.equal((await heard(raw)).head, '812a');
  for (const [length, head] of [
    [125, '817d'],
    [126, '817e007e'],
    [266, '817e010a'],
    [65_535, '817effff'],
    [65_546, '817f000000000001000a'],
  ] as const) {
    hall.server.broadcast('/test/good', 'x'.repeat(length - '/test/good:0=""'.length));
    t.equal((await heard(raw)).head, head);
  }
});

t.test('what ends a WebSocket, and what is said', async t => {
  const hall = await qioHall(t, { limits: { event: 1_000 }, times: { client: 200 } });
  const other = await hall.webSocket();
  const rows: readonly (readonly [what: string, bytes: Buffer, said: string])[] = [
    ['74 a close frame', frame(0x88, ''), '8800'],
    ['a close frame with a code', frame(0x88, Buffer.from('03e8', 'hex')), '8800'],
    ['76 no mask', frame(0x81, '/qio/ping:1=', 0), '8817 1002 client must mask data'],
    ['79 a length of all ones', Buffer.concat([Buffer.from('81ff', 'hex'), Buffer.alloc(12, 0xff)]), '8800'],
    ['80 no UTF-8', frame(0x81, Buffer.from('/qio/ping:1="\xff"', 'latin1')), '8802 1007'],
    ['83 too long', text('/qio/ping:1='.padEnd(1_001)), '8802 1009'],
    ['binary', frame(0x82, '/qio/ping:1='), '8802 1003'],
    ['a ping', frame(0x89, ''), '8802 1003'],
    ['a pong', frame(0x8a, ''), '8802 1003'],
    ['a continuation', frame(0x80, 'x'), '8802 1003'],
    ['an event that is none', text('lolno'), '8816 1002 invalid event format'],
    ['an empty one', text(''), '8816 1002 invalid event format'],
    ['half a frame that stops', ping.subarray(0, 9), '8810 1008 client timeout'],
  ];
  for (const [what, bytes, said] of rows) {
    const raw = await hall.webSocket();
    raw.send(bytes);
    t.equal(await closeFrame(raw), said, what);
    await raw.end();
  }
  other.send(ping);
  t.equal((await heard(other)).text, ok(1), 'the others go on');
});

t.test('what ends it before the handshake', async t => {
  const hall = await qioHall(t, { times: { client: 200 } });
  const rows: readonly (readonly [what: string, bytes: Buffer, said: string])[] = [
    ['a first frame that is no ohai', ping, '8813 1002 invalid handshake'],
    ['68 no UTF-8', frame(0x81, Buffer.from('\xff\xfe', 'latin1')), '8802 1007'],
    ['70 nothing, for too long', Buffer.alloc(0), '8810 1008 client timeout'],
    ['half an ohai', text('/qio/ohai').subarray(0, 8), '8810 1008 client timeout'],
  ];
  for (const [what, bytes, said] of rows) {
    const raw = await hall.upgraded();
    raw.send(bytes);
    t.equal(await closeFrame(raw), said, what);
  }
  await until('all are gone', () => (hall.server.snapshot().joining as number) === 0);
  t.match(hall.server.snapshot(), { badHandshakes: 4 });
});

t.test('fragments are no whole text', async t => {
  const hall = await qioHall(t);
  const raw = await hall.webSocket();
  raw.send(Buffer.concat([frame(0x01, '/qio/pi'), frame(0x80, 'ng:1=')]));
  t.equal(await closeFrame(raw), '8802 1003');
});

t.test('84 the end of the server', async t => {
  const hall = await qioHall(t);
  const [open, early] = [await hall.webSocket(), await hall.upgraded()];
  const stopped = hall.communicator.stop();
  t.equal(await closeFrame(open), '8802 1001');
  t.equal(await closeFrame(early), '8802 1001');
  for (const raw of [open, early]) raw.destroy();
  t.same((await stopped).abandoned, []);
});

t.test('whoever does not read is closed, and the others hear all', async t => {
  const hall = await qioHall(t, { limits: { unsent: 1024 * 1024 } });
  const [slow, good] = [await hall.webSocket(), await hall.webSocket()];
  for (const raw of [slow, good]) {
    raw.send(text('/qio/on:1="/test/good"'));
    await heard(raw);
  }
  slow.socket.pause();
  const data = 'x'.repeat(60_000);
  let said = 0;
  await until('the slow one is closed', () => {
    hall.server.broadcast('/test/good', data);
    said += 1;
    return hall.server.snapshot().slow === 1;
  });
  for (let n = 0; n < said; n += 1) t.equal((await heard(good)).text.length, '/test/good:0=""'.length + data.length);
  t.match(hall.server.snapshot(), { clients: 1, subscriptions: 1 });
});
