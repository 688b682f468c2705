// The client as one file for pages: what a server gives at /qio/client.js. `npm run build` makes it.

import { readFile } from 'node:fs/promises';
import { UsageError } from '../../base/errors.ts';

/** Beside this file once it is compiled; and where the sources are run as they are. */
const places = ['client.min.js', '../../../dist/lib/protocol/qio/client.min.js'];

/** @throws UsageError ILLEGAL_STEP where it has not been built */
export async function clientScript(): Promise<string> {
  let cause: unknown;
  for (const place of places) {
    try {
      return await readFile(new URL(place, import.meta.url), 'utf8');
    } catch (error) {
      cause = error;
    }
  }
  throw new UsageError('ILLEGAL_STEP', 'client.min.js has not been built: npm run build', { cause });
}
