// Peers are not ours to depend on: they are looked for by name where the user has them.

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

/** Folders with a `node_modules`, for this process and those it starts. */
const variable = 'CHAOS_MODULES';

export function lookIn(folders: readonly string[]): void {
  process.env[variable] = folders.join(delimiter);
}

function finder(name: string): NodeJS.Require | undefined {
  for (const folder of (process.env[variable] ?? process.cwd()).split(delimiter)) {
    const from = createRequire(join(folder, 'from-here.js'));
    try {
      from.resolve(name);
      return from;
    } catch {
      // not in this one
    }
  }
  return undefined;
}

/** The module of that name; the caller says what it looks like. */
export function load<T>(name: string): T {
  const from = finder(name);
  if (from === undefined) throw new Error(`${name} is not installed`);
  return from(name) as T;
}

export const missingOf = (names: readonly string[]): string[] => names.filter(name => finder(name) === undefined);

export const hasCommand = (command: string): boolean =>
  spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
