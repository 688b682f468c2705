// The system's watches, one for each folder. A watch is of a folder, whatever its name: one that was replaced by
// another of the same name needs a new one. (A watch of a single file goes deaf when the file is replaced.)

import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { join } from 'node:path';

interface Watch {
  readonly id: string;
  readonly watcher: FSWatcher;
}

export class Watchers {
  readonly #watches = new Map<string, Watch>();
  readonly #heard: (path: string, kind: 'rename' | 'change') => void;

  /** `heard` is told each path about which the system says something. */
  constructor(heard: (path: string, kind: 'rename' | 'change') => void) {
    this.#heard = heard;
  }

  get size(): number {
    return this.#watches.size;
  }

  /** Watches these folders and no others. Says how many are new; `failed` is told of those that cannot be watched. */
  follow(folders: ReadonlyMap<string, string>, failed: (folder: string, error: Error) => void): number {
    for (const [folder, { id }] of this.#watches) if (folders.get(folder) !== id) this.#drop(folder);
    let added = 0;
    for (const [folder, id] of folders) {
      if (this.#watches.has(folder)) continue;
      try {
        this.#watches.set(folder, { id, watcher: this.#watch(folder) });
        added += 1;
      } catch (error) {
        failed(folder, error as Error);
      }
    }
    return added;
  }

  close(): void {
    for (const folder of [...this.#watches.keys()]) this.#drop(folder);
  }

  #watch(folder: string): FSWatcher {
    const watcher = watch(folder, (kind, name) => this.#heard(name === null ? folder : join(folder, name), kind));
    watcher.on('error', () => {
      this.#drop(folder);
      this.#heard(folder, 'rename');
    });
    return watcher;
  }

  #drop(folder: string): void {
    this.#watches.get(folder)?.watcher.close();
    this.#watches.delete(folder);
  }
}
