import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { ReopeningFile } from '../../../lib/logging/reopening-file.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';

const message = Symbol.for('message');

function write(file: ReopeningFile, line: string): void {
  file.log({ [message]: line }, () => undefined);
}

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);

t.test('loses no line and doubles none while another renames and reopens', { timeout: 60_000 }, async t => {
  const path = join(t.testdir(), 'service.log');
  const file = new ReopeningFile({ filename: path });
  t.teardown(() => file.close());
  const count = 100_000;
  let rotations = 0;
  for (let at = 0; at < count; at += 1) {
    write(file, `line ${at}`);
    if (at % 4_999 === 4_998) {
      rotations += 1;
      renameSync(path, `${path}.${String(rotations).padStart(2, '0')}`);
      setImmediate(() => file.reopen());
    }
    if (at % 97 === 0) await settled(1);
  }
  await settled(3);
  const old = readdirSync(dirname(path)).filter(name => name.startsWith('service.log.'));
  t.same([rotations, old.length], [20, 20]);
  const parts = [...old.toSorted(), 'service.log'].map(name => linesOf(join(dirname(path), name)));
  t.equal(parts.filter(({ length }) => length > 1000).length, 20, 'the lines are spread over the files');
  const lines = parts.flat();
  t.equal(lines.length, count, 'none lost, none doubled');
  t.equal(
    lines.findIndex((line, at) => line !== `line ${at}`),
    -1,
    'in their order',
  );
});

t.test('makes the folder of its file', async t => {
  const path = join(t.testdir(), 'a', 'b', 'service.log');
  const file = new ReopeningFile({ filename: path });
  write(file, 'one');
  file.close();
  t.same(linesOf(path), ['one']);
});

t.test('goes on behind what is in the file', async t => {
  const path = join(t.testdir({ 'service.log': 'before\n' }), 'service.log');
  const file = new ReopeningFile({ filename: path });
  write(file, 'after');
  file.close();
  t.same(linesOf(path), ['before', 'after']);
});

t.test('says where a file cannot be opened', async t => {
  const folder = t.testdir({ taken: 'a file' });
  t.throws(() => new ReopeningFile({ filename: join(folder, 'taken', 'service.log') }), {
    code: /^E(?:EXIST|NOTDIR)$/,
  });
  t.throws(() => new ReopeningFile({ filename: folder }), { code: 'EISDIR' });
});

t.test('writes at the end of the turn, and at once where much has come together', async t => {
  const path = join(t.testdir(), 'service.log');
  const file = new ReopeningFile({ filename: path });
  t.teardown(() => file.close());
  write(file, 'one');
  write(file, 'two');
  t.same(linesOf(path), []);
  await settled(1);
  t.same(linesOf(path), ['one', 'two']);
  write(file, 'x'.repeat(64 * 1024));
  t.equal(linesOf(path).length, 3, 'without waiting');
});

t.test('a reopen while the folder cannot be made keeps the old file', async t => {
  const folder = t.testdir({ log: {} });
  const path = join(folder, 'log', 'service.log');
  const file = new ReopeningFile({ filename: path });
  t.teardown(() => file.close());
  write(file, 'before');
  renameSync(join(folder, 'log'), join(folder, 'old'));
  writeFileSync(join(folder, 'log'), 'in the way');
  write(file, 'meanwhile');
  t.throws(() => file.reopen(), { code: /^E(?:EXIST|NOTDIR)$/ });
  write(file, 'after');
  file.flush();
  t.same(linesOf(join(folder, 'old', 'service.log')), ['before', 'meanwhile', 'after']);
  rmSync(join(folder, 'log'));
  file.reopen();
  write(file, 'again');
  file.flush();
  t.same(linesOf(path), ['again'], 'the next reopen makes folder and file');
});

t.test('a folder that is gone is made again', async t => {
  const folder = t.testdir({ log: {} });
  const path = join(folder, 'log', 'service.log');
  const file = new ReopeningFile({ filename: path });
  t.teardown(() => file.close());
  rmSync(join(folder, 'log'), { recursive: true });
  file.reopen();
  write(file, 'one');
  file.flush();
  t.same(linesOf(path), ['one']);
});

t.test('close writes what waits, and may come twice', async t => {
  const path = join(t.testdir(), 'service.log');
  const listeners = process.listenerCount('exit');
  const file = new ReopeningFile({ filename: path });
  write(file, 'one');
  file.close();
  file.close();
  t.same(linesOf(path), ['one']);
  t.equal(process.listenerCount('exit'), listeners, 'and nothing is left behind');
});

t.test('a reopen after close opens nothing', async t => {
  const folder = t.testdir();
  const path = join(folder, 'service.log');
  const file = new ReopeningFile({ filename: path });
  file.close();
  rmSync(path);
  t.doesNotThrow(() => file.reopen());
  t.notOk(existsSync(path));
});

t.test('a full disk is told, and the lines are kept for the next try', { skip: !existsSync('/dev/full') }, async t => {
  const file = new ReopeningFile({ filename: '/dev/full' });
  const warnings: unknown[] = [];
  file.on('warn', error => warnings.push(error));
  write(file, 'one');
  file.flush();
  file.flush();
  t.match(warnings, [{ cause: { code: 'ENOSPC' } }, { cause: { code: 'ENOSPC' } }]);
  const folder = t.testdir();
  mkdirSync(join(folder, 'log'));
  Object.assign(file, { filename: join(folder, 'log', 'service.log') });
  file.reopen();
  write(file, 'two');
  file.close();
  t.same(linesOf(join(folder, 'log', 'service.log')), ['one', 'two']);
});
