import assert from 'node:assert/strict';
import t from 'tap';
import { headSize } from '../../../lib/spool/log/record.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';
import { idsOf, rounds, safe, session, stage } from './spool-kit.ts';

const first = '000000000001.spool';

/** A spool of one segment: a session, messages 1 to 6, of which 1 was confirmed and 4 withdrawn. */
async function written(): Promise<Buffer> {
  const { spool, disk } = await stage();
  spool.session(session);
  for (let id = 1; id <= 6; id += 1) spool.store(`MESSAGE number=${id}`);
  await safe(spool);
  spool.withdrawn(4);
  spool.confirmed(1);
  await safe(spool);
  return disk.files.get(first)?.bytes ?? Buffer.alloc(0);
}

const diskOf = (bytes: Buffer, name = first): MemoryDisk => new MemoryDisk(new Map([[name, bytes]]));

t.test('a segment cut off at any byte gives what was whole before it', async t => {
  const whole = await written();
  let ids = 0;
  for (let length = 0; length <= whole.length; length += 1) {
    const disk = diskOf(whole.subarray(0, length));
    const { spool } = await stage(disk);
    assert.deepEqual(spool.recovered.damaged, [], `${length} bytes`);
    const found = idsOf(spool);
    assert.ok(spool.recovered.confirmed === 1 || found.every((id, index) => id === index + 1 || id > 4));
    assert.ok(found.length >= ids || length > whole.length - 50, 'more bytes, more messages, until some have ended');
    ids = found.length;
    for (const { id, line } of spool.recovered.messages) assert.equal(line, `MESSAGE number=${id}`);
    const next = spool.store('NEXT');
    await safe(spool);
    const { spool: again } = await stage(disk.powerLost(() => 0));
    assert.deepEqual(idsOf(again), [...found, next], 'and it goes on from there');
    assert.deepEqual([again.recovered.cut, again.recovered.damaged], [0, []], 'the end was cut for good');
    assert.equal(again.recovered.confirmed, spool.recovered.confirmed);
  }
  t.pass();
});

t.test('zeros at the end are a write that was cut off', async t => {
  const whole = await written();
  const { spool } = await stage(diskOf(Buffer.concat([whole, Buffer.alloc(700)])));
  t.match(spool.recovered, { cut: 700, damaged: [], session, confirmed: 1 });
  t.same(idsOf(spool), [2, 3, 5, 6]);
  t.equal((await stage(diskOf(Buffer.alloc(5000)))).spool.recovered.cut, 5000, 'also in a segment that had not begun');
});

t.test('a flipped bit at any byte is told, costs one record, and never a number', async t => {
  const whole = await written();
  for (let at = 0; at < whole.length; at += 1) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    const { spool } = await stage(diskOf(bytes));
    const { damaged, session, cut, messages } = spool.recovered;
    assert.deepEqual([damaged.length, session, cut], [1, undefined, 0], `byte ${at}`);
    const [{ position, bytes: length } = { position: 0, bytes: 0 }] = damaged;
    assert.ok(position <= at && at < position + length);
    const lost = [2, 3, 5, 6].filter(id => !messages.some(message => message.id === id));
    assert.ok(lost.length <= 1, `${lost.length} are lost`);
    for (const { id, line } of messages) assert.equal(line, `MESSAGE number=${id}`);
    assert.equal(spool.store('NEXT') > (messages.at(-1)?.id ?? 0), true);
  }
  t.pass();
});

t.test('damage is told once; the session that began after it is kept', async t => {
  const bytes = await written();
  bytes[headSize + 120] = (bytes[headSize + 120] ?? 0) ^ 1;
  const disk = diskOf(bytes);
  const { spool } = await stage(disk);
  t.match(spool.recovered, { session: undefined, confirmed: 0, damaged: [{ segment: first }] });
  const left = idsOf(spool);
  spool.session({ ...session, id: 'second' });
  spool.confirmed(1);
  await safe(spool);
  await spool.close();
  const { spool: next } = await stage(disk);
  t.match(next.recovered, { session: { id: 'second' }, confirmed: 1, damaged: [] });
  t.same(idsOf(next), left.slice(1));
  await next.close();
  const file = disk.files.get(first)?.bytes ?? Buffer.alloc(0);
  file[headSize + 220] = (file[headSize + 220] ?? 0) ^ 1;
  t.match((await stage(disk)).spool.recovered, { session: undefined, damaged: [{}, {}] }, 'new damage is told');
});

/** A spool of several segments in which everything lives. */
async function several(): Promise<MemoryDisk> {
  const { spool, disk } = await stage(undefined, { segment: 4096, bytes: 1_000_000 });
  spool.session(session);
  for (let id = 1; id <= 200; id += 1) spool.store(`${id} `.padEnd(100, 'x'));
  await safe(spool);
  await rounds();
  return disk.killed();
}

t.test('a segment that is missing between others is told', async t => {
  const disk = await several();
  disk.files.delete('000000000003.spool');
  const { spool } = await stage(disk);
  t.match(spool.recovered, { session: undefined, damaged: [{ segment: '000000000003.spool', position: 0, bytes: 0 }] });
  t.ok(spool.length > 150 && spool.length < 200);
});

t.test('a segment that lost its end, and one that grew, are measured by the head of the next', async t => {
  const short = await several();
  const file = short.files.get('000000000002.spool');
  const { length = 0 } = file?.bytes ?? [];
  if (file !== undefined) file.bytes = file.bytes.subarray(0, length - 200);
  t.match((await stage(short)).spool.recovered, { session: undefined, damaged: [{}, { position: length - 200 }] });
  const long = await several();
  const grown = long.files.get('000000000002.spool');
  if (grown !== undefined) grown.bytes = Buffer.concat([grown.bytes, Buffer.from('what a failed cut left')]);
  const { spool } = await stage(long);
  t.match(spool.recovered, { session, damaged: [], cut: 0 });
  t.equal(spool.length, 200);
});

t.test('a segment with both heads broken is told whole, and the others are read', async t => {
  const disk = await several();
  const file = disk.files.get('000000000002.spool');
  const { bytes = Buffer.alloc(0) } = file ?? {};
  bytes[3] = 0;
  bytes[31] = 0;
  const { spool } = await stage(disk);
  t.match(spool.recovered.damaged, [{ segment: '000000000002.spool', position: 0, bytes: bytes.length }]);
  t.ok(spool.length > 150);
});

t.test('other files in the folder are left alone', async t => {
  const disk = await several();
  disk.files.set('notes.txt', { bytes: Buffer.from('mine'), synced: Buffer.alloc(0) });
  const { spool } = await stage(disk);
  t.equal(spool.length, 200);
  spool.session(session);
  spool.confirmed(200);
  await rounds();
  t.ok(disk.files.has('notes.txt'));
});
