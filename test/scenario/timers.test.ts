// Timers and signals.

import t from 'tap';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

/** A clock that handlers can use up: what they spend passes for everybody. */
class BusyClock extends VirtualClock {
  spent = 0;

  override now(): number {
    return super.now() + this.spent;
  }
}

t.test('after ticks once, in its time, and is gone', async t => {
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock });
  const ticks: number[] = [];
  const timer = communicator.timer({ after: 30 }, missed => void ticks.push(clock.now(), missed));
  const over = communicator.run();
  await clock.advance(29);
  t.same(ticks, []);
  await clock.advance(1);
  t.same(ticks, [30, 0]);
  t.equal(timer.state, 'closed');
  t.equal(await over, true);
  await clock.advance(1_000);
  t.equal(ticks.length, 2);
});

t.test('at ticks once at its date, also where the wall is set meanwhile', async t => {
  let shift = 0;
  class ShiftedClock extends VirtualClock {
    override wall(): number {
      return super.wall() + shift;
    }
  }
  const clock = new ShiftedClock();
  const { communicator } = worldOf(t, { clock });
  const ticks: string[] = [];
  const begin = clock.wall();
  const at = communicator.timer({ at: new Date(begin + 3_600_000) }, () => void ticks.push('date'));
  communicator.timer({ at: begin + 30_000 }, () => void ticks.push('number'));
  communicator.timer({ at: begin - 1 }, () => void ticks.push('past'));
  t.match(at.snapshot(), { at: new Date(begin + 3_600_000).toISOString() });
  await clock.advance(0);
  t.same(ticks, ['past']);
  await clock.advance(30_000);
  t.same(ticks, ['past', 'number']);
  shift = 3_500_000;
  await clock.advance(60_000);
  t.equal(ticks.length, 2, '10 s are left by the wall');
  await clock.advance(60_000);
  t.same(ticks, ['past', 'number', 'date']);
  t.equal(at.state, 'closed');
  t.throws(() => communicator.timer({ at: new Date('x') }, () => undefined), { code: 'OUT_OF_RANGE' });
  t.throws(() => communicator.timer({ at: 1, every: 2 }, () => undefined), { code: 'INVALID_VALUE' });
});

t.test('after 0 ticks in a later turn', async t => {
  const { communicator } = worldOf(t);
  const order: string[] = [];
  communicator.timer({ after: 0 }, () => void order.push('tick'));
  order.push('made');
  await communicator.run();
  t.same(order, ['made', 'tick']);
});

t.test('every stands on a fixed grid, whatever each tick takes', async t => {
  const clock = new BusyClock();
  const { communicator } = worldOf(t, { clock });
  const at: number[] = [];
  communicator.timer({ every: 10 }, () => {
    at.push(clock.now());
    clock.spent += 3;
  });
  while (clock.now() < 100) await clock.advance(1);
  t.same(
    at.map(time => Math.floor(time / 10)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].slice(0, at.length),
  );
  t.ok(at.length >= 9, `${at}`);
  for (const time of at) t.ok(time % 10 < 4, `${time} is near the grid`);
});

t.test('ticks that were missed are one, and are counted', async t => {
  const clock = new BusyClock();
  const { communicator } = worldOf(t, { clock });
  const ticks: number[] = [];
  const timer = communicator.timer({ every: 10 }, missed => {
    ticks.push(missed);
    if (ticks.length === 2) clock.spent += 35;
  });
  await clock.advance(20);
  t.same(ticks, [0, 0]);
  await clock.advance(5);
  t.same(ticks, [0, 0, 3], 'at 60: those of 30, 40 and 50 were missed');
  await clock.advance(10);
  t.same(ticks, [0, 0, 3, 0]);
  t.match(timer.snapshot(), { ticks: 4, missed: 3, every: 10 });
});

t.test('many timers keep their order', async t => {
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock });
  const order: string[] = [];
  for (const every of [50, 20, 30]) communicator.timer({ every }, () => void order.push(`${every}@${clock.now()}`));
  await clock.advance(60);
  t.same(order, ['20@20', '30@30', '20@40', '50@50', '30@60', '20@60'].sort(byTime), 'by time');
});

function byTime(a: string, b: string): number {
  return Number(a.split('@')[1]) - Number(b.split('@')[1]);
}

t.test('stop inside a tick is the last of it', async t => {
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock });
  let closes = 0;
  for (const options of [{ every: 10 }, { after: 10 }]) {
    let ticks = 0;
    const timer = communicator.timer(options, () => {
      ticks += 1;
      timer.stop();
      timer.stop();
    });
    timer.on('close', () => {
      closes += 1;
    });
    await clock.advance(100);
    t.equal(ticks, 1);
    t.equal(timer.state, 'closed');
  }
  t.equal(closes, 2);
  t.equal(clock.waiting, 0);
  t.same(communicator.connections, []);
});

t.test('a tick that throws or rejects is logged, the next one comes', async t => {
  const clock = new VirtualClock();
  const { communicator, log } = worldOf(t, { clock });
  let ticks = 0;
  communicator.timer({ every: 10, name: 'broken' }, () => {
    ticks += 1;
    if (ticks === 1) throw new Error('first');
    return ticks === 2 ? Promise.reject(new Error('second')) : undefined;
  });
  await clock.advance(30);
  t.equal(ticks, 3);
  t.same(log.texts('error'), ['a tick failed: first', 'a tick failed: second']);
  t.equal(log.lines[0]?.fields.connection, 'broken');
});

t.test('a timer takes one of after and every', async t => {
  const { communicator } = worldOf(t);
  const tick = (): void => undefined;
  t.throws(() => communicator.timer({}, tick), { code: 'INVALID_VALUE' });
  t.throws(() => communicator.timer({ after: 1, every: 1 }, tick), { code: 'INVALID_VALUE' });
  t.throws(() => communicator.timer({ every: 0 }, tick), { code: 'OUT_OF_RANGE' });
  t.throws(() => communicator.timer({ after: Number.NaN }, tick), { code: 'OUT_OF_RANGE' });
  t.throws(() => communicator.timer({ after: -1 }, tick), { code: 'OUT_OF_RANGE' });
  t.same(communicator.connections, []);
});

t.test('on the system clock, a tick is never early and the grid holds', async t => {
  const { communicator } = worldOf(t);
  const start = performance.now();
  const at: number[] = [];
  const timer = communicator.timer({ every: 5 }, () => {
    at.push(performance.now() - start);
    if (at.length === 10) timer.stop();
  });
  await communicator.run();
  for (const [index, time] of at.entries()) t.ok(time > (index + 1) * 5 - 1.5, `tick ${index + 1} at ${time}`);
});

t.test('a signal is handled until it is stopped', async t => {
  const { communicator, log } = worldOf(t);
  const heard: string[] = [];
  const before = process.listenerCount('SIGHUP');
  const signal = communicator.signal('SIGHUP', name => {
    heard.push(name);
    if (heard.length === 2) throw new Error('broken');
    return heard.length === 3 ? Promise.reject(new Error('broken too')) : undefined;
  });
  t.equal(process.listenerCount('SIGHUP'), before + 1);
  for (const count of [1, 2, 3, 4]) {
    process.kill(process.pid, 'SIGHUP');
    await until(`signal ${count}`, () => heard.length === count);
  }
  t.same(heard, ['SIGHUP', 'SIGHUP', 'SIGHUP', 'SIGHUP']);
  t.equal(signal.snapshot().count, 4);
  await settled();
  t.same(log.texts('error'), ['handler of SIGHUP failed: broken', 'handler of SIGHUP failed: broken too']);
  await communicator.stop();
  t.equal(process.listenerCount('SIGHUP'), before);
  t.equal(signal.state, 'closed');
});

t.test('a signal that stops the communicator', async t => {
  const { communicator } = worldOf(t);
  const before = process.listenerCount('SIGHUP');
  communicator.timer({ every: 60_000 }, () => undefined);
  communicator.signal('SIGHUP', () => communicator.stop());
  const over = communicator.run();
  process.kill(process.pid, 'SIGHUP');
  t.equal(await over, true);
  t.equal(process.listenerCount('SIGHUP'), before);
});
