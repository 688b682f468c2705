import t from 'tap';
import type { Cancel, Clock } from '../../../lib/base/clock.ts';
import { sleep, systemClock } from '../../../lib/base/clock.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

const day = 86_400_000;

interface Timeouts {
  /** The ms that setTimeout was asked for. */
  readonly asked: readonly number[];
  readonly cleared: readonly unknown[];
  /** Lets time pass up to the last of them, or so many ms too early, and runs it. */
  readonly fire: (early?: number) => void;
}

/** Runs `body` with a setTimeout and a time that move when they are told. */
function withTimeouts(body: (timeouts: Timeouts) => void): void {
  const real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  const asked: number[] = [];
  const cleared: unknown[] = [];
  let now = 12_345.678;
  let last: () => void = () => undefined;
  const set = (run: () => void, ms: number): number => {
    last = run;
    return asked.push(ms);
  };
  const fire = (early = 0): void => {
    now += (asked.at(-1) ?? 0) - early;
    last();
  };
  Object.assign(globalThis, { setTimeout: set, clearTimeout: (timer: unknown) => cleared.push(timer) });
  Object.defineProperty(performance, 'now', { value: () => now, configurable: true });
  try {
    body({ asked, cleared, fire });
  } finally {
    Object.assign(globalThis, real);
    Reflect.deleteProperty(performance, 'now');
  }
}

t.test('waits longer than setTimeout can are taken in steps, and end once', async t => {
  withTimeouts(({ asked, fire }) => {
    let runs = 0;
    systemClock.after(60 * day, () => {
      runs += 1;
    });
    while (runs === 0 && asked.length < 10) fire();
    t.equal(runs, 1);
    t.equal(asked.length, 3, '60 days are more than two times 2^31 ms');
    const sum = asked.reduce((all, ms) => all + ms, 0);
    t.ok(sum >= 60 * day && sum < 60 * day + 2, `${sum} ms`);
    t.ok(
      asked.every(ms => ms < 2 ** 31),
      'no step is longer than setTimeout takes',
    );
  });
});

t.test('a wait of 2^31 - 1 ms is one step', async t => {
  withTimeouts(({ asked, fire }) => {
    let runs = 0;
    systemClock.after(2 ** 31 - 1, () => {
      runs += 1;
    });
    fire();
    t.same([runs, ...asked], [1, 2 ** 31 - 1]);
  });
});

t.test('a timeout that fires too early is waited for again', async t => {
  withTimeouts(({ asked, fire }) => {
    let runs = 0;
    systemClock.after(100, () => {
      runs += 1;
    });
    fire(0.75);
    t.same([runs, asked.length], [0, 2]);
    fire();
    t.equal(runs, 1);
  });
});

t.test('an endless wait never falls due', async t => {
  withTimeouts(({ asked, fire }) => {
    systemClock.after(Number.POSITIVE_INFINITY, () => t.fail('it fell due'));
    for (let step = 0; step < 100; step += 1) fire();
    t.equal(asked.length, 101);
  });
});

t.test('cancel ends the step that is under way', async t => {
  withTimeouts(({ fire, cleared }) => {
    const cancel = systemClock.after(60 * day, () => t.fail('it fell due'));
    fire();
    cancel();
    cancel();
    t.same(cleared, [2, 2], 'the second step');
  });
});

t.test('the system clock does not run backwards, and its wall agrees with Date', async t => {
  const readings = Array.from({ length: 1000 }, () => systemClock.now());
  t.ok(readings.every((now, index) => index === 0 || now >= (readings[index - 1] ?? 0)));
  const before = Date.now();
  const wall = systemClock.wall();
  t.ok(wall > before - 60_000 && wall < Date.now() + 60_000, 'to a minute');
});

t.test('a wait of the system clock ends after its time', async t => {
  const start = systemClock.now();
  await new Promise<void>(resolve => void systemClock.after(20, resolve));
  t.ok(systemClock.now() - start >= 20, 'and not before');
});

t.test('sleep resolves when its time is over, and listens no longer', async t => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  let done = false;
  const sleeping = sleep(clock, 1000, controller.signal).then(() => {
    done = true;
  });
  await clock.advance(999);
  t.equal(done, false);
  await clock.advance(1);
  t.equal(done, true);
  controller.abort(new Error('too late'));
  await t.resolves(sleeping);
});

t.test('sleep rejects with the reason of the abort, at once, and leaves no timer behind', async t => {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const reason = new Error('enough');
  const sleeping = sleep(clock, 1000, controller.signal);
  t.equal(clock.waiting, 1);
  controller.abort(reason);
  t.equal(clock.waiting, 0);
  await t.rejects(sleeping, reason);
});

t.test('sleep does not begin where the signal is aborted already', async t => {
  const reason = new Error('before');
  const asked: number[] = [];
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    after: (ms): Cancel => {
      asked.push(ms);
      return () => undefined;
    },
  };
  await t.rejects(sleep(clock, 1000, AbortSignal.abort(reason)), reason);
  t.same(asked, []);
});
