import t from 'tap';
import type { QueueLimits } from '../../../lib/base/queue.ts';
import { BoundedQueue, queueDefaults } from '../../../lib/base/queue.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

interface Scene {
  readonly clock: VirtualClock;
  readonly queue: BoundedQueue<string>;
  /** `item code` of what left without being taken, in order. */
  readonly lost: string[];
}

function scene(limits: Partial<QueueLimits> = {}): Scene {
  const clock = new VirtualClock();
  const lost: string[] = [];
  const given = { ...queueDefaults, ...limits };
  const queue = new BoundedQueue<string>(given, clock, (item, { code }) => lost.push(`${item} ${code}`));
  return { clock, queue, lost };
}

const fill = (queue: BoundedQueue<string>, items: string, bytes = 1): void => {
  for (const item of items) queue.push(item, bytes);
};

function drain(queue: BoundedQueue<string>): string {
  let all = '';
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) all += item;
  return all;
}

const full = { name: 'LimitError', code: 'OUTBOX_FULL' };

t.test('has the stated limits by default', async t => {
  t.same(queueDefaults, { count: 10_000, bytes: 16 * 1024 * 1024, age: 300_000, whenFull: 'reject' });
});

t.test('first in, first out, however pushes and shifts are mixed', async t => {
  const { queue, lost } = scene();
  let out = '';
  for (const letters of ['abc', 'd', 'efghij', 'k']) {
    fill(queue, letters);
    out += queue.shift();
    out += queue.shift() ?? '';
  }
  t.equal(out + drain(queue), 'abcdefghijk');
  t.equal(queue.shift(), undefined);
  t.same([queue.length, queue.bytes, lost.length], [0, 0, 0]);
});

t.test('counts its entries and bytes', async t => {
  const { queue } = scene();
  fill(queue, 'ab', 7);
  queue.push('c', 0);
  t.same([queue.length, queue.bytes], [3, 14]);
  queue.shift();
  t.same([queue.length, queue.bytes], [2, 7]);
});

t.test('reject: refuses what is too much, and keeps what it has', async t => {
  const { queue, lost } = scene({ count: 2 });
  fill(queue, 'ab');
  t.throws(() => queue.push('c', 1), { ...full, message: 'outbox full (2 messages, 2 bytes): refused' });
  t.same([drain(queue), lost.length], ['ab', 0], 'the caller knows; nothing is reported twice');
  queue.push('d', 1);
  t.equal(drain(queue), 'd', 'there is room again');
});

t.test('drop-oldest: makes room at the front, and reports each', async t => {
  const { queue, lost } = scene({ count: 2, whenFull: 'drop-oldest' });
  fill(queue, 'abcd');
  t.same(lost, ['a DROPPED', 'b DROPPED']);
  t.equal(drain(queue), 'cd');
});

t.test('drop-newest: reports the one that came, and keeps the others', async t => {
  const { queue, lost } = scene({ count: 2, whenFull: 'drop-newest' });
  fill(queue, 'abcd');
  t.same(lost, ['c DROPPED', 'd DROPPED']);
  t.equal(drain(queue), 'ab');
});

t.test('bytes are a limit as entries are', async t => {
  const refusing = scene({ bytes: 10 });
  fill(refusing.queue, 'ab', 5);
  t.throws(() => refusing.queue.push('c', 1), full);
  t.doesNotThrow(() => refusing.queue.push('d', 0), 'nothing still fits');
  const dropping = scene({ bytes: 10, whenFull: 'drop-oldest' });
  fill(dropping.queue, 'abcd', 3);
  t.same(dropping.lost, ['a DROPPED']);
  dropping.queue.push('e', 10);
  t.same(dropping.lost, ['a DROPPED', 'b DROPPED', 'c DROPPED', 'd DROPPED'], 'as many as it takes');
  t.same([drain(dropping.queue), dropping.queue.bytes], ['e', 0]);
});

t.test('what is larger than the whole queue is refused, and nobody is dropped for it', async t => {
  for (const whenFull of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    const { queue, lost } = scene({ bytes: 10, whenFull });
    fill(queue, 'ab', 5);
    t.throws(() => queue.push('c', 11), full, whenFull);
    t.same([drain(queue), lost.length], ['ab', 0], whenFull);
  }
});

t.test('a queue for nothing takes nothing', async t => {
  for (const whenFull of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    const { queue } = scene({ count: 0, whenFull });
    t.throws(() => queue.push('a', 0), full, whenFull);
    t.equal(queue.length, 0);
  }
});

t.test('what has waited too long is dropped and reported, the younger stays', async t => {
  const { clock, queue, lost } = scene({ age: 1000 });
  queue.push('a', 1);
  await clock.advance(600);
  queue.push('b', 1);
  t.equal(queue.nextExpiry, 400);
  await clock.advance(399);
  queue.expire();
  t.same(lost, [], 'not one ms too early');
  await clock.advance(1);
  queue.expire();
  t.same(lost, ['a EXPIRED']);
  t.equal(queue.nextExpiry, 600);
  await clock.advance(5000);
  queue.expire();
  t.same(lost, ['a EXPIRED', 'b EXPIRED']);
  t.same([queue.length, queue.bytes, queue.nextExpiry], [0, 0, undefined]);
});

t.test('a full queue of old entries has room', async t => {
  for (const whenFull of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    const { clock, queue, lost } = scene({ age: 1000, count: 2, whenFull });
    fill(queue, 'ab');
    await clock.advance(1000);
    queue.push('c', 1);
    t.same([lost, drain(queue)], [['a EXPIRED', 'b EXPIRED'], 'c'], whenFull);
  }
});

t.test('the reason tells the age, and how full it was', async t => {
  const reasons: string[] = [];
  const clock = new VirtualClock();
  const limits = { ...queueDefaults, age: 1000, count: 1, whenFull: 'drop-newest' } as const;
  const queue = new BoundedQueue<string>(limits, clock, (_, { message }) => reasons.push(message));
  fill(queue, 'ab', 3);
  await clock.advance(1000);
  queue.expire();
  t.same(reasons, ['outbox full (1 messages, 3 bytes): the newest is dropped', 'not sent within 1000 ms']);
});

t.test('who hears of a drop may push again, and the limits hold', async t => {
  const clock = new VirtualClock();
  const limits = { ...queueDefaults, count: 3, whenFull: 'drop-oldest' } as const;
  const lost: string[] = [];
  const queue: BoundedQueue<string> = new BoundedQueue<string>(limits, clock, item => {
    lost.push(item);
    if (lost.length < 3) queue.push(item.toUpperCase(), 1);
  });
  fill(queue, 'abcd');
  t.same([queue.length, queue.bytes], [3, 3]);
  t.same([...lost, ...drain(queue)].length, 6, 'four and two more, each once');
});
