// Time for many: deadlines of one length, and rounds that hold nobody up.

import t from 'tap';
import { Deadlines, Round } from '../../../lib/protocol/qio/server/pulse.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

t.test('deadlines of many have one timer, and come in their order', async t => {
  const clock = new VirtualClock();
  const late: string[] = [];
  const deadlines = new Deadlines<string>(clock, 100, one => {
    late.push(`${one} ${clock.now()}`);
    if (one === 'd') deadlines.set('again');
  });
  for (const one of ['a', 'b', 'c', 'd']) {
    deadlines.set(one);
    await clock.advance(10);
  }
  t.equal(clock.waiting, 1);
  deadlines.set('a');
  deadlines.clear('b');
  deadlines.clear('nobody');
  await clock.advance(1_000);
  t.same(late, ['c 120', 'd 130', 'a 140', 'again 230']);
  t.equal(clock.waiting, 0);
  deadlines.set('x');
  deadlines.clear('x');
  t.equal(clock.waiting, 0, 'nobody waits, no timer is left');
});

t.test('a round goes on in another turn when its time is over, and none begins meanwhile', async t => {
  let now = 0;
  const clock = { now: () => now, wall: () => now, after: () => () => undefined };
  const offered: number[] = [];
  const turns = {
    messages: 256,
    milliseconds: 5,
    offer: () => {
      offered.push(now);
      return true;
    },
  };
  const seen: number[] = [];
  const all = new Set(Array.from({ length: 100 }, (_, n) => n));
  const visit = (one: number): void => {
    seen.push(one);
    now += 0.25;
    if (one === 3) all.delete(50);
  };
  const round = new Round(all, visit, { turns, clock, priority: 7 });
  t.notOk(round.work(now), 'nothing is asked for');
  round.go();
  t.ok(round.work(now));
  t.equal(seen.length, 32, 'after 5 ms, looked at each 16');
  round.go();
  while (round.work(now)) t.ok(seen.length < 100);
  t.same(seen, [...all], 'each once, but for the one that went');
  t.equal(offered.length, 2);
});
