// The program that tells systemd is missing, fails or hangs: one line in the log, one child at a time.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Systemd } from '../../../lib/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';
import type { World } from '../../support/world.ts';
import { until, world } from '../../support/world.ts';

interface Stage extends World {
  readonly source: Systemd;
  readonly clock: VirtualClock;
  /** What the program was called with, a line each. */
  readonly calls: () => string[];
}

/** A communicator that runs, with a program of a shell's lines (which find CALLS) in the place of systemd-notify. */
function stage(t: Test, script: string, environment: Record<string, string> = { NOTIFY_SOCKET: '/nowhere' }): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'ed-notifier-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const calls = join(folder, 'calls');
  const program = join(folder, 'program');
  writeFileSync(program, `#!/bin/sh\nCALLS=${calls}\necho "$*" >> $CALLS\n${script}\n`, { mode: 0o755 });
  const clock = new VirtualClock();
  const made = world({ clock });
  const source = made.communicator.systemd({ program, environment: { PATH: process.env.PATH, ...environment } });
  const timer = made.communicator.timer({ every: 1_000_000 }, () => undefined);
  t.teardown(() => {
    timer.destroy();
    source.destroy();
  });
  // A file that was just made is empty for a moment.
  const lines = (): string[] =>
    readFileSync(calls, 'utf8')
      .split('\n')
      .filter(line => line !== '');
  const read = (): string[] => (existsSync(calls) ? lines() : []);
  return { ...made, source, clock, calls: read };
}

const notifier = ({ source }: Stage): unknown => source.snapshot().notifier;
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // One that has ended and was not waited for yet is there, and is no more.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

t.test('where the program is missing, one line says so, and the service goes on', async t => {
  const { communicator, log } = world();
  const environment = { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere/at/all', WATCHDOG_USEC: '20000' };
  const source = communicator.systemd({ environment });
  let ticks = 0;
  const timer = communicator.timer({ every: 20 }, () => {
    ticks += 1;
  });
  const run = communicator.run();
  await until('it is known', () => source.snapshot().notifier === 'mute');
  source.status('goes on');
  await until('the service goes on', () => ticks >= 5);
  t.equal(source.state, 'ready');
  t.match(log.texts('error'), [
    /^NOTIFY_SOCKET is set, but systemd-notify cannot be run: spawn systemd-notify ENOENT: .*the service goes on/,
  ]);
  t.equal(log.texts('error').length, 1);
  communicator.remove(timer);
  t.equal(await run, true);
});

t.test('without NOTIFY_SOCKET nothing is ever run', async t => {
  const made = stage(t, 'exit 0', { WATCHDOG_USEC: '20000' });
  const { communicator, source, clock, calls } = made;
  const run = communicator.run();
  t.equal(source.state, 'ready');
  source.status('nobody hears it');
  await source.reload(() => undefined);
  await clock.advance(1_000);
  await communicator.stop();
  await run;
  t.same(calls(), []);
  t.equal(notifier(made), 'none');
});

t.test('a child that hangs is alone, and is killed; the newest is said then', async t => {
  const made = stage(t, 'if [ $(wc -l < $CALLS) = 1 ]; then exec sleep 1000; fi');
  const { communicator, source, clock, calls, log } = made;
  void communicator.run();
  await until('it was called', () => calls().length === 1);
  t.same(calls(), ['READY=1']);
  for (let index = 0; index < 100; index += 1) {
    source.status(`status ${index}`);
    await source.reload(() => undefined);
  }
  await clock.advance(7_900);
  t.same(calls(), ['READY=1'], 'no second child beside it');
  t.equal(notifier(made), 'busy');
  await clock.advance(100);
  await until('it is killed', () => notifier(made) === 'resting');
  t.match(log.texts('warn'), ['systemd was not told READY=1: it took longer than 8000 ms']);
  await clock.advance(1_000);
  await until('the rest was said', () => calls().length >= 3 && notifier(made) === 'free');
  const [, second = '', third = '', ...more] = calls();
  t.match(second, /^RELOADING=1 MONOTONIC_USEC=\d+ STATUS=status 99$/);
  t.same([third, more], ['READY=1', []], 'of two hundred words three were left');
});

t.test('a child that hangs at the end holds the process for 2 s at most', async t => {
  const made = stage(t, 'exec sleep 1000');
  const { communicator, clock, calls, log } = made;
  const run = communicator.run();
  await until('it was called', () => calls().length === 1);
  const stop = communicator.stop();
  await clock.advance(2_000);
  await stop;
  t.equal(await run, true);
  t.match(log.texts('warn'), ['systemd-notify did not end within 2000 ms']);
  t.same(calls(), ['READY=1']);
});

t.test('a child that hangs is gone with its owner', async t => {
  const made = stage(t, 'echo "$$" >> $CALLS; exec sleep 1000');
  const { communicator, source, calls } = made;
  void communicator.run();
  await until('it was called', () => calls().length === 2);
  const pid = Number(calls()[1]);
  t.ok(isAlive(pid));
  source.destroy();
  t.equal(source.state, 'closed');
  await until('it is gone', () => !isAlive(pid));
});

t.test('one that fails is logged once, and a state is said again, after 1 s, 2 s, 4 s', async t => {
  const made = stage(t, 'if [ $(wc -l < $CALLS) -lt 4 ]; then echo "no such socket" >&2; exit 1; fi');
  const { communicator, source, clock, calls, log } = made;
  void communicator.run();
  for (const [count, pause] of [1_000, 2_000, 4_000].entries()) {
    await until('it has failed', () => notifier(made) === 'resting');
    t.same(calls(), Array(count + 1).fill('READY=1'));
    await clock.advance(pause - 1);
    t.equal(notifier(made), 'resting');
    await clock.advance(1);
  }
  await until('it was told', () => source.snapshot().told === 1);
  t.same(calls(), Array(4).fill('READY=1'));
  t.same(log.texts('warn'), ['systemd was not told READY=1: no such socket']);
  t.match(source.snapshot(), { failed: 3, told: 1, notifier: 'free' });
});

t.test('a status that could not be said is not repeated', async t => {
  const made = stage(t, 'if [ $(wc -l < $CALLS) = 2 ]; then exit 3; fi');
  const { communicator, source, clock, calls, log } = made;
  void communicator.run();
  await until('READY was said', () => source.snapshot().told === 1);
  source.status('once');
  await until('it has failed', () => notifier(made) === 'resting');
  await clock.advance(60_000);
  t.same(calls(), ['READY=1', 'STATUS=once']);
  t.same(log.texts('warn'), ['systemd was not told STATUS=once: exit code 3']);
});

t.test('wrong options are refused', async t => {
  const { communicator } = world();
  t.throws(() => communicator.systemd({ ready: 'soon' as 'told' }), { code: 'INVALID_VALUE' });
  t.throws(() => communicator.systemd({ priority: 256 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => communicator.systemd({ watchdog: 1 } as object), { code: 'UNKNOWN_OPTION' });
});
