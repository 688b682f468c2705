// One process at a time has a folder. The file `lock` in it names its holder: the process, when that began, and
// the boot of the machine, so that a number which was given to another process since does not count as a living
// holder. A lock appears whole (it is written under another name, and linked), and a stale one is moved away
// under a name of its own before it is looked at once more: if it was a new one after all, it is put back.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../base/errors.ts';

const name = 'lock';
/** Others may take the lock, or give it up, between our looks at it; each try begins with a fresh look. */
const mostTries = 10;
/** Distinguishes the locks that one process takes. */
let taken = 0;

/** Takes a folder. @throws UsageError SPOOL_LOCKED, or the system's error. */
export function lockFolder(folder: string): () => void {
  taken += 1;
  const path = join(folder, name);
  const mine = join(folder, `${name}.${process.pid}.${taken}`);
  const words = `${[process.pid, beginOf(process.pid), boot(), taken].join(' ')}\n`;
  writeFileSync(mine, words, { mode: 0o600 });
  try {
    for (let left = mostTries; left > 0; left -= 1) {
      if (linked(mine, path)) return () => unlock(path, words);
      const there = read(path);
      if (there === undefined) continue;
      if (isHeld(there)) throw locked(folder, there);
      moveAway(path, there, `${mine}.stale`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  throw locked(folder, read(path) ?? '');
}

function unlock(path: string, words: string): void {
  if (read(path) === words) rmSync(path, { force: true });
}

function moveAway(path: string, stale: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== stale) linked(aside, path);
  rmSync(aside, { force: true });
}

/** Whether `path` became another name of `file`; false where it exists. */
function linked(file: string, path: string): boolean {
  try {
    linkSync(file, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote these words still lives. */
function isHeld(words: string): boolean {
  const [number = '', begin = '', bootThen = ''] = words.trim().split(' ');
  const pid = Number(number);
  if (!Number.isInteger(pid) || pid <= 0 || bootThen !== boot() || begin !== beginOf(pid)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** When a process began, in the machine's ticks; '-' where the system does not say, 'gone' for one that only waits for its parent. */
function beginOf(pid: number): string {
  const words = read(`/proc/${pid}/stat`);
  const [state = '', ...fields] = words?.slice(words.lastIndexOf(')') + 2).split(' ') ?? [];
  return state === 'Z' || state === 'X' ? 'gone' : (fields[18] ?? '-');
}

/** Which boot of the machine this is; '-' where the system does not say. */
function boot(): string {
  return read('/proc/sys/kernel/random/boot_id')?.trim() ?? '-';
}

function locked(folder: string, words: string): UsageError {
  const [pid] = words.split(' ');
  const holder = Number(pid) === process.pid ? 'this process' : `process ${pid}`;
  return new UsageError('SPOOL_LOCKED', `the spool ${folder} is in use by ${holder}; give each client its own`);
}
