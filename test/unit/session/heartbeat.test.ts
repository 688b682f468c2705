// Whether the other side lives, on times that the test gives.

import fc from 'fast-check';
import t from 'tap';
import { Heartbeat, heartbeatDefaults } from '../../../lib/session/index.ts';

t.test('asks after 5 s of silence, asks again, and finds the other side dead at 15 s', async t => {
  t.same(heartbeatDefaults, { ask: 5_000, dead: 15_000 });
  const heart = new Heartbeat(heartbeatDefaults, 0);
  const found: [number, string][] = [];
  for (let check = 0; check < 3; check += 1) found.push([heart.due, heart.check(heart.due)]);
  t.same(found, [
    [5_000, 'ask'],
    [10_000, 'ask'],
    [15_000, 'dead'],
  ]);
  t.equal(heart.silence(15_000), 15_000);
});

t.test('what is heard moves the next question, to the millisecond', async t => {
  const heart = new Heartbeat(heartbeatDefaults, 0);
  heart.heard(4_999);
  t.equal(heart.check(5_000), 'alive');
  t.equal(heart.due, 9_999);
  t.equal(heart.check(9_998), 'alive', 'a check that comes early finds nothing');
  t.equal(heart.check(9_999), 'ask');
  heart.heard(10_000);
  t.equal(heart.check(14_999), 'alive');
  t.equal(heart.silence(15_000), 5_000);
});

t.test('what is heard after the question makes it dead 15 s later, not before', async t => {
  const heart = new Heartbeat(heartbeatDefaults, 0);
  t.equal(heart.check(5_000), 'ask');
  heart.heard(5_001);
  t.equal(heart.check(10_000), 'alive');
  t.equal(heart.check(10_001), 'ask');
  t.equal(heart.check(15_001), 'ask');
  t.equal(heart.check(20_000), 'alive');
  t.equal(heart.check(20_001), 'dead');
});

t.test('a check within the last moments before the end asks only when a question is due', async t => {
  const heart = new Heartbeat({ ask: 100, dead: 150 }, 0);
  t.equal(heart.check(100), 'ask');
  t.equal(heart.due, 150, 'the end comes before the next question');
  t.equal(heart.check(149), 'alive');
  t.equal(heart.check(150), 'dead');
});

t.test('a check that is more than a fifth of the question late listens first: this process was stopped', async t => {
  const stopped = new Heartbeat(heartbeatDefaults, 0);
  t.equal(stopped.check(3_600_000), 'ask', 'an hour later');
  t.equal(stopped.silence(3_600_000), 5_000);
  t.equal(stopped.check(stopped.due), 'ask');
  t.equal(stopped.due, 3_610_000);
  t.equal(stopped.check(3_610_000), 'dead', 'it had 10 s to say something');
  const busy = new Heartbeat(heartbeatDefaults, 0);
  busy.check(5_000);
  busy.check(10_000);
  t.equal(busy.check(16_000), 'dead', 'a second late is not stopped');
  const stalled = new Heartbeat(heartbeatDefaults, 0);
  stalled.check(5_000);
  stalled.check(10_000);
  t.equal(stalled.check(16_001), 'ask');
});

t.test('what was read before the late check counts from when it was read', async t => {
  const heart = new Heartbeat(heartbeatDefaults, 0);
  heart.heard(60_000);
  t.equal(heart.check(60_010), 'alive');
  t.equal(heart.due, 65_000);
});

t.test('deaf: silence does not count, and it asks each time', async t => {
  const heart = new Heartbeat(heartbeatDefaults, 0);
  for (let now = 5_000; now <= 100_000; now += 5_000) {
    t.equal(heart.due, now);
    t.equal(heart.deaf(now), 'ask');
  }
  t.equal(heart.check(105_000), 'ask', 'after it, the silence is counted from the last deaf check');
  t.equal(heart.check(110_000), 'ask');
  t.equal(heart.check(115_000), 'dead');
});

/** Moves of time, and what happens then. */
const moves = fc.array(
  fc.record({ late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 40_000 })), heard: fc.boolean() }),
  { maxLength: 50 },
);

t.test('whatever happens: the next check lies ahead, and death needs as much silence as it says', async t => {
  const limits = fc
    .integer({ min: 2, max: 60_000 })
    .chain(dead => fc.record({ dead: fc.constant(dead), ask: fc.integer({ min: 1, max: dead - 1 }) }));
  const check = (): void => {
    fc.assert(
      fc.property(limits, moves, ({ ask, dead }, list) => {
        const heart = new Heartbeat({ ask, dead }, 0);
        let heard = 0;
        let now = 0;
        for (const move of list) {
          now = heart.due + move.late;
          if (move.heard) {
            heart.heard(now);
            heard = now;
          }
          const finding = heart.check(now);
          if (finding === 'dead') return now - heard >= dead && move.late <= ask * 0.2;
          if (finding === 'ask' && now - heard < ask) return false;
          if (heart.due <= now) return false;
        }
        return true;
      }),
    );
  };
  t.doesNotThrow(check);
});

t.test('a side that answers each question is never found dead', async t => {
  const check = (): void => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { maxLength: 100 }), delays => {
        const heart = new Heartbeat(heartbeatDefaults, 0);
        for (const delay of delays) {
          const now = heart.due;
          const finding = heart.check(now);
          if (finding === 'dead') return false;
          if (finding === 'ask') {
            for (let then = now + delay; heart.due < then; ) if (heart.check(heart.due) === 'dead') return false;
            heart.heard(now + delay);
          }
        }
        return true;
      }),
    );
  };
  t.doesNotThrow(check);
});
