// What a spool asks of a disk, and node's own way to give it. A test may own the disk instead.

import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LimitError, NetworkError, reasonOf, UsageError } from '../../base/errors.ts';
import { lockFolder } from './lock.ts';

/** A file that is open for writing. Everything rejects with the system's error. */
export interface DiskFile {
  /** Says how many bytes were taken: all, or fewer. */
  write(bytes: Buffer, position: number): Promise<number>;
  /** What was written, and the length, are on the disk when this resolves. */
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** Gives up a folder; calling it twice does nothing. */
export type Unlock = () => void;

export interface Disk {
  /** Makes it, and those above it, for its owner alone; one that is there stays as it is. */
  makeFolder(path: string): Promise<void>;
  /** @throws UsageError SPOOL_LOCKED where a living process holds it. */
  lock(folder: string): Unlock;
  list(folder: string): Promise<readonly string[]>;
  read(path: string): Promise<Buffer>;
  /** Makes it, readable for its owner alone, where it does not exist. */
  open(path: string): Promise<DiskFile>;
  remove(path: string): Promise<void>;
  /** The names in a folder are on the disk when this resolves. */
  syncFolder(path: string): Promise<void>;
}

const forWriting = constants.O_RDWR | constants.O_CREAT;

export const nodeDisk: Disk = {
  makeFolder,
  lock: lockFolder,
  list: readdir,
  read: path => readFile(path),
  async open(path) {
    const file = await open(path, forWriting, 0o600);
    return {
      write: async (bytes, position) => (await file.write(bytes, 0, bytes.length, position)).bytesWritten,
      sync: () => file.datasync(),
      truncate: length => file.truncate(length),
      close: () => file.close(),
    };
  },
  remove: unlink,
  syncFolder,
};

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Writes all of it, also where the disk takes it bit by bit. @throws the system's error */
export async function writeWhole(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const taken = await file.write(bytes.subarray(done), position + done);
    if (taken === 0) throw Object.assign(new Error('the disk takes no more bytes'), { code: 'ENOSPC' });
    done += taken;
  }
}

const fullCodes: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT']);

/** What went wrong with a disk, in our words: no room (LimitError SPOOL_FULL) or broken (NetworkError SPOOL_FAILED). */
export function troubleOf(directory: string, error: unknown): LimitError | NetworkError | UsageError {
  if (error instanceof LimitError || error instanceof NetworkError || error instanceof UsageError) return error;
  if (fullCodes.has((error as NodeJS.ErrnoException).code)) {
    return new LimitError('SPOOL_FULL', `no room on the disk of spool ${directory}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  return new NetworkError('SPOOL_FAILED', `the disk of spool ${directory} failed: ${reasonOf(error)}`, {
    cause: error,
  });
}
