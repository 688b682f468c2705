import t from 'tap';
import { NetworkError } from '../../../lib/base/errors.ts';
import { MemoryDisk, systemError } from '../../support/memory-disk.ts';
import { idsOf, moved, rounds, safe, session, stage } from './spool-kit.ts';

const full = { name: 'LimitError', code: 'SPOOL_FULL' };

t.test('a full disk refuses, keeps what it took, and is found to have room again', async t => {
  const disk = new MemoryDisk();
  disk.capacity = 70_000;
  const { spool, clock } = await stage(disk);
  spool.session(session);
  spool.store('FIRST');
  await safe(spool);
  for (let count = 0; count < 20; count += 1) spool.store('x'.repeat(10_000));
  await moved(spool, () => spool.trouble !== undefined);
  t.match(spool.trouble, full);
  t.throws(() => spool.store('MORE'), full);
  t.equal(spool.durable, 1);
  t.notOk(spool.settled);
  t.equal(spool.length, 21);
  for (let tries = 0; tries < 5; tries += 1) await clock.advance(5000);
  t.same(idsOf((await stage(disk.killed())).spool)[0], 1, 'no torn record is left behind');
  t.same((await stage(disk.killed())).spool.recovered.damaged, []);
  t.throws(() => spool.store('MORE'), full);
  disk.capacity = 500_000;
  await clock.advance(5000);
  await rounds();
  t.match(spool, { trouble: undefined, settled: true, durable: 21 });
  t.equal(spool.store('MORE'), 22);
  await safe(spool);
  const { spool: next } = await stage(disk.powerLost(() => 0));
  t.match(next.recovered, { messages: { length: 22 }, damaged: [], cut: 0, session });
});

t.test('a disk that the spool itself filled is emptied by confirmations alone', async t => {
  const disk = new MemoryDisk();
  disk.capacity = 200_000;
  const { spool, clock } = await stage(disk, { segment: 8192, bytes: 10_000_000 });
  spool.session(session);
  for (let round = 0; spool.trouble === undefined && round < 1000; round += 1) {
    for (let count = 0; count < 20; count += 1) spool.store('x'.repeat(900));
    await moved(spool, () => spool.settled || spool.trouble !== undefined);
  }
  t.match(spool.trouble, full);
  const { durable } = spool;
  t.ok(durable > 100);
  spool.confirmed(durable);
  await clock.advance(10_000);
  await rounds();
  t.match(spool, { trouble: undefined, settled: true });
  t.ok(spool.durable > durable, 'what had waited is on the disk');
  const { spool: next } = await stage(disk.killed());
  t.equal(next.recovered.confirmed, durable);
  t.same(
    idsOf(next),
    Array.from({ length: spool.length }, (_, index) => durable + 1 + index),
  );
});

t.test('it is emptied by withdrawals too, while messages wait', async t => {
  const disk = new MemoryDisk();
  disk.capacity = 200_000;
  const { spool, clock } = await stage(disk, { segment: 8192, bytes: 10_000_000 });
  while (spool.trouble === undefined) {
    for (let count = 0; count < 20; count += 1) spool.store('x'.repeat(900));
    await moved(spool, () => spool.settled || spool.trouble !== undefined);
  }
  const { durable } = spool;
  for (let id = 1; id <= durable + 1; id += 1) spool.withdrawn(id);
  await clock.advance(10_000);
  await rounds();
  t.match(spool, { trouble: undefined, settled: true });
  const { spool: next } = await stage(disk.killed());
  t.equal(idsOf(next)[0], durable + 2);
  t.equal(next.length, spool.length);
});

t.test('its own limit is kept, with room for the ends of the messages', async t => {
  const bytes = 100_000;
  const { spool, disk } = await stage(undefined, { segment: 8192, bytes });
  spool.session(session);
  let stored = 0;
  t.throws(() => {
    for (; stored < 10_000; stored += 1) spool.store('x'.repeat(50));
  }, full);
  await safe(spool);
  for (let id = 1; id < stored; id += 2) spool.withdrawn(id);
  await rounds(2000);
  const used = [...disk.files]
    .filter(([name]) => name.endsWith('.spool'))
    .reduce((sum, [, { bytes }]) => sum + bytes.length, 0);
  t.equal(spool.bytes, used);
  t.ok(used <= bytes, `${used} of ${bytes}`);
  t.ok(spool.store('x'.repeat(50)) > stored, 'and there is room again');
  t.throws(() => spool.store('x'.repeat(8192)), full, 'a message longer than a segment has none');
});

t.test('no more than 16 MiB wait for the disk', async t => {
  const { spool } = await stage();
  t.throws(() => {
    for (let count = 0; count < 100; count += 1) spool.store('x'.repeat(1024 * 1024));
  }, full);
  t.equal(spool.length, 15);
  await safe(spool);
  t.equal(spool.store('M'), 16);
});

t.test('each other trouble with the disk is told, and it is tried again', async t => {
  for (const operation of ['open', 'write', 'sync', 'truncate', 'syncFolder'] as const) {
    const { spool, disk, clock } = await stage();
    disk.fault = now => (now === operation ? systemError('EIO') : undefined);
    spool.session(session);
    spool.store('M');
    await moved(spool, () => spool.trouble !== undefined);
    t.match(spool.trouble, { name: 'NetworkError', code: 'SPOOL_FAILED', cause: { code: 'EIO' } }, operation);
    t.ok(spool.trouble instanceof NetworkError);
    t.throws(() => spool.store('N'), { code: 'SPOOL_FAILED' });
    t.equal(spool.durable, 0);
    disk.fault = () => undefined;
    await clock.advance(100);
    t.match(spool, { trouble: undefined, durable: 1, settled: true });
    await spool.close();
    t.match((await stage(disk.powerLost(() => 0))).spool.recovered, { messages: [{ line: 'M' }], damaged: [] });
  }
});

t.test('a sync that failed is not believed: the bytes are written again', async t => {
  const { spool, disk, clock } = await stage();
  spool.store('M');
  disk.fault = operation => (operation === 'sync' ? systemError('EIO') : undefined);
  await moved(spool, () => spool.trouble !== undefined);
  const writes = disk.counts.get('write') ?? 0;
  disk.fault = () => undefined;
  await clock.advance(100);
  t.ok((disk.counts.get('write') ?? 0) > writes);
  t.equal(spool.durable, 1);
});

t.test('a close that cannot sync says so, and gives the folder up', async t => {
  const { spool, disk } = await stage();
  spool.store('M');
  disk.fault = operation => (operation === 'write' ? systemError('EDQUOT') : undefined);
  await moved(spool, () => spool.trouble !== undefined);
  await t.rejects(spool.close(), full);
  disk.fault = () => undefined;
  t.equal((await stage(disk)).spool.length, 0);
});

t.test('a folder that cannot be read is told when it is opened', async t => {
  const disk = new MemoryDisk();
  disk.fault = operation => (operation === 'list' ? systemError('EACCES') : undefined);
  await t.rejects(stage(disk), { code: 'SPOOL_FAILED' });
  disk.fault = () => undefined;
  t.ok((await stage(disk)).spool, 'and its lock was given up');
});
