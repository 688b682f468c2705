// A folder for the files of one test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** Is removed with the test; gives the path. */
export function folderOf(t: Test, files: Readonly<Record<string, string>> = {}): string {
  const place = mkdtempSync(join(tmpdir(), 'ed-'));
  t.teardown(() => rmSync(place, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(place, name), text);
  return place;
}
