// Packages that are needed only by those who use links: loaded at their first use.

import { UsageError } from '../../../base/errors.ts';

/** @throws UsageError MISSING_PACKAGE, with the command that installs it */
export async function optional<T>(why: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new UsageError('MISSING_PACKAGE', `${why}: npm install ${name}`, { cause });
  }
}
