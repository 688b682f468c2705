// Runs the compiled tests (tap files) under node's own runner, and ends with one line of totals.
// Words as arguments choose the files whose path holds one of them.

import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some(word => name.includes(word))))
  .sort()
  .map(name => relative(process.cwd(), `${here}${name}`));

// For what hangs: a busy machine may take its time.
process.env.TAP_TIMEOUT ??= '170';
const totals = { passed: 0, failed: 0, skipped: 0 };
// Many tests wait more than they work: one file more than there are processors.
const events = run({ files, concurrency: availableParallelism() + 1, timeout: 180_000 });

events.on('test:pass', ({ details, skip, todo }) => {
  if (details.type === 'suite') return;
  if (skip !== undefined || todo !== undefined) totals.skipped += 1;
  else totals.passed += 1;
});
events.on('test:fail', ({ details }) => {
  if (details.type !== 'suite') totals.failed += 1;
});
events.on('end', () =>
  setImmediate(() => {
    const { passed, failed, skipped } = totals;
    process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    const skipsCount = process.env.CI === 'true' && skipped > 0;
    if (skipsCount) process.stderr.write('skipped tests count as failures where CI=true\n');
    process.exitCode = failed > 0 || passed === 0 || skipsCount ? 1 : 0;
  }),
);
events.compose(new spec()).pipe(process.stdout);
