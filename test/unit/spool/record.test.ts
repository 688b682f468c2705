import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Stretch } from '../../../lib/spool/log/record.ts';
import {
  headBytes,
  headSize,
  isHeadWhole,
  isTorn,
  readHead,
  scan,
  writeRecord,
} from '../../../lib/spool/log/record.ts';

const head = { number: 7, previous: 123_456, salt: 0xdeadbeef };

function segment(bodies: readonly Uint8Array[], salt = head.salt): Buffer {
  const bytes = Buffer.alloc(headSize + bodies.reduce((sum, { length }) => sum + 9 + length, 0));
  let at = headBytes({ ...head, salt }).copy(bytes);
  for (const body of bodies) at = writeRecord(bytes, at, salt, 1, Buffer.from(body));
  return bytes;
}

function read(bytes: Buffer, salt = head.salt): { bodies: string[]; bad: Stretch[] } {
  const bodies: string[] = [];
  const bad = scan(bytes, salt, (_type, body) => bodies.push(body.toString('latin1')));
  return { bodies, bad };
}

const words = ['one', '', 'three', 'four'].map(word => Buffer.from(word));

t.test('bytes are where the format says', async t => {
  const bytes = segment([Buffer.from('HI')]);
  t.equal(bytes.length, 56 + 9 + 2);
  t.equal(bytes.toString('latin1', 0, 8), 'EDSPOOL1');
  t.equal(bytes.subarray(8, 24).toString('hex'), '07000000000040e201000000efbeadde');
  t.same(bytes.subarray(28, 56), bytes.subarray(0, 28), 'the head is there twice');
  t.equal(bytes.subarray(56, 60).toString('hex'), '030000a6', 'the length and its check');
  t.equal(bytes.toString('latin1', 64), '\u0001HI');
});

t.test('any records come back as they were', async t => {
  const same = fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), fc.nat(0xffffffff), (bodies, salt) => {
    const back = read(segment(bodies, salt), salt);
    assert.deepEqual(back, { bodies: bodies.map(body => Buffer.from(body).toString('latin1')), bad: [] });
  });
  t.doesNotThrow(() => fc.assert(same));
});

t.test('one flipped bit costs one record, wherever it is, and the others are read', async t => {
  const whole = segment(words);
  for (let at = headSize; at < whole.length; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const { bodies, bad } = read(bytes);
      assert.equal(bodies.length, 3, `byte ${at}, bit ${bit}`);
      assert.equal(bad.length, 1);
      const [stretch] = bad;
      assert.ok(stretch !== undefined && stretch.position <= at && at < stretch.position + stretch.bytes);
      assert.ok(!isTorn(bytes.subarray(stretch.position)), 'a flipped bit is no torn end');
    }
  }
  t.pass();
});

t.test('a head is read from whichever copy is whole', async t => {
  const whole = segment([]);
  t.ok(isHeadWhole(whole));
  for (let at = 0; at < headSize; at += 1) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    assert.deepEqual(readHead(bytes), head);
    assert.ok(!isHeadWhole(bytes));
    bytes[(at + 28) % 56] = (bytes[(at + 28) % 56] ?? 0) ^ 0x10;
    assert.equal(readHead(bytes), undefined);
  }
});

t.test('a record of another segment is none of this one', async t => {
  const stranger = segment(words, 1).subarray(headSize);
  const { bodies, bad } = read(Buffer.concat([segment(words), stranger, segment(words).subarray(headSize)]));
  t.same(bodies, ['one', '', 'three', 'four', 'one', '', 'three', 'four']);
  t.same(bad, [{ position: segment(words).length, bytes: stranger.length }]);
  t.same(read(segment([stranger, Buffer.from('last')])).bodies.at(-1), 'last', 'and stays text inside a message');
});

t.test('each end that a cut-off write leaves is torn', async t => {
  const record = segment([Buffer.from('some words')]).subarray(headSize);
  for (let length = 0; length < record.length; length += 1) t.ok(isTorn(record.subarray(0, length)), `${length} bytes`);
  t.notOk(isTorn(record), 'a whole record is not');
  t.ok(isTorn(Buffer.alloc(5000)), 'zeros are');
});

t.test('a search among bytes that look like lengths ends in reasonable work', async t => {
  const lengths = Buffer.alloc(4 * 1024 * 1024);
  const length = 2 * 1024 * 1024;
  for (let at = 0; at + 4 <= lengths.length; at += 4) {
    lengths.writeUIntLE(length, at, 3);
    lengths[at + 3] = 0xa5 ^ (length >> 16);
  }
  const { bodies, bad } = read(Buffer.concat([segment([]), Buffer.from([0]), lengths]));
  t.same(bodies, []);
  t.same(bad, [{ position: headSize, bytes: lengths.length + 1 }]);
});
