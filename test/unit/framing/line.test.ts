import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import { CommunicatorError } from '../../../lib/base/errors.ts';
import { LineSlicer, longestLine, textOf } from '../../../lib/framing/index.ts';

/** The lines of the slicer up to where it needs more bytes, or the code of what it throws as the last. */
function linesOf(slicer: LineSlicer): string[] {
  const lines: string[] = [];
  try {
    while (slicer.next()) lines.push(slicer.text.slice(slicer.start, slicer.end));
  } catch (error) {
    if (!(error instanceof CommunicatorError)) throw error;
    lines.push(error.code);
  }
  return lines;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map(place => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
}

/** All chunks are fed, and then read (`late`), or read as they come. */
function sliced(chunks: readonly Buffer[], { longest = 1000, late = false } = {}): string[] {
  const slicer = new LineSlicer(longest);
  const lines: string[] = [];
  for (const chunk of chunks) {
    slicer.push(chunk);
    if (!late) lines.push(...linesOf(slicer));
    if (lines.at(-1) === 'LINE_TOO_LONG') return lines;
  }
  return late ? linesOf(slicer) : lines;
}

const tooLong = { name: 'PeerError', code: 'LINE_TOO_LONG', message: 'the line is longer than 4 bytes' };
const sample = Buffer.from('HI\n\nDAD ä=€😀\r\n<a:b CMD v="x;y"\n\u0000\n日本語\nrest');
const lines = ['HI', '', 'DAD ä=€😀\r', '<a:b CMD v="x;y"', '\u0000', '日本語'];

t.test('the same lines come out wherever the bytes are cut in two', async t => {
  for (let place = 0; place <= sample.length; place += 1) {
    const chunks = [sample.subarray(0, place), sample.subarray(place)];
    t.same(sliced(chunks), lines, `cut at ${place}`);
    t.same(sliced(chunks, { late: true }), lines, `cut at ${place}, read later`);
  }
});

t.test('one byte at a time gives the same lines', async t => {
  const bytes = [...sample].map(byte => Buffer.of(byte));
  t.same(sliced(bytes), lines);
  t.same(sliced(bytes, { late: true }), lines);
});

t.test('any bytes in any chunks give the lines that stand between the line feeds', async t => {
  const byte = fc.oneof(fc.constantFrom(10, 0xc3, 0xa9, 0xf0, 0x9f), fc.integer({ min: 0, max: 255 }));
  const bytes = fc.array(byte, { maxLength: 60 }).map(list => Buffer.from(list));
  const same = fc.property(bytes, fc.array(fc.nat(100)), fc.boolean(), (all, places, late) => {
    const expected = all.toString('latin1').split('\n').slice(0, -1);
    const texts = expected.map(line => textOf(Buffer.from(line, 'latin1')));
    assert.deepEqual(sliced(cut(all, places), { late }), texts);
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1000 }));
});

t.test('a limit holds at the same line whatever the chunks are', async t => {
  const line = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀'), maxLength: 12 });
  const same = fc.property(
    fc.array(line, { minLength: 1, maxLength: 5 }),
    fc.array(fc.nat(100)),
    fc.boolean(),
    (all, places, late) => {
      const longest = 12;
      const bad = all.findIndex(one => Buffer.byteLength(one) > longest);
      const expected = bad < 0 ? all : [...all.slice(0, bad), 'LINE_TOO_LONG'];
      const chunks = cut(Buffer.from(all.map(one => `${one}\n`).join('')), places);
      assert.deepEqual(sliced(chunks, { longest, late }), expected);
    },
  );
  t.doesNotThrow(() => fc.assert(same, { numRuns: 1000 }));
});

t.test('a line as long as the limit is taken, one byte more is refused', async t => {
  t.same(sliced([Buffer.from('1234\n')], { longest: 4 }), ['1234']);
  t.same(sliced([Buffer.from('12345\n')], { longest: 4 }), ['LINE_TOO_LONG']);
  t.same(sliced([Buffer.from('1234')], { longest: 4 }), []);
  t.same(sliced([Buffer.from('1234'), Buffer.from('5')], { longest: 4 }), ['LINE_TOO_LONG'], 'without its end');
  t.equal(longestLine, 1024 * 1024);
});

t.test('the limit counts bytes, not characters', async t => {
  const bytes = Buffer.from('ééé\n');
  t.same(sliced([bytes], { longest: 6 }), ['ééé'], 'six bytes');
  t.same(sliced([bytes.subarray(0, 6), bytes.subarray(6)], { longest: 5 }), ['LINE_TOO_LONG'], 'cut before its end');
  t.same(sliced([bytes], { longest: 5 }), ['LINE_TOO_LONG'], 'in one piece');
});

t.test('the lines before one that is too long still come out', async t => {
  const slicer = new LineSlicer(4);
  slicer.push(Buffer.from('A\nB\nlonger'));
  t.same([slicer.next(), slicer.next()], [true, true]);
  t.throws(() => slicer.next(), tooLong);
  t.throws(() => slicer.next(), tooLong, 'and again');
});

t.test('nothing comes out behind a line that is too long', async t => {
  t.same(sliced([Buffer.from('A\nlonger\nB\n')], { longest: 4 }), ['A', 'LINE_TOO_LONG']);
  const late = sliced([Buffer.from('A\nlonger'), Buffer.from('er\nB\n')], { longest: 4, late: true });
  t.same(late, ['A', 'LINE_TOO_LONG'], 'no piece of it is taken for a line');
});

t.test('a half line waits, and is forgotten by clear', async t => {
  const slicer = new LineSlicer(10);
  slicer.push(Buffer.from('A\nB\nhalf'));
  t.same([slicer.waiting, slicer.left], [4, 2]);
  slicer.next();
  t.equal(slicer.left, 1);
  slicer.push(Buffer.from(' more\nC\n'));
  t.same([slicer.waiting, slicer.left], [0, 3]);
  t.same(linesOf(slicer), ['B', 'half more', 'C']);
  t.equal(slicer.left, 0);
  slicer.push(Buffer.from('D\nhalf'));
  slicer.clear();
  t.same([slicer.waiting, slicer.left, slicer.next()], [0, 0, false]);
  slicer.push(Buffer.from('E\n'));
  t.same(linesOf(slicer), ['E']);
});

t.test('clear forgets a line that was too long', async t => {
  const slicer = new LineSlicer(4);
  slicer.push(Buffer.from('longer'));
  t.throws(() => slicer.next(), tooLong);
  slicer.clear();
  slicer.push(Buffer.from('A\n'));
  t.same(linesOf(slicer), ['A']);
});

t.test('what it was fed may change afterwards', async t => {
  const slicer = new LineSlicer();
  const chunk = Buffer.from('A\nhalf');
  slicer.push(chunk);
  chunk.fill('x');
  slicer.push(Buffer.from('\n'));
  t.same(linesOf(slicer), ['A', 'half']);
});

t.test('a half line does not hold the chunk it came in', async t => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = (): number => {
    collect();
    return process.memoryUsage().arrayBuffers;
  };
  const before = held();
  const slicers = Array.from({ length: 100 }, () => {
    const slicer = new LineSlicer();
    const chunk = Buffer.alloc(256 * 1024, 'x');
    chunk.write('\n', chunk.length - 10);
    slicer.push(chunk);
    linesOf(slicer);
    return slicer;
  });
  const grown = held() - before;
  t.ok(grown < 2 * 1024 * 1024, `${grown} bytes are held of 25 MiB`);
  t.equal(
    slicers.reduce((sum, { waiting }) => sum + waiting, 0),
    900,
  );
});

t.test('a long line in small pieces is not copied again and again', async t => {
  const real = Buffer.allocUnsafeSlow;
  let rooms = 0;
  let room = 0;
  Buffer.allocUnsafeSlow = size => {
    rooms += 1;
    room += size;
    return real(size);
  };
  try {
    const slicer = new LineSlicer();
    const piece = Buffer.from('x');
    for (let at = 0; at < 100_000; at += 1) slicer.push(piece);
    t.equal(slicer.waiting, 100_000);
  } finally {
    Buffer.allocUnsafeSlow = real;
  }
  t.ok(rooms > 1 && rooms < 20, `${rooms} rooms`);
  t.ok(room < 400_000, `${room} bytes in all`);
});
