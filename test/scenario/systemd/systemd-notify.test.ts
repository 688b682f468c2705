// What systemd is told, by its own program to a fake of its socket.

import t from 'tap';
import type { SystemdOptions, Transport } from '../../../lib/index.ts';
import { memory } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { NotifySocket, withoutNotify } from '../../support/notify-socket.ts';
import { until, world } from '../../support/world.ts';

type Environment = NonNullable<SystemdOptions['environment']>;
const environmentOf = ({ path }: NotifySocket, more: Environment = {}): Environment => ({
  NOTIFY_SOCKET: path,
  PATH: process.env.PATH,
  ...more,
});

/** A transport that listens when the test says so. */
function held(): { transport: Transport; release: () => void } {
  const real = memory();
  let release = (): void => undefined;
  const gate = new Promise<void>(resolve => {
    release = resolve;
  });
  return { transport: { ...real, listen: (...words) => gate.then(() => real.listen(...words)) }, release };
}

t.test('READY goes out when every place listens, STOPPING at the stop', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { transport, release } = held();
  const { communicator } = world({ transports: { memory: memory(), slow: transport } });
  const environment = environmentOf(socket);
  const source = communicator.systemd({ environment });
  t.same(Object.keys(environment), ['PATH'], 'the variables are taken away');
  const quick = communicator.listen('memory:quick');
  communicator.listen('slow://here:1');
  communicator.logRotate('udp://127.0.0.1:0');
  const run = communicator.run();
  source.status('one is\nopen');
  await quick.ready;
  await socket.hears('STATUS=one is open');
  t.equal(source.state, 'starting');
  t.same(socket.words(), ['STATUS=one is open']);
  release();
  await socket.hears('READY=1');
  const later = communicator.timer({ every: 1_000 }, () => undefined);
  communicator.remove(later);
  const report = await communicator.stop();
  t.equal(await run, true);
  t.same(report.abandoned, []);
  t.same(socket.words(), ['STATUS=one is open', 'READY=1', 'STOPPING=1'], 'each once, told before the stop ended');
  t.equal(source.state, 'closed');
});

t.test(
  'a place that cannot be had, and is looked after, does not hold READY back',
  { skip: withoutNotify },
  async t => {
    const socket = await NotifySocket.open(t);
    const { communicator } = world();
    communicator.listen('memory:here');
    communicator.systemd({ environment: environmentOf(socket) });
    const second = communicator.listen('memory:here');
    const run = communicator.run();
    await t.rejects(second.ready, { code: 'LISTEN_FAILED' });
    await socket.hears('READY=1');
    await communicator.stop();
    await run;
  },
);

t.test('where the program says READY itself, listening does not', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator } = world();
  const source = communicator.systemd({ environment: environmentOf(socket), ready: 'told' });
  const listener = communicator.listen('memory:here');
  const run = communicator.run();
  await listener.ready;
  source.status('warming up');
  await socket.hears('STATUS=warming up');
  source.ready();
  source.ready();
  await socket.hears('READY=1');
  await communicator.stop();
  await run;
  t.same(socket.words(), ['STATUS=warming up', 'READY=1', 'STOPPING=1']);
});

t.test(
  'RELOADING has the time of its begin, and READY follows, also where it fails',
  { skip: withoutNotify },
  async t => {
    const socket = await NotifySocket.open(t);
    const { communicator } = world();
    const source = communicator.systemd({ environment: environmentOf(socket) });
    await t.rejects(
      source.reload(() => undefined),
      { code: 'ILLEGAL_STEP' },
      'not before READY',
    );
    communicator.listen('memory:here');
    const run = communicator.run();
    await socket.hears('READY=1');
    const before = process.hrtime.bigint() / 1_000n;
    await source.reload(async () => {
      t.equal(source.state, 'reloading');
      await socket.hears('RELOADING=1');
    });
    const after = process.hrtime.bigint() / 1_000n;
    await until('READY again', () => socket.words().filter(word => word === 'READY=1').length === 2);
    const [, reloading, time = ''] = socket.words();
    t.equal(reloading, 'RELOADING=1');
    const microseconds = BigInt(/^MONOTONIC_USEC=(\d+)$/.exec(time)?.[1] ?? 0);
    t.ok(microseconds >= before && microseconds <= after, `${before} <= ${time} <= ${after}`);
    const broken = new Error('no such file');
    await t.rejects(
      source.reload(() => Promise.reject(broken)),
      broken,
    );
    t.equal(source.state, 'ready');
    await until('READY once more', () => socket.words().filter(word => word === 'READY=1').length === 3);
    await communicator.stop();
    await run;
  },
);

t.test('WATCHDOG goes on while the loop turns, and stops while it is blocked', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator } = world();
  const environment = environmentOf(socket, { WATCHDOG_USEC: '100000', WATCHDOG_PID: String(process.pid) });
  const source = communicator.systemd({ environment });
  communicator.listen('memory:here');
  const run = communicator.run();
  t.equal(source.beat, 50, 'half of it');
  const beats = (): number => socket.words('all').filter(word => word === 'WATCHDOG=1').length;
  await until('it beats', () => beats() >= 3);
  // No word of ours is on its way when the block begins.
  await until('nothing is said at the moment', () => source.snapshot().notifier === 'free');
  const from = monotonic();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  const to = monotonic();
  const count = beats();
  await until('it beats again', () => beats() > count);
  t.ok(to - from >= 1_000);
  const during = socket.told.filter(({ at }) => at > from + 1 && at < to);
  t.same(during, [], 'nothing came during the block');
  await communicator.stop();
  await run;
});

const monotonic = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

t.test('WATCHDOG stops while others never end their turns, and goes on after', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator } = world();
  const environment = environmentOf(socket, { WATCHDOG_USEC: '60000' });
  const source = communicator.systemd({ environment });
  communicator.listen('memory:here');
  const run = communicator.run();
  const beats = (): number => Number(source.snapshot().beats);
  await until('it beats', () => beats() >= 2);
  let ticks = 0;
  const timer = communicator.timer({ every: 20 }, () => {
    ticks += 1;
  });
  let busy: 'busy' | 'done' = 'busy';
  const spin = (): boolean => {
    for (const end = performance.now() + 6; performance.now() < end; );
    return busy === 'busy';
  };
  for (let index = 0; index < 2; index += 1) communicator.turns.offer({ priority: 50, work: spin });
  await until('the loop turns', () => ticks >= 2);
  const count = beats();
  await until('the loop goes on turning', () => ticks >= 10);
  t.equal(beats(), count, 'the line does not move');
  busy = 'done';
  await until('it beats again', () => beats() > count);
  communicator.remove(timer);
  await communicator.stop();
  await run;
});

t.test('WATCHDOG is withheld while the program is not healthy', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator, log } = world();
  let health: 'good' | 'bad' | 'broken' = 'good';
  let asked = 0;
  const source = communicator.systemd({
    environment: environmentOf(socket, { WATCHDOG_USEC: '40000' }),
    healthy: () => {
      asked += 1;
      if (health === 'broken') throw new Error('the database is gone');
      return health === 'good';
    },
  });
  communicator.listen('memory:here');
  const run = communicator.run();
  const beats = (): number => Number(source.snapshot().beats);
  await until('it beats', () => beats() >= 2);
  for (const [ill, words] of [
    ['bad', 'no WATCHDOG is sent: healthy() says no'],
    ['broken', 'no WATCHDOG is sent: the database is gone'],
  ] as const) {
    health = ill;
    const [count, before] = [beats(), asked];
    await until('it was asked again and again', () => asked >= before + 4);
    t.equal(beats(), count);
    t.equal(log.texts('warn').filter(text => text === words).length, 1, 'said once');
    health = 'good';
    await until('it beats again', () => beats() > count);
  }
  await communicator.stop();
  await run;
});

t.test('a watchdog of another process, or one that makes no sense, is not ours', async t => {
  const { communicator } = world();
  const beat = (environment: Environment): number | undefined => communicator.systemd({ environment }).beat;
  t.equal(beat({ WATCHDOG_USEC: '3000000' }), 1_500);
  t.equal(beat({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: String(process.pid) }), 1_500);
  t.equal(beat({ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '1' }), undefined);
  for (const WATCHDOG_USEC of ['', '0', '-5', 'x', '1.5']) t.equal(beat({ WATCHDOG_USEC }), undefined);
  t.equal(beat({}), undefined);
  await communicator.stop();
});

t.test('it keeps nothing alive: the process ends with the last of the others', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator } = world();
  const source = communicator.systemd({ environment: environmentOf(socket) });
  const timer = communicator.timer({ every: 60_000 }, () => undefined);
  const run = communicator.run();
  await socket.hears('READY=1');
  await settled();
  t.equal(source.state, 'ready');
  communicator.remove(timer);
  t.equal(await run, true);
  t.same(socket.words(), ['READY=1', 'STOPPING=1']);
  t.same(communicator.connections, []);
});

t.test('removed alone, it says nothing more', { skip: withoutNotify }, async t => {
  const socket = await NotifySocket.open(t);
  const { communicator } = world();
  const source = communicator.systemd({ environment: environmentOf(socket) });
  communicator.listen('memory:here');
  const run = communicator.run();
  await socket.hears('READY=1');
  communicator.remove(source);
  t.equal(source.state, 'closed');
  source.status('too late');
  await communicator.stop();
  await run;
  t.same(socket.words(), ['READY=1']);
});
