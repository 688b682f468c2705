// A file of nothing, given up when the disk is full: then there is room to write down which messages have ended, and
// with that old segments can go. It is made again when the disk takes more.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Disk } from './disk.ts';

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

  /** Makes it, where there is room. (Bytes at random: some file systems store zeros in no room at all.) */
  async hold(): Promise<void> {
    if (this.#held > 0) return;
    try {
      const file = await this.#disk.open(this.#path);
      try {
        while (this.#held < size) {
          const taken = await file.write(randomBytes(size - this.#held), this.#held);
          if (taken === 0) break;
          this.#held += taken;
        }
        await file.sync();
      } finally {
        await file.close();
      }
    } catch {
      await this.giveUp();
    }
  }

  async giveUp(): Promise<void> {
    this.#held = 0;
    await this.#disk.remove(this.#path).catch(() => undefined);
  }
}
