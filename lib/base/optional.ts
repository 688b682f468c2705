// Packages that only those need who use them: loaded at their first use.

import { UsageError } from './errors.ts';

/** @throws UsageError MISSING_PACKAGE with the command that installs it, where `load` does not find it; else what it throws */
export async function optional<T>(why: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new UsageError('MISSING_PACKAGE', `${why}: npm install ${name}`, { cause });
  }
}
