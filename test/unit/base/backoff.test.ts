import fc from 'fast-check';
import t from 'tap';
import type { Pause } from '../../../lib/base/backoff.ts';
import { pauseAfter, pauseDefaults } from '../../../lib/base/backoff.ts';

const least = (): number => 1 - Number.EPSILON;
const most = (): number => 0;
const pauses = (pause: Pause, random: () => number, count = 10): number[] =>
  Array.from({ length: count }, (_, index) => pauseAfter(index + 1, pause, random));

t.test('doubles from 50 ms to 5 s by default, and stays there', async t => {
  t.same(pauses(pauseDefaults, most), [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

t.test('jitter goes over the whole pause, also at the cap', async t => {
  for (const failures of [1, 5, 8, 1000]) {
    const longest = pauseAfter(failures, pauseDefaults, most);
    t.equal(
      pauseAfter(failures, pauseDefaults, () => 0.5),
      longest / 2,
      `half of ${longest}`,
    );
    t.ok(pauseAfter(failures, pauseDefaults, least) < 0.001, `nearly nothing of ${longest}`);
  }
});

t.test('half a jitter keeps half of each pause, none keeps all of it', async t => {
  t.same(
    pauses({ ...pauseDefaults, jitter: 0.5 }, () => 0.5, 3),
    [37.5, 75, 150],
  );
  t.same(
    pauses({ ...pauseDefaults, jitter: 0 }, () => 0.9, 3),
    [50, 100, 200],
  );
});

t.test('a list of pauses is followed, and its last entry stays in force', async t => {
  const list = { ...pauseDefaults, list: [1000, 10, 60_000] };
  t.same(pauses(list, most, 5), [1000, 10, 60_000, 60_000, 60_000]);
  t.equal(
    pauseAfter(99, list, () => 0.5),
    30_000,
    'with jitter',
  );
  t.same(pauses({ ...pauseDefaults, list: [] }, most, 3), [50, 100, 200], 'an empty list is none');
});

t.test('however many failures, the pause is a number from 0 to its cap', async t => {
  const pause = fc.record<Pause>({
    first: fc.integer({ min: 0, max: 2 ** 40 }),
    most: fc.integer({ min: 0, max: 2 ** 40 }),
    factor: fc.double({ min: 1, max: 1000, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    list: fc.option(fc.array(fc.integer({ min: 0, max: 2 ** 40 })), { nil: undefined }),
    hurry: fc.double({ min: 0, max: 1, noNaN: true }),
    stable: fc.constant(0),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const stays = fc.property(pause, fc.integer({ min: 1, max: 2 ** 53 - 1 }), random, (given, failures, chance) => {
    const cap = given.list === undefined || given.list.length === 0 ? given.most : Math.max(...given.list);
    const ms = pauseAfter(failures, given, () => chance);
    return ms >= 0 && ms <= cap;
  });
  t.doesNotThrow(() => fc.assert(stays, { numRuns: 500 }));
});
