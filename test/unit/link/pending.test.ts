// Requests that wait for their answer: each has its own deadline, and one timer looks after all.

import t from 'tap';
import { Pending } from '../../../lib/protocol/link/session/pending.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

/** What became of each request, in the order of it. */
function stage() {
  const clock = new VirtualClock();
  const pending = new Pending(clock);
  const fates: string[] = [];
  const ask = (seq: number, timeout: number, signal?: AbortSignal): void => {
    pending.open(seq, 'x_response', { timeout, signal }).then(
      answer => fates.push(`${seq} ${String(answer)}`),
      (error: { code?: string; message: string }) =>
        fates.push(`${seq} ${error.code ?? error.message} at ${clock.now()}`),
    );
  };
  return { clock, pending, fates, ask };
}

t.test('each request is given up at its own deadline, whichever was asked first', async t => {
  const { clock, pending, fates, ask } = stage();
  ask(1, 5_000);
  ask(2, 1_000);
  await clock.advance(500);
  ask(3, 100);
  ask(4, 0);
  await clock.advance(10_000);
  const late = (seq: number, at: number): string => `${seq} REQUEST_TIMEOUT at ${at}`;
  t.same(fates, [late(4, 500), late(3, 600), late(2, 1_000), late(1, 5_000)]);
  t.equal(pending.size, 0);
  t.equal(clock.waiting, 0);
});

t.test('one timer looks after all, and is gone when nothing waits any more', async t => {
  const { clock, pending, fates, ask } = stage();
  for (let seq = 1; seq <= 100; seq += 1) {
    ask(seq, 5_000);
    pending.resolve(seq, 'ok');
    await clock.advance(10);
    t.ok(clock.waiting <= 1, `${clock.waiting} timers`);
  }
  ask(101, 5_000);
  await clock.advance(4_999);
  t.equal(fates.length, 100, 'the deadlines of those before it are none of its');
  await clock.advance(1);
  t.equal(fates.at(-1), '101 REQUEST_TIMEOUT at 6000');
  t.equal(clock.waiting, 0);
});

t.test(
  'what comes in the same moment is given up together; a crowd is not looked at more often than it costs',
  async t => {
    const { clock, pending, fates, ask } = stage();
    for (let seq = 1; seq <= 10_000; seq += 1) ask(seq, 1_000 + seq / 1_000);
    t.equal(clock.waiting, 1);
    await clock.advance(1_000 + 10 + 10);
    t.equal(fates.length, 10_000);
    t.equal(pending.size, 0);
    const late = fates.map(fate => Number(fate.split(' at ')[1]));
    t.ok(
      late.every((at, index) => at >= 1_000 + (index + 1) / 1_000),
      'none too early',
    );
    t.ok(new Set(late).size < 100, `${new Set(late).size} looks`);
  },
);

t.test('an end rejects all and leaves no timer; a signal gives up its own', async t => {
  const { clock, pending, fates, ask } = stage();
  const stop = new AbortController();
  ask(1, 5_000);
  ask(2, 5_000, stop.signal);
  stop.abort(new Error('enough'));
  await clock.advance(1);
  t.same(fates, ['2 enough at 0']);
  t.ok(pending.awaits(2, 'x_response'), 'its answer may still come');
  pending.rejectAll(type => new Error(`no ${type}`));
  await clock.advance(1);
  t.equal(fates.at(-1), '1 no x_response at 1');
  t.equal(clock.waiting, 0);
});
