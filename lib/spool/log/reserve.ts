// A file of nothing, given up when the disk is full: then there is room to write down which messages have ended, and
// with that old segments can go. Messages are taken again when it could be made again.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Disk } from './disk.ts';
import { writeWhole } from './disk.ts';

const name = 'reserve';
/** Four thousand endings. */
const size = 64 * 1024;

export class Reserve {
  readonly #disk: Disk;
  readonly #path: string;
  #held = 0;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#path = join(folder, name);
  }

  /**
   * Makes it. (Bytes at random: some file systems store zeros in no room at all.)
   * @throws the system's error, where there is no room for it.
   */
  async hold(): Promise<void> {
    if (this.#held === size) return;
    const file = await this.#disk.open(this.#path);
    try {
      await writeWhole(file, randomBytes(size), 0);
      await file.sync();
      this.#held = size;
    } finally {
      await file.close();
    }
  }

  async giveUp(): Promise<void> {
    this.#held = 0;
    await this.#disk.remove(this.#path).catch(() => undefined);
  }
}
