// Peers are not ours to depend on: they are looked for by name where the user has them.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders with a `node_modules`, for this process and those it starts. */
const variable = 'CHAOS_MODULES';

export function lookIn(folders: readonly string[]): void {
  process.env[variable] = folders.join(delimiter);
}

function place(name: string): string | undefined {
  for (const folder of (process.env[variable] ?? process.cwd()).split(delimiter)) {
    try {
      return createRequire(join(folder, 'from-here.js')).resolve(name);
    } catch {
      // not in this one
    }
  }
  return undefined;
}

/** The module of that name; the caller says what it looks like. */
export async function load<T>(name: string): Promise<T> {
  const path = place(name);
  if (path === undefined) throw new Error(`${name} is not installed`);
  return (await import(pathToFileURL(path).href)) as T;
}

export const missingOf = (names: readonly string[]): string[] => names.filter(name => place(name) === undefined);

export const hasCommand = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
