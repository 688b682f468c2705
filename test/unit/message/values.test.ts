import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { timespecOf, writeTimespec } from '../../../lib/message/index.ts';
import * as values from '../../../lib/message/values.ts';

t.test('times are written without needless zeros, or with all nine digits', async t => {
  t.equal(writeTimespec({ seconds: 1, nanoseconds: 5 }), '1.000000005');
  t.equal(writeTimespec({ seconds: 7, nanoseconds: 500_000_000 }), '7.5');
  t.equal(writeTimespec({ seconds: 7, nanoseconds: 0 }), '7');
  t.equal(writeTimespec({ seconds: 7, nanoseconds: 0 }, 'all'), '7.000000000');
  t.equal(writeTimespec({ seconds: 0, nanoseconds: -5 }), '-0.000000005');
  t.equal(writeTimespec({ seconds: -3, nanoseconds: -250_000_000 }, 'all'), '-3.250000000');
});

t.test('each time that is written is read back', async t => {
  const seconds = fc.oneof(fc.nat(100), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
  const time = fc.tuple(seconds, fc.integer({ min: 0, max: 999_999_999 }), fc.constantFrom(1, -1));
  const same = fc.property(time, fc.constantFrom('needed', 'all'), ([whole, part, sign], digits) => {
    const given = { seconds: 0 + sign * whole, nanoseconds: 0 + sign * part };
    assert.deepEqual(values.readTimespec(writeTimespec(given, digits as 'needed' | 'all')), given);
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 500 }));
});

t.test('a moment of the wall becomes seconds and nanoseconds', async t => {
  t.same(timespecOf(0), { seconds: 0, nanoseconds: 0 });
  t.same(timespecOf(1500), { seconds: 1, nanoseconds: 500_000_000 });
  t.same(timespecOf(1_795_216_600_737.5), { seconds: 1_795_216_600, nanoseconds: 737_500_000 });
});

t.test('a moment before 1970 has no part above zero, and is read back', async t => {
  t.same(timespecOf(-500), { seconds: 0, nanoseconds: -500_000_000 });
  t.same(timespecOf(-1500), { seconds: -1, nanoseconds: -500_000_000 });
  t.equal(writeTimespec(timespecOf(-1500)), '-1.5');
});

t.test('the nanoseconds are never a whole second', async t => {
  const wall = fc.double({ min: 0, max: 4e12, noNaN: true });
  const within = fc.property(wall, ms => {
    const { seconds, nanoseconds } = timespecOf(ms);
    assert.ok(Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds <= 999_999_999, `${nanoseconds}`);
    assert.ok(Math.abs(seconds * 1000 + nanoseconds / 1e6 - ms) < 0.001, 'and it is the same moment');
  });
  t.doesNotThrow(() => fc.assert(within, { numRuns: 1000 }));
});

t.test('each integer of 64 bits is read back, as bigint and where it fits as number', async t => {
  const any = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const same = fc.property(fc.oneof(any, fc.maxSafeInteger().map(BigInt)), fc.nat(20), (value, zeros) => {
    const [sign, digits] = value < 0n ? ['-', String(-value)] : ['', String(value)];
    const text = `${sign}${'0'.repeat(zeros)}${digits}`;
    assert.equal(values.readBigint(text), value);
    const fits = BigInt.asIntN(54, value) === value && value > -(2n ** 53n) && value < 2n ** 53n;
    if (fits) assert.equal(values.readInteger(text), Number(value));
    else assert.throws(() => values.readInteger(text), RangeError);
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1000 }));
});

t.test('readers throw nothing but a RangeError, whatever the text', async t => {
  const readers = [values.readBigint, values.readInteger, values.readBoolean, values.readTimespec, values.readHostPort];
  const likely = fc.string({ unit: fc.constantFrom(...'0123456789+-.: s[]etruhfal%\n') });
  const onlyRange = fc.property(fc.oneof(likely, fc.string({ unit: 'binary' })), text => {
    for (const read of readers) {
      try {
        read(text);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }
  });
  t.doesNotThrow(() => fc.assert(onlyRange, { numRuns: 1000 }));
});
