// The counting that the table of faults stands on.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { quantile, rowOf, together } from '../../chaos/fault.ts';
import { countsOf, longestGap } from '../../chaos/stage/broker/journal.ts';
import { Tally } from '../../chaos/stage/tally.ts';
import { tableText } from '../../chaos/table.ts';

const none = { messages: 10, refused: 0, lost: 0, duplicated: 0, reordered: 0 };
const plan = { quick: true, seed: 1, progress: () => undefined };

t.test('a tally tells what came twice from what came late', async t => {
  const tally = new Tally();
  for (const number of [0, 1, 3, 2, 3, 5_000]) tally.take(number);
  t.same(tally.counts, { received: 6, distinct: 5, duplicated: 1, reordered: 1 });
  t.ok(tally.has(5_000));
  t.notOk(tally.has(4));
});

t.test('the 99th percentile of few is their largest', async t => {
  t.equal(quantile([3, 1, 2], 0.99), 3);
  t.equal(quantile([3, 1, 2], 0.5), 2);
  t.equal(quantile([], 0.99), undefined);
});

t.test('several runs add their counts, and keep the worst of their times', async t => {
  const all = together([
    { ...none, lost: 1, recover: 200 },
    { ...none, lost: 2, recover: 100 },
  ]);
  t.match(all, { messages: 20, lost: 3, recover: 200 });
  t.equal(
    together([
      { ...none, recover: undefined },
      { ...none, recover: 5 },
    ]).recover,
    undefined,
    'never is the worst',
  );
});

t.test('a figure over its bound, one that is missing, and a row that fails are missed', async t => {
  const bound = { lost: 0, recover: 500 };
  const missed = async (run: () => Promise<typeof none & { recover?: number }>): Promise<readonly string[]> =>
    (await rowOf({ name: 'a fault', who: 'ours', bound, run }, plan)).missed;
  t.same(await missed(async () => ({ ...none, recover: 500 })), []);
  t.same(await missed(async () => ({ ...none, lost: 1, recover: 501 })), ['lost 1 > 0', 'recover 501 > 500']);
  t.same(await missed(async () => none), ['recover never']);
  t.same(await missed(async () => ({ ...none, messages: 0, recover: 1 })), ['no message was sent']);
  t.same(await missed(() => Promise.reject(new Error('broken\nhere'))), ['broken']);
});

t.test('a row that cannot run is skipped with its reason; in continuous integration it is missed', async t => {
  const fault = { name: 'a fault', who: 'ours', bound: { lost: 0 }, skip: () => 'no spoon', run: async () => none };
  const before = process.env.CI;
  t.teardown(() => {
    if (before === undefined) delete process.env.CI;
    else process.env.CI = before;
  });
  delete process.env.CI;
  const skipped = await rowOf(fault, plan);
  t.match(skipped, { skipped: 'no spoon', missed: [], figures: undefined });
  t.match(tableText([skipped], false), /a fault .*skipped\n[\s\S]*skipped: no spoon/);
  process.env.CI = 'true';
  t.match(await rowOf(fault, plan), { skipped: undefined, missed: ['no spoon'] });
  t.match(await rowOf({ ...fault, skip: () => undefined }, plan), { skipped: undefined, figures: none, missed: [] });
});

t.test('journals of services tell what became of each message of a course', async t => {
  const folder = t.testdir();
  const journal = (name: string, ...lines: string[]): string => {
    writeFileSync(join(folder, name), lines.map(line => `${line}\n`).join(''));
    return join(folder, name);
  };
  // The second process of the first service had 1 again; 4 came late; 0 was handled by both services; a line is torn.
  const one = journal('one', '10 a x 0 1.5', '20 a x 1 1.5', '55 b x 1 1', '60 b x 5 1', '61 b x 4 1', '62 b y 9 1');
  writeFileSync(one, '63 b x 7', { flag: 'a' });
  const other = journal('other', '30 c x 0 1', '31 c x 0 1');
  const rejected = { REFUSED: [4, 6], OUTBOX_FULL: [8] };
  const figures = { accepted: 8, refused: 1, pending: 0, confirmed: [0, 1, 3], rejected };
  t.same(countsOf('x', figures, [one, other, join(folder, 'none')]), {
    messages: 8,
    refused: 1,
    lost: 3, // 2, 3 and 7
    duplicated: 3, // 0 twice more, 1 once more
    reordered: 1,
    reported: 2,
    'confirmed but lost': 1,
    'refused but handled': 1,
    'twice in one life': 1,
  });
  t.equal(
    longestGap([{ at: 1 }, { at: 5 }, { at: 7 }].map(({ at }) => ({ at, life: '', course: '', number: 0, way: 0 }))),
    4,
  );
});

t.test('the table has no colour where it does not go to a terminal', async t => {
  const run = async () => ({ ...none, lost: 1 });
  const rows = [
    await rowOf({ name: 'a fault', who: 'ours', bound: { lost: 0 }, run }, plan),
    await rowOf({ name: 'a fault', who: 'a peer', bound: {}, run }, plan),
  ];
  const text = tableText(rows, false);
  t.notMatch(text, '\x1b');
  t.match(text, /a fault +ours +10 +0 +1 +0 +0 +– +– +– +MISSED/);
  t.match(text, /a fault +a peer +10 +0 +1 +0 +0 +– +– +– +–/);
  t.match(tableText(rows, true), '\x1b');
});
