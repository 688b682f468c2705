// The log-rotate port: packets of all kinds come, nothing is ever sent back, the log is rotated when it should be.

import type { Socket } from 'node:dgram';
import dgram from 'node:dgram';
import t from 'tap';
import type { Datagram, LogRotateOptions } from '../../lib/index.ts';
import { Dispatcher, parseAddress } from '../../lib/index.ts';
import type { World } from '../support/world.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

interface Place extends World {
  readonly datagram: Datagram;
  /** Sends a packet and waits until it was counted. */
  readonly send: (bytes: string | Buffer) => Promise<void>;
  /** What came back. */
  readonly heard: Buffer[];
  rotated: number;
}

async function place(t: Parameters<typeof worldOf>[0], options: LogRotateOptions = {}): Promise<Place> {
  const made = worldOf(t);
  const count = { rotated: 0 };
  const rotate = (): void => {
    count.rotated += 1;
  };
  const datagram = made.communicator.logRotate('udp://127.0.0.1:0', { rotate, ...options });
  const { host, port } = parseAddress(await datagram.ready);
  const socket: Socket = dgram.createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', bytes => heard.push(bytes));
  t.teardown(() => socket.close());
  const received = (): number => Number(datagram.snapshot().received);
  const send = async (bytes: string | Buffer): Promise<void> => {
    const before = received();
    socket.send(bytes, port, host);
    await until('the packet is counted', () => received() > before);
  };
  return {
    ...made,
    datagram,
    send,
    heard,
    get rotated() {
      return count.rotated;
    },
  };
}

const counters = ({ datagram }: Place): Record<string, unknown> => {
  const { received, handled, sent, tooLong, invalid, wrongSecret, unknown, failed } = datagram.snapshot();
  return { received, handled, sent, tooLong, invalid, wrongSecret, unknown, failed };
};

const nothing = { received: 0, handled: 0, sent: 0, tooLong: 0, invalid: 0, wrongSecret: 0, unknown: 0, failed: 0 };

interface Row {
  readonly what: string;
  readonly packet: string | Buffer;
  /** Which counter it moves, next to `received`. */
  readonly counter: keyof typeof nothing;
}

const rows: readonly Row[] = [
  { what: 'LOG_ROTATE', packet: 'LOG_ROTATE', counter: 'handled' },
  { what: 'LOG, its old name', packet: 'LOG', counter: 'handled' },
  { what: 'as ed-signal sends it', packet: '<vm:ed_signal svc/LOG_ROTATE', counter: 'handled' },
  { what: 'with a line feed behind', packet: 'LOG_ROTATE\n', counter: 'handled' },
  { what: 'as JSON', packet: '{"command":"LOG_ROTATE"}', counter: 'handled' },
  { what: 'with a secret that nobody asked for', packet: 'LOG_ROTATE secret_code=x', counter: 'handled' },
  { what: 'HELP', packet: 'HELP', counter: 'unknown' },
  { what: 'ALIVE', packet: 'ALIVE serial=1', counter: 'unknown' },
  { what: 'STOP', packet: 'STOP', counter: 'unknown' },
  { what: 'an unknown command', packet: 'FOO', counter: 'unknown' },
  { what: 'a longer name', packet: 'LOG_ROTATE_ALL', counter: 'unknown' },
  { what: 'small letters', packet: 'log_rotate', counter: 'unknown' },
  { what: 'UNKNOWN', packet: 'UNKNOWN command=X', counter: 'unknown' },
  { what: 'two lines in one packet', packet: 'LOG_ROTATE\nLOG_ROTATE', counter: 'unknown' },
  { what: 'garbage', packet: Buffer.from([0xff, 0x00, 0x80, 0x7b]), counter: 'unknown' },
  { what: 'broken JSON', packet: '{"command"', counter: 'invalid' },
  { what: 'a bad parameter', packet: 'LOG_ROTATE x', counter: 'invalid' },
  { what: 'a bad sender', packet: '<a-b:c LOG_ROTATE', counter: 'invalid' },
  { what: 'nothing at all', packet: '', counter: 'invalid' },
  { what: 'blanks', packet: ' \r\n', counter: 'invalid' },
  { what: '1025 bytes', packet: `LOG_ROTATE a=${'x'.repeat(1025 - 13)}`, counter: 'tooLong' },
  { what: '65 kB', packet: Buffer.alloc(65_000, 'x'), counter: 'tooLong' },
  { what: '1024 bytes', packet: `LOG_ROTATE a=${'x'.repeat(1024 - 13)}`, counter: 'handled' },
];

t.test('each packet is counted once, and rotates only where it should', async t => {
  const made = await place(t);
  const wanted = { ...nothing };
  for (const { what, packet, counter } of rows) {
    await made.send(packet);
    wanted.received += 1;
    wanted[counter] += 1;
    t.same(counters(made), wanted, what);
    t.equal(made.rotated, wanted.handled, `${what}: rotated`);
  }
  t.same(made.heard, [], 'nothing comes back');
  t.equal(made.datagram.state, 'open');
  t.ok(made.log.texts('warn').length < rows.length / 2, 'troubles are logged now and then, not each');
});

t.test('with a secret, only the right one rotates', async t => {
  const secret = 's3cret ä';
  const made = await place(t, { secret });
  for (const packet of [
    'LOG_ROTATE',
    'LOG_ROTATE secret_code=',
    'LOG_ROTATE secret_code=S3cret ä',
    'LOG_ROTATE secret_code=s3cret',
    `LOG_ROTATE secret_code=${secret};secret_code=wrong`,
    'HELP',
    `LOG_ROTATE secret=${secret}`,
  ]) {
    await made.send(packet);
  }
  t.match(counters(made), { received: 7, wrongSecret: 7, handled: 0 });
  t.equal(made.rotated, 0);
  await made.send(`LOG_ROTATE secret_code=${secret}`);
  await made.send(`LOG secret_code=${secret}`);
  await made.send(`HELP secret_code=${secret}`);
  t.match(counters(made), { received: 10, wrongSecret: 7, handled: 2, unknown: 1, sent: 0 });
  t.equal(made.rotated, 2);
  t.same(made.heard, []);
  t.notOk(JSON.stringify(made.log.lines).includes('s3cret'), 'no secret is in the log');
});

t.test('the secret is not in the trace either', async t => {
  const made = await place(t, { secret: 's3cret', trace: true });
  await made.send('LOG_ROTATE secret_code=s3cret');
  t.same(made.log.texts('trace'), ['received LOG_ROTATE secret_code=***']);
});

t.test('a rotation that fails is logged and counted, the next one works', async t => {
  let turn = 0;
  const made = await place(t, {
    rotate: () => {
      turn += 1;
      if (turn === 1) throw new Error('disk full');
    },
  });
  await made.send('LOG_ROTATE');
  await made.send('LOG_ROTATE');
  t.equal(turn, 2);
  t.match(counters(made), { received: 2, failed: 1 });
  t.match(
    made.log.lines.filter(({ severity }) => severity === 'error'),
    [{ message: 'handler of LOG_ROTATE failed: disk full', fields: { command: 'LOG_ROTATE', error: Error } }],
  );
  t.equal(made.log.lines.filter(({ severity }) => severity === 'error').length, 1);
});

t.test('without rotate, the logger is reopened', async t => {
  const { communicator, log } = worldOf(t);
  const datagram = communicator.logRotate('udp://127.0.0.1:0');
  const sender = communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher() });
  await sender.ready;
  await sender.sendTo(await datagram.ready, 'LOG_ROTATE');
  await until('the packet was handled', () => datagram.snapshot().handled === 1);
  t.equal(log.reopened, 1);
});
