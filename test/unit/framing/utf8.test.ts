import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { bytesOf, textOf } from '../../../lib/framing/index.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const back = (hex: string): string => bytesOf(textOf(bytes(hex))).toString('hex');

t.test('UTF-8 is read as what it says', async t => {
  for (const text of ['', 'plain', 'é', '€', '😀', 'a\u0000b', 'ä€😀z', '\ufeffmark', '\ufffd', '\u{10ffff}']) {
    t.equal(textOf(Buffer.from(text)), text);
    t.same(bytesOf(text), Buffer.from(text));
  }
});

t.test('a byte of no character becomes one lone surrogate, and its neighbours stay', async t => {
  t.equal(textOf(bytes('ff')), '\udcff');
  t.equal(textOf(bytes('80')), '\udc80');
  t.equal(textOf(bytes('61ff62')), 'a\udcffb');
  t.equal(textOf(bytes('c3a9ffc3a9')), 'é\udcffé');
  t.equal(textOf(bytes('c3')), '\udcc3');
  t.equal(textOf(bytes('f09f98')), '\udcf0\udc9f\udc98', 'a character cut short');
  t.equal(textOf(bytes('f09f9880f0')), '😀\udcf0');
});

t.test('sequences that UTF-8 forbids are bytes', async t => {
  const forbidden = {
    c0af: 'a slash in two bytes',
    c180: 'an ASCII character in two bytes',
    e08080: 'a NUL in three bytes',
    e09fbf: 'three bytes for what fits two',
    eda080: 'a high surrogate',
    edbfbf: 'a low surrogate',
    edb2ff: 'the start of one',
    f0808080: 'a NUL in four bytes',
    f08fbfbf: 'four bytes for what fits three',
    f4908080: 'past U+10FFFF',
    f5808080: 'a lead that does not exist',
    f888808080: 'five bytes',
    fe: 'no lead',
  };
  for (const [hex, what] of Object.entries(forbidden)) {
    const text = textOf(bytes(hex));
    t.equal(text.length, hex.length / 2, `${what}: one character each byte`);
    t.match(text, /^[\udc80-\udcff]+$/, what);
    t.equal(back(hex), hex, what);
  }
});

t.test('a lone surrogate that stands for no byte becomes the replacement character', async t => {
  for (const text of ['\ud800', '\udbff', '\udc00', '\udc7f', '\udd00', '\udfff']) {
    t.equal(bytesOf(text).toString('hex'), 'efbfbd', JSON.stringify(text));
  }
  t.equal(bytesOf('a\ud83d').toString(), 'a\ufffd');
});

t.test('each single byte and each pair of bytes comes back', async t => {
  const bad: string[] = [];
  for (let first = 0; first < 256; first += 1) {
    if (back(Buffer.of(first).toString('hex')) !== Buffer.of(first).toString('hex')) bad.push(`${first}`);
    for (let second = 0; second < 256; second += 1) {
      const hex = Buffer.of(first, second).toString('hex');
      if (back(hex) !== hex) bad.push(hex);
    }
  }
  t.same(bad, []);
});

t.test('any bytes come back', async t => {
  const likely = fc.constantFrom(0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0x41);
  const any = fc.array(fc.oneof(likely, fc.integer({ min: 0, max: 255 })), { maxLength: 40 });
  const same = fc.property(any, list => {
    const given = Buffer.from(list);
    assert.deepEqual(bytesOf(textOf(given)), given);
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 3000 }));
});

t.test('the text is what TextDecoder reads, wherever that can read it', async t => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const same = fc.property(fc.uint8Array({ maxLength: 6 }), list => {
    let expected: string | undefined;
    try {
      expected = decoder.decode(list);
    } catch {
      return textOf(Buffer.from(list)).isWellFormed() === false;
    }
    return textOf(Buffer.from(list)) === expected;
  });
  t.doesNotThrow(() => fc.assert(same, { numRuns: 2000 }));
});

t.test('a part of a larger buffer is read by itself', async t => {
  const all = bytes('c3a9ffc3a9');
  t.equal(textOf(all.subarray(1, 4)), '\udca9\udcff\udcc3');
});
