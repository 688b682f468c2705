// The files of segments: what a file holds beyond what is known to be synced counts for nothing.

import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { writeWhole } from './disk.ts';
import type { Chunk, Segment } from './segment.ts';

export class SegmentFiles {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** Writes what comes next in a segment, and syncs it. */
  async write(segment: Segment, chunks: readonly Chunk[]): Promise<void> {
    const isNew = segment.synced === 0;
    const file = await this.#open(segment);
    for (const chunk of chunks) await writeWhole(file, chunk.bytes, chunk.position);
    await file.sync();
    if (isNew) await this.#disk.syncFolder(this.#folder);
    for (const { length } of chunks) segment.synced += length;
  }

  read(segment: Segment): Promise<Buffer> {
    return this.#disk.read(this.#path(segment));
  }

  /** One by one, so that never one is missing between others. */
  async remove(segment: Segment): Promise<void> {
    await this.close(segment);
    await this.#disk.remove(this.#path(segment)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await this.#disk.syncFolder(this.#folder);
  }

  /** Cuts the open files back to what is synced, as far as that is possible, and closes them. */
  async cutBack(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      await segment.file?.truncate(segment.synced).catch(() => undefined);
      await this.close(segment).catch(() => undefined);
    }
  }

  /** Closes all, as they are. */
  async closeAll(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) await this.close(segment).catch(() => undefined);
  }

  async close(segment: Segment): Promise<void> {
    const { file } = segment;
    segment.file = undefined;
    await file?.close();
  }

  async #open(segment: Segment): Promise<DiskFile> {
    if (segment.file !== undefined) return segment.file;
    segment.file = await this.#disk.open(this.#path(segment));
    await segment.file.truncate(segment.synced);
    return segment.file;
  }

  #path(segment: Segment): string {
    return join(this.#folder, segment.name);
  }
}
