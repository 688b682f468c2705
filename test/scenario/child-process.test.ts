// Child processes: real ones, of node itself.

import t from 'tap';
import type { ChildExit, ChildOptions } from '../../lib/index.ts';
import { ChildProcess } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

const node = (program: string): string[] => [process.execPath, '-e', program];
const quick = { pause: { first: 1, most: 1 } };

t.test('a child that ends well ends, and its lines are in the log', async t => {
  const { communicator, log } = worldOf(t);
  const ends: ChildExit[] = [];
  const child = communicator.child(
    node('console.log("one\\ntwo\\r"); console.error("bad"); process.stdout.write("rest")'),
    {
      name: 'kid',
    },
  );
  child.on('exited', exit => ends.push(exit));
  t.equal(await communicator.run(), true);
  t.match(ends, [{ code: 0, signal: null }]);
  t.same(
    log.texts('info').filter(text => ['one', 'two', 'rest'].includes(text)),
    ['one', 'two', 'rest'],
  );
  t.same(log.texts('warn'), ['bad']);
  t.ok(log.lines.every(({ fields }) => fields.connection === 'kid'));
  t.match(child.snapshot(), { kind: 'child', state: 'closed', restarts: 0, code: 0 });
});

t.test('lines go to a function where there is one, cut where they are too long', async t => {
  const { communicator, log } = worldOf(t);
  const lines: string[] = [];
  const program = 'process.stdout.write("x".repeat(100000) + "\\n"); process.stderr.write("é\\n")';
  communicator.child(node(program), {
    line: (text, stream) => {
      lines.push(`${stream} ${text}`);
      throw new Error('no');
    },
  });
  await communicator.run();
  t.same(new Set(lines), new Set(['stderr é', `stdout ${'x'.repeat(8192)}…`]));
  t.equal(log.texts('error').filter(text => text === 'a line was not taken: no').length, 2);
});

t.test('a child that fails is started again, up to a number of times', async t => {
  const { communicator, log } = worldOf(t);
  const ends: ChildExit[] = [];
  const child = communicator.child(node('process.exit(3)'), { restart: { most: 3, ...quick } });
  child.on('exited', exit => ends.push(exit));
  await t.rejects(communicator.run(), {
    name: 'NetworkError',
    code: 'CHILD_FAILED',
    message: /was started 3 times within 60000 ms, last exit code 3/,
  });
  t.same(
    ends.map(({ code }) => code),
    [3, 3, 3],
  );
  t.match(child.snapshot(), { state: 'closed', restarts: 2, code: 3 });
  t.equal(log.texts('error').filter(text => text === 'ended: exit code 3').length, 3);
});

t.test('which ends count is a rule', async t => {
  const rows: readonly (readonly [ChildOptions['restart'], string, number])[] = [
    [{ when: 'never' }, 'process.exit(1)', 1],
    [{ when: 'failure' }, '', 1],
    [{ when: 'failure' }, 'process.kill(process.pid, "SIGKILL")', 2],
    [{ when: 'always' }, '', 2],
  ];
  for (const [restart, program, times] of rows) {
    const { communicator } = worldOf(t);
    let ends = 0;
    const child = communicator.child(node(program), { restart: { ...restart, most: 2, ...quick } });
    child.on('exited', () => {
      ends += 1;
    });
    await communicator.run().catch(() => undefined);
    t.equal(ends, times, `${JSON.stringify(restart)} ${program}`);
  }
});

t.test('what cannot be started is told, and counts as a failure', async t => {
  for (const [command, words] of [
    [['/nowhere/at/all'], /ENOENT/],
    [[process.execPath, 'a\0b'], /null bytes/],
  ] as const) {
    const { communicator } = worldOf(t);
    communicator.child(command, { restart: { most: 2, ...quick } });
    await t.rejects(communicator.run(), { code: 'CHILD_FAILED', message: words });
  }
  const { communicator } = worldOf(t);
  communicator.child(node(''), { cwd: '/nowhere/at/all', restart: { when: 'never' } });
  t.equal(await communicator.run(), true);
});

t.test('stop ends it with a signal, and its lines until then are kept', async t => {
  const { communicator, log } = worldOf(t);
  const program =
    'process.on("SIGTERM", () => { console.log("bye"); process.exit(0) }); console.log("up"); setInterval(() => 0, 1000)';
  const child = communicator.child(node(program));
  await until('it is up', () => log.texts('info').includes('up'));
  const { pid } = child;
  const { abandoned } = await communicator.stop();
  t.same(abandoned, []);
  t.ok(log.texts('info').includes('bye'));
  t.equal(child.state, 'closed');
  t.throws(() => process.kill(pid as number, 0), { code: 'ESRCH' });
});

t.test('a child that does not want to end is killed after its time', async t => {
  const { communicator, log } = worldOf(t);
  const program = 'process.on("SIGTERM", () => 0); console.log("up"); setInterval(() => 0, 1000)';
  const child = communicator.child(node(program), { drainTime: 50 });
  const ends: ChildExit[] = [];
  child.on('exited', exit => ends.push(exit));
  await until('it is up', () => log.texts('info').includes('up'));
  await communicator.stop();
  t.match(ends, [{ code: null, signal: 'SIGKILL' }]);
  t.ok(log.texts('warn').includes('it did not end within 50 ms: SIGKILL'));
});

t.test('destroyed while it runs, stopped while it waits, stopped by who hears that it ended', async t => {
  const { communicator, log } = worldOf(t);
  const running = communicator.child(node('console.log("up"); setInterval(() => 0, 1000)'));
  await until('it is up', () => log.texts('info').includes('up'));
  running.destroy();
  await until('it is gone', () => running.state === 'closed');
  const waiting = communicator.child(node('process.exit(1)'), {
    restart: { pause: { first: 1e6, most: 1e6, jitter: 0 } },
  });
  await until('it waits', () => waiting.state === 'pausing');
  waiting.stop();
  t.equal(waiting.state, 'closed');
  const third = communicator.child(node('process.exit(1)'), { restart: quick });
  third.on('exited', () => third.stop());
  t.equal(await communicator.run(), true);
  t.equal(third.snapshot().restarts, 0);
});

t.test('it sees the environment and the folder that it is given', async t => {
  const { communicator, log } = worldOf(t);
  process.env.ED_TEST_GONE = 'here';
  t.teardown(() => delete process.env.ED_TEST_GONE);
  const program = 'console.log(process.cwd(), process.env.ED_TEST_MORE, process.env.ED_TEST_GONE)';
  communicator.child(node(program), { cwd: '/', env: { ED_TEST_MORE: 'more', ED_TEST_GONE: undefined } });
  await communicator.run();
  t.ok(log.texts('info').includes('/ more undefined'));
});

t.test('a command of one text is split at blanks; wrong options are refused', async t => {
  const { communicator, log } = worldOf(t);
  communicator.child(`${process.execPath}  --version`);
  await communicator.run();
  t.ok(log.texts('info').includes(process.version));
  t.throws(() => new ChildProcess(''), { code: 'INVALID_VALUE' });
  t.throws(() => new ChildProcess([]), { code: 'INVALID_VALUE' });
  t.throws(() => new ChildProcess('x', { shell: true } as object), { code: 'UNKNOWN_OPTION' });
  t.throws(() => new ChildProcess('x', { restart: { most: 0 } }), { code: 'OUT_OF_RANGE' });
});
