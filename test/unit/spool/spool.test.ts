import t from 'tap';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { idsOf, moved, rounds, safe, session, stage } from './spool-kit.ts';

t.test('a new spool is empty, and all is well', async t => {
  const { spool } = await stage();
  t.match(spool, { length: 0, durable: 0, settled: true, trouble: undefined });
  t.same(spool.recovered, { session: undefined, confirmed: 0, messages: [], damaged: [], cut: 0 });
  await spool.close();
});

t.test('messages come back in their order, with their text and their end', async t => {
  const { spool, disk } = await stage();
  const lines = ['PLAIN', 'a/B text=ä€😀', 'C byte=\udcff', '', 'long='.padEnd(100_000, 'x')];
  const ids = lines.map((line, index) => spool.store(line, index === 1 ? 1234.5 : undefined));
  t.same(ids, [1, 2, 3, 4, 5]);
  t.notOk(spool.settled);
  t.equal(spool.durable, 0);
  await safe(spool);
  t.equal(spool.durable, 5);
  const { spool: next } = await stage(disk.killed());
  t.same(
    next.recovered.messages,
    lines.map((line, index) => ({ id: index + 1, line, expires: index === 1 ? 1234.5 : undefined })),
  );
  t.match(next, { length: 5, durable: 5, settled: true });
  t.equal(next.store('NEXT'), 6);
});

t.test('what was withdrawn or confirmed does not come back', async t => {
  const { spool, disk } = await stage();
  spool.session(session);
  for (let id = 1; id <= 6; id += 1) spool.store(`M${id}`);
  spool.withdrawn(2);
  spool.confirmed(3);
  t.equal(spool.length, 2, 'confirmed are 1, 3 and 4');
  await safe(spool);
  const { spool: next } = await stage(disk.killed());
  t.same(idsOf(next), [5, 6]);
  t.match(next.recovered, { session, confirmed: 3 });
  next.confirmed(4);
  t.equal(next.length, 1, 'the count goes on');
});

t.test('a running total may be told again and is never taken back', async t => {
  const { spool } = await stage();
  spool.session(session);
  for (let id = 1; id <= 4; id += 1) spool.store('M');
  spool.confirmed(2);
  spool.confirmed(2);
  spool.confirmed(1);
  t.equal(spool.length, 2);
  t.throws(() => spool.confirmed(5), { code: 'OUT_OF_RANGE' });
  t.throws(() => spool.confirmed(2.5), { code: 'OUT_OF_RANGE' });
  t.throws(() => spool.withdrawn(1), { code: 'INVALID_VALUE' }, 'it ended');
  t.throws(() => spool.withdrawn(5), { code: 'INVALID_VALUE' }, 'it never was');
});

t.test('a new session counts from nothing, the same one goes on', async t => {
  const { spool, disk } = await stage();
  t.throws(() => spool.confirmed(0), { code: 'ILLEGAL_STEP' });
  spool.session(session);
  for (let id = 1; id <= 5; id += 1) spool.store('M');
  spool.confirmed(2);
  spool.session({ ...session, epoch: 'e1' });
  spool.confirmed(3);
  await safe(spool);
  const { spool: same } = await stage(disk.killed());
  t.match(same.recovered, { session: { id: 'key', epoch: 'e1' }, confirmed: 3 });
  spool.session({ ...session, id: 'other' });
  spool.confirmed(1);
  await safe(spool);
  const { spool: other } = await stage(disk.killed());
  t.match(other.recovered, { session: { id: 'other' }, confirmed: 1, messages: [{ id: 5 }] });
  t.throws(() => spool.session({ ...session, secret: 'x'.repeat(2000) }), { code: 'OUT_OF_RANGE' });
});

t.test('what comes during a sync shares the next one, and confirmations share one record', async t => {
  const { spool, disk } = await stage();
  spool.session(session);
  await safe(spool);
  await rounds();
  const before = disk.counts.get('sync') ?? 0;
  const bytes = spool.bytes;
  for (let count = 1; count <= 50; count += 1) {
    spool.store('M');
    spool.confirmed(count);
  }
  await safe(spool);
  t.equal(disk.counts.get('sync'), before + 1);
  t.equal(spool.bytes - bytes, 50 * (9 + 14 + 1) + 9 + 12);
  spool.store('A');
  await new Promise(resolve => setImmediate(resolve));
  spool.store('B');
  spool.store('C');
  await safe(spool);
  t.equal(disk.counts.get('sync'), before + 3);
});

t.test('nothing is written before there is something to say, and segments in which nothing lives go', async t => {
  const disk = new MemoryDisk();
  for (let life = 0; life < 5; life += 1) await (await stage(disk)).spool.close();
  t.equal(disk.files.size, 0);
  const { spool } = await stage(disk, { segment: 4096, bytes: 65_536 });
  spool.session(session);
  for (let id = 1; id <= 200; id += 1) spool.store('x'.repeat(100));
  await safe(spool);
  t.ok(disk.files.size > 5);
  spool.confirmed(200);
  await rounds();
  const segments = [...disk.files.keys()].filter(name => name.endsWith('.spool'));
  t.equal(segments.length, 1, 'only the last is left');
  t.ok(spool.bytes < 4200);
  await spool.close();
});

t.test('options are checked', async t => {
  const wrong = [{ directory: '' }, { segment: 10 }, { bytes: 10_000, segment: 4096 }, { what: 1 }, { bytes: 1.5 }];
  for (const options of wrong) await t.rejects(stage(new MemoryDisk(), options), { name: 'UsageError' });
  t.ok((await stage(new MemoryDisk(), { bytes: 32_768 })).spool);
});

t.test('a folder has one owner at a time', async t => {
  const { spool, disk } = await stage();
  await t.rejects(stage(disk), { code: 'SPOOL_LOCKED' });
  await spool.close();
  const { spool: next } = await stage(disk);
  next.store('M');
  await next.abandon();
  t.ok((await stage(disk)).spool, 'also after a death');
});

t.test('a closed spool takes nothing, and what was appended before is on the disk', async t => {
  const { spool, disk } = await stage();
  spool.session(session);
  spool.store('LAST');
  spool.onMoved = () => t.fail('nobody is called after close');
  const closing = spool.close();
  for (const call of [() => spool.store('M'), () => spool.withdrawn(1), () => spool.confirmed(1)]) {
    t.throws(call, { code: 'ILLEGAL_STEP' });
  }
  await closing;
  await spool.close();
  t.same(idsOf((await stage(disk.powerLost(() => 0))).spool), [1]);
});

t.test('an end that is no number is refused', async t => {
  const { spool } = await stage();
  t.throws(() => spool.store('M', Number.NaN), { code: 'INVALID_VALUE' });
  t.equal(spool.store('M', Number.POSITIVE_INFINITY), 1);
});

t.test('what was recovered after a kill is durable also when the power goes next', async t => {
  const { spool, disk } = await stage();
  spool.store('M');
  await moved(spool, () => (disk.counts.get('write') ?? 0) > 0 || spool.settled);
  const second = disk.killed();
  for (const file of second.files.values()) file.synced = Buffer.alloc(0);
  const { spool: next } = await stage(second);
  t.same(idsOf(next), [1]);
  t.equal(next.durable, 1);
  t.same(idsOf((await stage(second.powerLost(() => 0))).spool), [1]);
});
