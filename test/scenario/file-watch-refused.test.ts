// What the system refuses a watch: more watches than its limit, folders that may not be read.

import { execFileSync } from 'node:child_process';
import fs, { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join, resolve } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Change } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

/** The system has no watch left for these folders. */
function exhaust(t: Test, isRefused: (folder: string) => boolean): void {
  const { watch } = fs;
  const restore = (): void => {
    fs.watch = watch;
    syncBuiltinESMExports();
  };
  t.teardown(restore);
  fs.watch = ((folder: string, ...rest: [() => void]) => {
    if (!isRefused(folder)) return watch(folder, ...rest);
    const words = `ENOSPC: System limit for number of file watchers reached, watch '${folder}'`;
    throw Object.assign(new Error(words), { code: 'ENOSPC' });
  }) as typeof fs.watch;
  syncBuiltinESMExports();
}

for (const [which, isRefused] of [
  ['all', () => true],
  ['one of two', (folder: string) => folder.endsWith('inside')],
] as const) {
  t.test(`past the system's limit of watches it looks by itself, and says so once: ${which}`, async t => {
    exhaust(t, isRefused);
    const folder = t.testdir({ inside: {} });
    const { communicator, log } = worldOf(t);
    const seen: Change[] = [];
    const watch = communicator.watch(folder, change => void seen.push(change), { recursive: true, settle: 1 });
    await watch.ready;
    for (const name of ['one', 'two']) {
      const path = join(folder, 'inside', name);
      writeFileSync(path, 'x');
      await until(`${name} is seen`, () => seen.some(change => change.kind === 'created' && change.path === path));
    }
    const errors = log.texts('error');
    t.equal(errors.length, which === 'all' ? 2 : 1, 'once for each folder');
    for (const words of errors)
      t.match(words, /ENOSPC.*\(see fs\.inotify\.max_user_watches\).*looked at each 1000 ms$/);
    t.equal(watch.snapshot().polled, 1_000);
    watch.stop();
  });
}

/** Root may read everything, so it becomes somebody else. */
const nobody = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];

/** Watches as somebody who may not read everything, and gives the outcome of `ready` and the errors of the log. */
function watchedByNobody(folder: string): { outcome: string; errors: string[] } {
  const program = `
    import { Communicator } from ${JSON.stringify(resolve('dist/lib/index.js'))};
    const errors = [];
    const logger = { log: (severity, text) => void (severity === 'error' && errors.push(text)), isLevelEnabled: () => true };
    const watch = new Communicator({ logger }).watch(${JSON.stringify(folder)}, () => undefined, { recursive: true });
    const outcome = await watch.ready.then(() => 'watches', error => error.code);
    watch.stop();
    process.stdout.write(JSON.stringify({ outcome, errors }));`;
  const [command = '', ...rest] = [...nobody, process.execPath, '--input-type=module', '-e', program];
  const out = execFileSync(command, rest, { encoding: 'utf8' });
  return JSON.parse(out) as { outcome: string; errors: string[] };
}

t.test('a folder inside that may not be read is told, and the others are watched', async t => {
  const folder = t.testdir({ open: {} });
  mkdirSync(join(folder, 'closed'));
  chmodSync(join(folder, 'closed'), 0);
  const { outcome, errors } = watchedByNobody(folder);
  t.equal(outcome, 'watches');
  t.match(errors, [/^cannot read .*closed: EACCES: permission denied/]);
});

t.test('a folder that may not be read itself ends its watch at once', async t => {
  const folder = join(t.testdir({ closed: {} }), 'closed');
  chmodSync(folder, 0);
  const { outcome, errors } = watchedByNobody(folder);
  t.equal(outcome, 'WATCH_FAILED');
  t.match(errors, [/^cannot watch .*closed: EACCES: permission denied/]);
});
