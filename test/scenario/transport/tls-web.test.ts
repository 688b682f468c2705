// Tls below WebSockets, and below a port for all.

import { connect } from 'node:tls';
import t from 'tap';
import type { FrameChannel, TlsOptions } from '../../../lib/index.ts';
import { parseAddress, tls, websocket } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { listenTo, never } from '../../contract/ear.ts';
import { authority, clientIdentity, serverIdentity } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';
import type { AnyHall } from './any-stage.ts';
import { anyHall } from './any-stage.ts';

const trusting = { ca: authority };

t.test('wss has the same certificates, and the same words', async t => {
  const accepted: FrameChannel[] = [];
  const listening = await websocket({ tls: { ...serverIdentity, ca: authority, clients: 'required' } }).listen(
    parseAddress('wss://127.0.0.1:0/talk'),
    { accept: channel => void accepted.push(channel), trouble: () => undefined },
  );
  t.teardown(() => listening.close());
  const dial = (options: TlsOptions): Promise<FrameChannel> =>
    websocket({ tls: options }).dial(listening.address, never);
  await t.rejects(dial(trusting), { code: 'DIAL_FAILED', message: /it wants a certificate of ours, and got none$/ });
  await t.rejects(dial({}), { message: /of an authority that is not trusted here$/ });
  await t.rejects(dial({ ...trusting, name: 'other.example' }), { message: /its certificate is for other names/ });
  const near = await dial({ ...trusting, ...clientIdentity });
  await until('it is accepted', () => accepted.length === 1);
  t.equal(near.certificate?.subject, 'localhost');
  t.equal(accepted[0]?.certificate?.subject, 'worker-7');
  near.destroy();
  accepted[0]?.destroy();
});

t.test('a port for all with tls tells streams, requests and WebSockets apart, each with its certificate', async t => {
  const hall = await anyHall(t, { tls: { ...serverIdentity, ca: authority, clients: 'asked' } });
  const options = { ...trusting, ...clientIdentity };
  const { address } = hall.listening;
  const near = await tls(options).dial({ ...address, scheme: 'tls' }, never);
  near.send(Buffer.from('HI\n'));
  await until('a stream', () => hall.streams.length === 1);
  const ear = hall.streams[0] === undefined ? undefined : listenTo(hall.streams[0]);
  await until('its words', () => ear?.text === 'HI\n');
  const ws = await websocket({ tls: options }).dial({ ...address, scheme: 'wss', path: '/' }, never);
  await until('a WebSocket', () => hall.frames.length === 1);
  t.same([hall.streams[0]?.certificate?.subject, hall.frames[0]?.certificate?.subject], ['worker-7', 'worker-7']);
  t.match([hall.streams[0]?.remote, hall.frames[0]?.remote], [/^tls:/, /^wss:/]);
  const raw = new Raw(connect({ port: address.port, host: '127.0.0.1', ca: authority }));
  raw.send('GET /page HTTP/1.1\r\nHost: x\r\n\r\n');
  const exchange = await hall.exchange();
  t.match([exchange.url, exchange.remote], ['/page', /^https:/]);
  exchange.answer(200, {}, 'page');
  await until('the page', () => raw.text.endsWith('page'));
  raw.destroy();
  const plain = await hall.dial();
  plain.send('HI this is plain text\n');
  await until('plain text is refused', () => hall.troubles.length === 1);
  t.match(hall.troubles[0], /was refused: it does not speak tls$/);
  near.destroy();
  ws.destroy();
});

t.test('handshakes that do not go on count as connections that have not said what they speak', async t => {
  const hall = await anyHall(t, { tls: serverIdentity, undecided: { most: 2, deadline: 600_000 } });
  await hall.dial();
  await hall.dial();
  const third = await hall.dial();
  await until('one too many is closed', () => third.ended || third.closed);
  t.match(hall.troubles[0]?.message, /^2 connections have not said yet what they speak; refused: 1$/);
  t.equal(hall.troubles.length, 1);
});

t.test('a handshake has its time, and leaves its room to others then', async t => {
  const hall = await anyHall(t, { tls: serverIdentity, undecided: { most: 1, deadline: 500 } });
  await hall.dial();
  await until('its time is over', () =>
    hall.troubles.some(({ message }) => /its handshake took too long/.test(message)),
  );
  for (let count = 1; count <= 4; count += 1) await saysHi(hall, count);
  t.equal(hall.streams.length, 4);
});

t.test('who leaves in the middle of its handshake leaves its room to others at once', async t => {
  const hall = await anyHall(t, { tls: serverIdentity, undecided: { most: 1, deadline: 600_000 } });
  let count = 0;
  for (const begun of ['', '\x16\x03\x01', '\x16\x03\x01\x00\xf8\x01']) {
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const { socket } = await hall.dial();
      if (begun !== '') socket.write(Buffer.from(begun, 'latin1'));
      await settled(10);
      socket[leave]();
      count += 1;
      await saysHi(hall, count);
      t.equal(hall.streams.length, count, `${JSON.stringify(begun)} ${leave}`);
    }
  }
});

t.test('a place for streams with tls closes who leaves in the middle of its handshake', async t => {
  const place = await tls(serverIdentity).listen(parseAddress('tls://127.0.0.1:0'), {
    accept: channel => channel.destroy(),
    trouble: () => undefined,
  });
  t.teardown(() => place.close());
  const raw = await Raw.dial(`tcp://127.0.0.1:${place.address.port}`);
  raw.socket.write(Buffer.from('\x16\x03\x01\x00\xf8\x01', 'latin1'));
  t.teardown(() => raw.destroy());
  raw.socket.end();
  // Long before the handshake has had its 10 s.
  await until('it is closed', () => raw.closed || raw.ended, 8_000);
  t.ok(raw.closed || raw.ended);
});

/**
 * Dials and says hello until it is told: those who were there before are gone one after the other, and on a busy machine
 * the time of a newcomer may be over before it could speak.
 */
async function saysHi(hall: AnyHall, count: number): Promise<void> {
  for (let turn = 0; turn < 200 && hall.streams.length < count; turn += 1) {
    const near = await tls(trusting)
      .dial({ ...hall.listening.address, scheme: 'tls' }, never)
      .catch(() => undefined);
    const ear = near === undefined ? undefined : listenTo(near);
    near?.send(Buffer.from('HI\n'));
    const isOver = (): boolean => ear === undefined || ear.times('ended') + ear.times('closed') > 0;
    await until('it is told, or gone', () => hall.streams.length === count || isOver());
    near?.destroy();
    await settled(10);
  }
  if (hall.streams.length < count) throw new Error('there was no room');
}
