// The rule of sessions, for arbitrary schedules of cuts, restarts and slow handlers: every accepted message ends in
// exactly one fate; confirmed means handled at least once, and without restarts exactly once; first in, first out.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Step } from './session-schedule.ts';
import { Schedule } from './session-schedule.ts';

const runs = Number(process.env.SESSION_RUNS ?? 100);
const seed = process.env.SESSION_SEED === undefined ? Date.now() % 1_000_000_007 : Number(process.env.SESSION_SEED);

const cut = fc.record({
  direction: fc.constantFrom('out' as const, 'in' as const),
  bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 60, max: 600 })),
  kind: fc.constantFrom('reset' as const, 'reset' as const, 'end' as const),
});
const sends = fc.record({
  kind: fc.constantFrom('client' as const, 'server' as const),
  count: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 150 })),
});
const wait = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 400 }), fc.constant(6_000));
const quiet: fc.Arbitrary<Step>[] = [
  sends,
  sends,
  wait.map(ms => ({ kind: 'wait' as const, ms })),
  wait.map(ms => ({ kind: 'wait' as const, ms })),
  cut.map(what => ({ kind: 'cut' as const, what })),
  cut.map(what => ({ kind: 'trap' as const, what })),
];
const restart = fc.constantFrom<Step>({ kind: 'restart', how: 'crash' }, { kind: 'restart', how: 'stop' });

const world = fc.record({
  concurrency: fc.constantFrom(1, 4),
  delays: fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 50 }), fc.constant(400)), {
    minLength: 1,
    maxLength: 5,
  }),
});

async function check(steps: fc.Arbitrary<Step>, rule: (schedule: Schedule) => void): Promise<void> {
  const property = fc.asyncProperty(world, fc.array(steps, { maxLength: 25 }), async (how, list) => {
    const schedule = new Schedule(how);
    try {
      await schedule.run(list);
      schedule.ended();
      rule(schedule);
    } finally {
      schedule.destroy();
    }
    await schedule.over();
  });
  await fc.assert(property, {
    numRuns: runs,
    seed,
    includeErrorInReport: true,
    endOnFailure: process.env.SESSION_SHRINK === undefined,
  });
}

t.test('without restarts every message is handled once, in its order, and confirmed', { timeout: 0 }, async t => {
  await check(fc.oneof(...quiet), ({ fromClient, fromServer }) => {
    for (const stream of [fromClient, fromServer]) {
      assert.deepEqual(
        stream.handled,
        stream.sent.map((_, number) => number),
      );
      assert.ok(stream.sent.every(fate => fate === 'exactly-once-per-session'));
    }
  });
  t.pass(`seed ${seed}`);
});

t.test('with restarts every message has one fate, and what was confirmed was handled', { timeout: 0 }, async t => {
  await check(fc.oneof(...quiet, restart), ({ fromClient, fromServer }) => {
    for (const stream of [fromClient, fromServer]) {
      const handled = new Set(stream.handled);
      stream.sent.forEach((fate, number) => {
        if (fate === 'exactly-once-per-session') assert.ok(handled.has(number), `${number} is confirmed, not handled`);
        else assert.equal(fate, 'ABANDONED');
      });
    }
    assert.ok(
      fromClient.sent.every(fate => fate === 'exactly-once-per-session'),
      'the client sends again',
    );
  });
  t.pass(`seed ${seed}`);
});
