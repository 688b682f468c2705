// A spool in a real folder: who may have it, who may read it, and what happens when its disk is full.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Spool } from '../../../lib/spool/index.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'spool-folder-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

const settled = (spool: Spool): Promise<void> => until('settled', () => spool.settled);

t.test('the folder is for its owner alone, and what is in it', async t => {
  const directory = join(folder(t), 'a/b');
  const spool = await Spool.open({ directory });
  spool.session({ id: 'key', secret: 'quiet', epoch: undefined });
  await settled(spool);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  await until('the reserve is there', () => readdirSync(directory).includes('reserve'));
  const names = readdirSync(directory);
  t.same(names.sort(), ['000000000001.spool', 'lock', 'reserve'].sort());
  for (const name of names.filter(name => name !== 'reserve')) {
    t.equal(statSync(join(directory, name)).mode & 0o777, 0o600, name);
  }
  await spool.close();
  t.notOk(existsSync(join(directory, 'lock')));
});

t.test('a second process is refused while the first lives, and takes over when it is killed', async t => {
  const directory = folder(t);
  const program = start(t, 'test/scenario/spool/spool-child', [directory]);
  await until('it has the folder', () => program.out !== '');
  const words = new RegExp(`in use by process ${program.child.pid}`);
  await t.rejects(Spool.open({ directory }), { name: 'UsageError', code: 'SPOOL_LOCKED', message: words });
  program.child.kill('SIGKILL');
  await program.ended;
  t.ok(existsSync(join(directory, 'lock')), 'its lock is still there');
  const spool = await Spool.open({ directory });
  await t.rejects(Spool.open({ directory }), { code: 'SPOOL_LOCKED', message: /in use by this process/ });
  await spool.close();
  t.same(
    readdirSync(directory).filter(name => name.startsWith('lock')),
    [],
  );
});

t.test('a lock of a process that is no more, or that began at another time, counts for nothing', async t => {
  const directory = folder(t);
  const gone = spawn('true');
  await once(gone, 'exit');
  for (const words of [`${gone.pid} 1 - 1\n`, `${process.pid} 1 - 1\n`, 'nonsense', '']) {
    writeFileSync(join(directory, 'lock'), words);
    const spool = await Spool.open({ directory });
    t.equal(readFileSync(join(directory, 'lock'), 'latin1').split(' ')[0], String(process.pid));
    await spool.close();
  }
});

t.test('a folder that cannot be made is a trouble with the disk', async t => {
  const path = join(folder(t), 'file');
  writeFileSync(path, '');
  await t.rejects(Spool.open({ directory: join(path, 'spool') }), { name: 'NetworkError', code: 'SPOOL_FAILED' });
});

t.test('a folder that is there keeps its mode', async t => {
  const directory = join(folder(t), 'mine');
  mkdirSync(directory);
  chmodSync(directory, 0o750);
  await (await Spool.open({ directory })).close();
  t.equal(statSync(directory).mode & 0o777, 0o750);
});

/** A disk of 512 KiB; undefined where this user may not mount one. */
function smallDisk(t: Test): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'spool-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmSync(path, { recursive: true });
    return undefined;
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', path]);
    rmSync(path, { recursive: true });
  });
  return path;
}

t.test('a real disk that is full refuses, loses nothing, and goes on when confirmations make room', async t => {
  const directory = smallDisk(t);
  if (directory === undefined) return t.comment('no disk may be mounted here; unit/spool/full.test.ts has its own');
  const spool = await Spool.open({ directory, segment: 32_768, bytes: 16 * 1024 * 1024 });
  spool.session({ id: 'key', secret: 'quiet', epoch: undefined });
  while (spool.trouble === undefined) {
    for (let count = 0; count < 50; count += 1) spool.store('x'.repeat(500));
    await until('settled or full', () => spool.settled || spool.trouble !== undefined);
  }
  t.match(spool.trouble, { code: 'SPOOL_FULL', cause: { code: 'ENOSPC' } });
  t.throws(() => spool.store('MORE'), { name: 'LimitError', code: 'SPOOL_FULL' });
  const { durable, length } = spool;
  t.ok(durable > 300 && length > durable, `${durable} of ${length} are durable`);
  spool.confirmed(durable);
  await until('there is room again', () => spool.trouble === undefined && spool.settled);
  t.equal(spool.durable, length, 'and what had waited is there');
  const id = spool.store('MORE');
  await settled(spool);
  await spool.abandon();
  const next = await Spool.open({ directory, segment: 32_768, bytes: 16 * 1024 * 1024 });
  t.match(next.recovered, { confirmed: durable, damaged: [], cut: 0, messages: { length: length - durable + 1 } });
  t.match(next.recovered.messages.at(-1), { id, line: 'MORE' });
  await next.close();
});
