// A disk in memory that knows what was synced: it can be full, fail, lose its power, and let time pass.

import { basename } from 'node:path';
import { UsageError } from '../../lib/base/errors.ts';
import type { Disk, DiskFile, Unlock } from '../../lib/spool/index.ts';

interface Stored {
  bytes: Buffer;
  /** What a loss of power leaves at least. */
  synced: Buffer;
}

export type Operation = 'list' | 'read' | 'open' | 'write' | 'sync' | 'truncate' | 'remove' | 'syncFolder';

/** How much of what is not synced survives: 0 to 1 of each file. */
export type Survival = () => number;

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

export class MemoryDisk implements Disk {
  /** Each file by its name, as programs see it. */
  readonly files: Map<string, Stored>;
  /** As they are after a loss of power. */
  names: Map<string, Stored>;
  capacity = Number.POSITIVE_INFINITY;
  /** Gives the error that an operation meets. */
  fault: (operation: Operation, name: string) => Error | undefined = () => undefined;
  readonly counts = new Map<Operation, number>();
  #holder: object | undefined;

  constructor(files: ReadonlyMap<string, Buffer> = new Map()) {
    this.files = new Map([...files].map(([name, bytes]) => [name, { bytes: Buffer.from(bytes), synced: bytes }]));
    this.names = new Map(this.files);
  }

  get used(): number {
    return [...this.files.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** What is there when the process is killed: all that was written. */
  killed(): MemoryDisk {
    return new MemoryDisk(new Map([...this.files].map(([name, { bytes }]) => [name, bytes])));
  }

  /** What is there when the power goes: all that was synced, and as much of the rest as survives. */
  powerLost(survival: Survival): MemoryDisk {
    const left = survival() < 0.5 ? this.names : this.files;
    const kept = [...left].map(([name, { bytes, synced }]): [string, Buffer] => {
      if (bytes.length <= synced.length) return [name, synced];
      const length = synced.length + Math.floor(survival() * (bytes.length - synced.length + 1));
      return [name, bytes.subarray(0, length)];
    });
    return new MemoryDisk(new Map(kept));
  }

  async makeFolder(): Promise<void> {}

  lock(folder: string): Unlock {
    if (this.#holder !== undefined) throw new UsageError('SPOOL_LOCKED', `${folder} is in use`);
    const mine = {};
    this.#holder = mine;
    return () => {
      if (this.#holder === mine) this.#holder = undefined;
    };
  }

  async list(folder: string): Promise<readonly string[]> {
    await this.#passes('list', folder);
    return [...this.files.keys()];
  }

  async read(path: string): Promise<Buffer> {
    await this.#passes('read', path);
    return Buffer.from(this.#file(path).bytes);
  }

  async open(path: string): Promise<DiskFile> {
    await this.#passes('open', path);
    const name = basename(path);
    const file = this.files.get(name) ?? { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.files.set(name, file);
    return {
      write: (bytes, position) => this.#write(path, file, bytes, position),
      sync: async () => {
        await this.#passes('sync', path);
        file.synced = Buffer.from(file.bytes);
      },
      truncate: async length => {
        await this.#passes('truncate', path);
        file.bytes = Buffer.concat([file.bytes.subarray(0, length)], length);
      },
      close: async () => undefined,
    };
  }

  async remove(path: string): Promise<void> {
    await this.#passes('remove', path);
    this.#file(path);
    this.files.delete(basename(path));
  }

  async syncFolder(folder: string): Promise<void> {
    await this.#passes('syncFolder', folder);
    this.names = new Map(this.files);
  }

  /** As much as there is room for; an error where there is none. */
  async #write(path: string, file: Stored, bytes: Buffer, position: number): Promise<number> {
    await this.#passes('write', path);
    const grows = Math.max(0, position + bytes.length - file.bytes.length);
    const taken = bytes.length - Math.max(0, grows - Math.max(0, this.capacity - this.used));
    if (taken <= 0) throw systemError('ENOSPC');
    const length = Math.max(file.bytes.length, position + taken);
    const next = Buffer.concat([file.bytes], length);
    bytes.copy(next, position, 0, taken);
    file.bytes = next;
    return taken;
  }

  /** Each operation takes one round of the loop. */
  async #passes(operation: Operation, path: string): Promise<void> {
    await new Promise(resolve => setImmediate(resolve));
    this.counts.set(operation, (this.counts.get(operation) ?? 0) + 1);
    const fault = this.fault(operation, basename(path));
    if (fault !== undefined) throw fault;
  }

  #file(path: string): Stored {
    const file = this.files.get(basename(path));
    if (file === undefined) throw systemError('ENOENT');
    return file;
  }
}
