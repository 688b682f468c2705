import t from 'tap';
import type { Spool } from '../../../lib/spool/index.ts';
import { Live } from '../../../lib/spool/live.ts';
import { Segment } from '../../../lib/spool/log/segment.ts';
import { MemoryDisk, systemError } from '../../support/memory-disk.ts';
import type { Stage } from './spool-kit.ts';
import { idsOf, moved, rounds, safe, session, stage } from './spool-kit.ts';

const limits = { segment: 8192, bytes: 100_000 };

const calm = (spool: Spool): Promise<void> => moved(spool, () => spool.settled || !!spool.trouble);

/** One old message stays, while many times the limit comes and is withdrawn. */
async function churn({ spool }: Stage, count: number): Promise<void> {
  for (let batch = 0; batch < count; batch += 1) {
    const ids = Array.from({ length: 20 }, () => spool.store('x'.repeat(200)));
    await calm(spool);
    for (const id of ids) spool.withdrawn(id);
    await calm(spool);
  }
  await rounds();
}

t.test('one old message does not keep everything behind it', async t => {
  const one = await stage(undefined, limits);
  one.spool.session(session);
  one.spool.store('OLD');
  await churn(one, 200);
  t.equal(one.spool.trouble, undefined);
  t.ok(one.spool.bytes < 80_000, `${one.spool.bytes} bytes for one message, of a million that came by`);
  t.same(idsOf((await stage(one.disk.killed())).spool), [1]);
  const { spool } = await stage(one.disk.powerLost(() => 0));
  t.same(spool.recovered.messages, [{ id: 1, line: 'OLD', expires: undefined }]);
  t.match(spool.recovered, { session, damaged: [] });
});

t.test('what is rewritten keeps its order among the others', async t => {
  const one = await stage(undefined, limits);
  one.spool.session(session);
  for (const line of ['A', 'B', 'C']) one.spool.store(line);
  await churn(one, 60);
  const last = one.spool.store('D');
  one.spool.confirmed(1);
  await safe(one.spool);
  await rounds();
  const { spool } = await stage(one.disk.killed());
  t.same(idsOf(spool), [2, 3, last]);
  t.equal(spool.recovered.confirmed, 1);
});

t.test('many lives that leave one message do not leave many files', async t => {
  let disk = new MemoryDisk();
  for (let life = 0; life < 60; life += 1) {
    const { spool } = await stage(disk, limits);
    if (life === 0) spool.store('OLD');
    spool.session({ ...session, id: `life ${life}` });
    await safe(spool);
    await rounds();
    disk = disk.killed();
  }
  t.ok(disk.files.size < 20, `${disk.files.size} files`);
  t.same(idsOf((await stage(disk, limits)).spool), [1]);
});

t.test('a segment that cannot be read any more stays, and is told', async t => {
  const one = await stage(undefined, limits);
  one.spool.session(session);
  one.spool.store('OLD');
  await safe(one.spool);
  const bytes = one.disk.files.get('000000000001.spool')?.bytes ?? Buffer.alloc(0);
  bytes[bytes.length - 1] = 0;
  await churn(one, 15);
  t.match(one.spool.trouble, { code: 'SPOOL_FAILED', message: /1 messages in 0+1\.spool/ });
  t.ok(one.spool.store('MORE') > 0, 'messages are taken all the same');
  t.ok(one.disk.files.has('000000000001.spool'));
});

t.test('trouble while reading an old segment is over when the disk is well again', async t => {
  const one = await stage(undefined, limits);
  one.spool.session(session);
  one.spool.store('OLD');
  one.disk.fault = operation => (operation === 'read' ? systemError('EIO') : undefined);
  await t.rejects(churn(one, 200), { code: 'SPOOL_FAILED' });
  t.match(one.spool.trouble, { code: 'SPOOL_FAILED' });
  one.disk.fault = () => undefined;
  await one.clock.advance(10_000);
  t.equal(one.spool.trouble, undefined);
  await churn(one, 50);
  t.ok(one.spool.bytes < 80_000);
});

t.test('the list of what lives finds, moves and ends, and keeps its segments counted', async t => {
  const live = new Live();
  const [a, b] = [new Segment({ number: 1, previous: 0, salt: 0 }), new Segment({ number: 2, previous: 0, salt: 0 })];
  for (let id = 1; id <= 1000; id += 1) live.add(id * 3, a, 10);
  for (let id = 1; id <= 1000; id += 1) if (id % 5 > 0) t.ok(live.end(id * 3));
  t.match(live, { length: 200, bytes: 2000 });
  t.equal(live.segmentOf(3), undefined);
  t.equal(live.segmentOf(15), a);
  t.equal(live.segmentOf(16), undefined);
  t.notOk(live.end(3));
  live.move(15, b);
  live.move(3, b);
  t.match(
    [a, b],
    [
      { live: 199, liveBytes: 1990 },
      { live: 1, liveBytes: 10 },
    ],
  );
  t.same([live.shift(), live.shift()], [15, 30]);
  t.match([a, b], [{ live: 198 }, { live: 0, liveBytes: 0 }]);
  while (live.shift() !== undefined);
  t.match(
    [live, a],
    [
      { length: 0, bytes: 0 },
      { live: 0, liveBytes: 0 },
    ],
  );
});
