// Files that change: what is told, and that the last state is never missed.

import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Change, FileWatch, WatchOptions } from '../../lib/index.ts';
import { FileWatch as Watch } from '../../lib/index.ts';
import type { World } from '../support/world.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

interface Place extends World {
  readonly folder: string;
  readonly at: (name: string) => string;
  readonly told: string[];
  readonly watch: FileWatch;
  /** Waits until this was told, and gives all that was told since the last time. */
  readonly hears: (...texts: string[]) => Promise<string[]>;
}

async function place(t: Test, name = '', options: WatchOptions = {}, prepare = (_: string) => {}): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'watch-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  prepare(folder);
  const made = worldOf(t);
  const told: string[] = [];
  const short = (path: string): string => path.slice(folder.length + 1);
  const note = (change: Change): void => {
    const from = change.kind === 'renamed' ? ` from ${short(change.from)}` : '';
    told.push(`${change.kind} ${short(change.path)}${from}`);
  };
  const watch = made.communicator.watch(join(folder, name), note, { settle: 5, ...options });
  await watch.ready;
  const hears = async (...texts: string[]): Promise<string[]> => {
    await until(`${texts} in ${told}`, () => texts.every(text => told.includes(text)));
    const all = told.splice(0);
    t.ok(all.length >= texts.length, texts.join(', '));
    return all;
  };
  return { ...made, folder, at: name => join(folder, name), told, watch, hears };
}

t.test('a folder: created, changed, renamed, deleted', async t => {
  const { at, hears } = await place(t, '', {}, folder => writeFileSync(join(folder, 'old'), 'x'));
  writeFileSync(at('new'), '1');
  await hears('created new');
  writeFileSync(at('new'), '2');
  await hears('changed new');
  renameSync(at('new'), at('newer'));
  t.same(await hears('renamed newer from new'), ['renamed newer from new']);
  chmodSync(at('newer'), 0o600);
  await hears('changed newer');
  unlinkSync(at('newer'));
  await hears('deleted newer');
  mkdirSync(at('inside'));
  await hears('created inside');
});

t.test('a file, also when it is replaced, deleted and written anew', async t => {
  const { at, hears, told } = await place(t, 'app.conf', {}, folder => writeFileSync(join(folder, 'app.conf'), '1'));
  writeFileSync(at('app.conf.tmp'), '2');
  renameSync(at('app.conf.tmp'), at('app.conf'));
  await hears('changed app.conf');
  unlinkSync(at('app.conf'));
  await hears('deleted app.conf');
  writeFileSync(at('app.conf'), '3');
  await hears('created app.conf');
  writeFileSync(at('app.conf'), '4');
  await hears('changed app.conf');
  t.same(told, []);
});

t.test('a file that is not there yet', async t => {
  const { at, hears } = await place(t, 'later');
  writeFileSync(at('other'), 'x');
  writeFileSync(at('later'), 'x');
  t.same(await hears('created later'), ['created later']);
});

t.test('names by pattern', async t => {
  const { at, hears } = await place(t, '[a-c]*.con?');
  for (const name of ['x.conf', 'a.txt', 'b1.conf', '.conf']) writeFileSync(at(name), 'x');
  t.same(await hears('created b1.conf'), ['created b1.conf']);
});

t.test('folders inside, also those that come later with all that is in them', async t => {
  const { at, folder, hears, watch } = await place(t, '', { recursive: true }, folder => mkdirSync(join(folder, 'a')));
  writeFileSync(at('a/1'), 'x');
  await hears('created a/1');
  const other = mkdtempSync(join(tmpdir(), 'watch-other-'));
  t.teardown(() => rmSync(other, { recursive: true, force: true, maxRetries: 5 }));
  mkdirSync(join(other, 'b/c'), { recursive: true });
  writeFileSync(join(other, 'b/c/2'), 'x');
  renameSync(join(other, 'b'), join(folder, 'b'));
  await hears('created b', 'created b/c', 'created b/c/2');
  writeFileSync(at('b/c/2'), 'y');
  await hears('changed b/c/2');
  rmSync(at('b'), { recursive: true });
  await hears('deleted b', 'deleted b/c', 'deleted b/c/2');
  await until('its watches are gone', () => watch.snapshot().watches === 2);
  mkdirSync(at('b'));
  await hears('created b');
  await until('it is watched', () => watch.snapshot().watches === 3);
  writeFileSync(at('b/3'), 'x');
  await hears('created b/3');
});

t.test('a circle of links is no trouble, and a link is told with what it leads to', async t => {
  const { at, hears } = await place(t, '', { recursive: true }, folder => {
    mkdirSync(join(folder, '1'));
    mkdirSync(join(folder, '2'));
    for (const name of ['1', '2']) writeFileSync(join(folder, name, 'file'), name);
    symlinkSync(folder, join(folder, '1/circle'));
    symlinkSync('1', join(folder, 'data'));
    symlinkSync('data/file', join(folder, 'file'));
  });
  symlinkSync('2', at('data.new'));
  renameSync(at('data.new'), at('data'));
  await hears('changed data', 'changed file');
});

t.test('what is there at the start is told where that is asked for', async t => {
  const { hears, watch } = await place(t, '', { existing: true }, folder => writeFileSync(join(folder, 'x'), ''));
  t.same(await hears('created x'), ['created x']);
  t.match(watch.snapshot(), { kind: 'watch', entries: 1, folders: 1, watches: 1, changes: 1 });
});

t.test('the last state is never missed, whatever happens before', async t => {
  const seen = new Map<string, string>();
  const { at, watch, told, folder } = await place(t, '', { settle: 1 });
  for (let round = 0; round < 300; round += 1) {
    const name = `f${round % 7}`;
    if (round % 5 === 3) rmSync(at(name), { force: true });
    else writeFileSync(at(name), String(round));
    seen.set(name, round % 5 === 3 ? 'gone' : 'here');
    if (round % 11 === 0) await new Promise(resolve => setImmediate(resolve));
  }
  const last = (name: string): string | undefined => told.filter(text => text.split(' ')[1] === name).at(-1);
  for (const [name, state] of seen) {
    await until(`${name} ${state} in ${folder}, last ${last(name)}`, () => {
      const text = last(name);
      return state === 'gone'
        ? text === undefined || text.startsWith('deleted')
        : text !== undefined && !text.startsWith('deleted');
    });
  }
  t.equal(watch.state, 'watching');
});

t.test('a second write within the grain of the time is told', async t => {
  const { at, hears } = await place(t, 'x', { settle: 0 }, folder => writeFileSync(join(folder, 'x'), '0'));
  for (let round = 0; round < 20; round += 1) {
    writeFileSync(at('x'), 'a');
    await hears('changed x');
    writeFileSync(at('x'), 'b');
    await hears('changed x');
  }
  t.pass('each was told');
});

t.test('a folder that vanishes and comes back', async t => {
  const { folder, at, hears, watch, log } = await place(t, 'inside/', { poll: 5 }, folder => {
    mkdirSync(join(folder, 'inside'));
    writeFileSync(join(folder, 'inside/x'), '');
  });
  rmSync(at('inside'), { recursive: true });
  await hears('deleted inside/x');
  await until('it is missing', () => watch.state === 'missing');
  t.ok(log.texts('warn').some(text => text === `${folder}/inside: vanished`));
  mkdirSync(at('inside'));
  await until('it is back', () => watch.state === 'watching');
  writeFileSync(at('inside/y'), '');
  await hears('created inside/y');
});

t.test('while it is disabled nothing is told, afterwards all', async t => {
  const { at, hears, watch, told } = await place(t);
  watch.disable();
  writeFileSync(at('x'), '');
  await new Promise(resolve => setTimeout(resolve, 50));
  t.same(told, []);
  watch.enable();
  await hears('created x');
});

t.test('a handler that fails disturbs nobody', async t => {
  const { folder, at, hears, communicator, log } = await place(t);
  const bad = communicator.watch(folder, () => Promise.reject(new Error('no')), { settle: 1 });
  await bad.ready;
  writeFileSync(at('x'), '');
  await hears('created x');
  await until('it is told', () => log.texts('error').includes('handler failed: no'));
  t.equal(bad.state, 'watching');
});

t.test('what cannot be watched is told in one line', async t => {
  const { communicator } = worldOf(t);
  const missing = communicator.watch('/nowhere/at/all/x', () => undefined);
  await t.rejects(missing.ready, { code: 'WATCH_FAILED', message: /cannot watch \/nowhere\/at\/all\/x: ENOENT/ });
  communicator.watch('/nowhere/at/all/x', () => undefined);
  await t.rejects(communicator.run(), { code: 'WATCH_FAILED' });
  const { folder, at } = await place(t, '', {}, folder => {
    writeFileSync(join(folder, 'file'), '');
    for (const name of ['1', '2', '3']) writeFileSync(join(folder, name), '');
  });
  await t.rejects(communicator.watch(at('file/x'), () => undefined).ready, { message: /ENOTDIR/ });
  await t.rejects(communicator.watch(folder, () => undefined, { most: 3 }).ready, { message: /more than 3 entries/ });
  t.throws(() => new Watch('/tmp/*/x', () => undefined), { code: 'INVALID_VALUE' });
  t.throws(() => new Watch('/tmp/[x', () => undefined), { code: 'INVALID_VALUE' });
  t.throws(() => new Watch('', () => undefined), { code: 'INVALID_VALUE' });
  t.throws(() => new Watch('/tmp', () => undefined, { deep: true } as object), { code: 'UNKNOWN_OPTION' });
});

t.test('it ends when it is stopped, before and after it watches', async t => {
  const { watch, folder, communicator } = await place(t);
  const early = communicator.watch(folder, () => undefined);
  const ready = early.ready;
  early.stop();
  await t.rejects(ready, { code: 'CLOSED' });
  watch.stop();
  t.equal(watch.snapshot().watches, 0);
  t.equal(await communicator.run(), true);
});
