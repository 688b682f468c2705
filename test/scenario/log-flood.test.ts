// Whoever is outside cannot fill a log: of each kind of line there is one a second.

import { createSocket } from 'node:dgram';
import net from 'node:net';
import t from 'tap';
import { Broker } from '../../lib/broker/index.ts';
import type { Severity } from '../../lib/index.ts';
import { Communicator, Dispatcher, systemCommands } from '../../lib/index.ts';
import { VirtualClock } from '../../lib/testkit/index.ts';
import { until } from '../support/world.ts';

/** A log that keeps what is bad, and a clock that stands still: all of it happens in one second. */
function stage() {
  const bad: string[] = [];
  const logger = {
    log: (severity: Severity, text: string) => {
      if (severity === 'warn' || severity === 'error') bad.push(`${severity}: ${text}`);
    },
    isLevelEnabled: () => true,
  };
  return { bad, communicator: new Communicator({ logger, clock: new VirtualClock() }) };
}

async function says(port: number, text: string): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  socket.end(text);
  await new Promise(resolve => socket.once('close', resolve));
}

const portOf = (address: string): number => Number(new URL(address).port);
const count = 500;
const times = (line: (n: number) => string): string => Array.from({ length: count }, (_, n) => `${line(n)}\n`).join('');

t.test('datagrams that a broker does not take', async t => {
  const { bad, communicator } = stage();
  const broker = new Broker({ communicator, listen: ['udp://127.0.0.1:0'] });
  const [address = ''] = await broker.start();
  t.teardown(() => communicator.stop(0));
  const socket = createSocket('udp4');
  t.teardown(() => socket.close());
  const received = (): number => {
    const [datagram] = communicator.snapshot().connections as unknown as { received: number }[];
    return datagram?.received ?? 0;
  };
  for (let n = 0; n < count; n += 1) {
    socket.send(`nobody${n}:*/JOB n=${n}`, portOf(address), '127.0.0.1');
    if (n % 20 === 19) await until('they are read', () => received() >= n - 10);
  }
  t.ok(bad.length > 0 && bad.length <= 2, `${bad.length} lines: ${bad.slice(0, 3).join(' | ')}`);
  t.notOk(
    bad.some(line => line.startsWith('error')),
    'a message for nobody is no error of ours',
  );
});

t.test('messages that do not reach a service', async t => {
  const { bad, communicator } = stage();
  const limits = { services: 100, count: 1, bytes: 1_000 };
  const broker = new Broker({ communicator, listen: ['tcp://127.0.0.1:0'], limits, services: ['absent'] });
  const [address = ''] = await broker.start();
  t.teardown(() => communicator.stop(0));
  await says(portOf(address), `REGISTER service=flood;version=1\n${times(n => `absent/JOB n=${n}`)}`);
  await until('they came', () => broker.status.routes.failed > count / 2);
  t.ok(bad.length > 0 && bad.length <= 3, `${bad.length} lines: ${bad.slice(0, 3).join(' | ')}`);
});

t.test('lines that make no sense, that nobody handles, that a handler fails on, that complain', async t => {
  const { bad, communicator } = stage();
  const dispatcher = new Dispatcher().use(systemCommands()).on('FAIL', () => {
    throw new Error('on purpose');
  });
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher, allow: () => true });
  const address = await listener.ready;
  t.teardown(() => communicator.stop(0));
  const lines = [`!!!`, 'NOBODY', 'FAIL', 'INVALID command=X', 'UNKNOWN command=Y', 'STOP', 'LEAK'];
  for (let round = 0; round < 20; round += 1) {
    await says(
      portOf(address),
      times(n => lines[n % lines.length] ?? ''),
    );
  }
  const kinds = new Set(bad.map(line => line.replace(/about.*|for .*|refused: .*/, '')));
  t.ok(
    bad.length >= 4 && bad.length <= 12,
    `${bad.length} lines of ${kinds.size} kinds: ${bad.slice(0, 12).join(' | ')}`,
  );
});
