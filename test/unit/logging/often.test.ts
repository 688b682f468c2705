// Lines that somebody outside can cause as often as he likes.

import t from 'tap';
import type { Severity } from '../../../lib/index.ts';
import { often, SteadyLogger } from '../../../lib/logging/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

function stage(finest: 'info' | 'debug' = 'info') {
  const clock = new VirtualClock();
  const lines: { severity: Severity; text: string; fields: object | undefined }[] = [];
  const given = {
    log: (severity: Severity, text: string, fields?: object) => void lines.push({ severity, text, fields }),
    isLevelEnabled: (severity: Severity) => severity !== 'debug' || finest === 'debug',
  };
  return { clock, lines, logger: new SteadyLogger(given, clock) };
}

t.test('of each kind there is one line a second, and the next says how many were left out', async t => {
  const { clock, lines, logger } = stage();
  for (let n = 0; n < 100; n += 1) {
    logger.log('warn', `refused: ${n}`, { connection: 'a', [often]: 'refused' });
    logger.log('error', `failed: ${n}`, { [often]: 'failed' });
    await clock.advance(25);
  }
  t.match(lines, [
    { severity: 'warn', text: 'refused: 0', fields: { connection: 'a' } },
    { severity: 'error', text: 'failed: 0' },
    { severity: 'warn', text: 'refused: 40', fields: { connection: 'a', leftOut: 39 } },
    { severity: 'error', text: 'failed: 40', fields: { leftOut: 39 } },
    { severity: 'warn', text: 'refused: 80', fields: { leftOut: 39 } },
    { severity: 'error', text: 'failed: 80', fields: { leftOut: 39 } },
  ]);
  t.equal(lines.length, 6);
  t.notOk('leftOut' in (lines[0]?.fields ?? {}), 'the first has left out nothing');
});

t.test('after a quiet time a line is written at once', async t => {
  const { clock, lines, logger } = stage();
  logger.log('warn', 'one', { [often]: 'kind' });
  await clock.advance(1_000);
  logger.log('warn', 'two', { [often]: 'kind' });
  t.match(lines, [{ text: 'one' }, { text: 'two' }]);
});

t.test('what is left out is there for who looks closely', async t => {
  const { lines, logger } = stage('debug');
  for (let n = 0; n < 3; n += 1) logger.log('error', `${n}`, { [often]: 'kind' });
  t.same(
    lines.map(({ severity }) => severity),
    ['error', 'debug', 'debug'],
  );
});

t.test('kinds that are made up have a bound', async t => {
  const { clock, lines, logger } = stage();
  for (let n = 0; n < 1_000; n += 1) logger.log('error', `handler of X${n} failed`, { [often]: `handler of X${n}` });
  t.equal(lines.length, 101, 'one more for all the others');
  await clock.advance(1_000);
  logger.log('error', 'handler of JOB failed', { [often]: 'handler of JOB' });
  t.match(lines.at(-1), { text: 'handler of JOB failed' }, 'and are forgotten');
});

t.test('other lines are all written, as they are', async t => {
  const { lines, logger } = stage();
  const fields = { connection: 'a' };
  for (let n = 0; n < 3; n += 1) logger.log('error', 'the store is damaged', fields);
  t.equal(lines.length, 3);
  t.equal(lines[0]?.fields, fields);
  t.equal(JSON.stringify({ ...fields, [often]: 'kind' }), JSON.stringify(fields), 'the mark is in no line');
});
