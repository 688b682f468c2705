// Lines in turns: chunks come while lines are left from earlier ones, as they do in a busy process.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { PeerError } from '../../../lib/base/errors.ts';
import { bytesOf, LineSlicer } from '../../../lib/framing/index.ts';

/** A chunk to push, or how many lines to move on. */
type Step = Uint8Array | number;

const bytes = fc.oneof(
  { weight: 3, arbitrary: fc.constant(10) },
  { weight: 3, arbitrary: fc.constantFrom(0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80) },
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 255 }) },
);
const letters = fc.constantFrom(10, 65, 66, 67, 68, 69);

const stepsOf = (byte: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
  const chunk = fc.array(byte, { maxLength: 30, size: 'max' }).map(list => Uint8Array.from(list));
  return fc.array(fc.oneof<fc.Arbitrary<Step>[]>(chunk, fc.nat(6)), { maxLength: 25, size: 'max' });
};

/** Moves on by so many lines; adds them as bytes, and what ends them. */
function read(slicer: LineSlicer, most: number, lines: string[]): void {
  try {
    for (let left = most; left > 0 && slicer.next(); left -= 1) {
      lines.push(bytesOf(slicer.text.slice(slicer.start, slicer.end)).toString('hex'));
    }
  } catch (error) {
    assert.ok(error instanceof PeerError && error.code === 'LINE_TOO_LONG', `${error}`);
    if (lines.at(-1) !== 'too long') lines.push('too long');
  }
}

/** The plainest cutting: all bytes at once. */
function linesOf(bytes: Buffer, longest: number): string[] {
  const pieces = bytes.toString('latin1').split('\n');
  const rest = pieces.pop() ?? '';
  const bad = pieces.findIndex(line => line.length > longest);
  const good = (bad < 0 ? pieces : pieces.slice(0, bad)).map(line => Buffer.from(line, 'latin1').toString('hex'));
  return bad >= 0 || rest.length > longest ? [...good, 'too long'] : good;
}

function compare(steps: readonly Step[], longest: number): void {
  const slicer = new LineSlicer(longest);
  const lines: string[] = [];
  const all: Uint8Array[] = [];
  for (const step of steps) {
    if (typeof step === 'number') read(slicer, step, lines);
    else {
      all.push(step);
      slicer.push(Buffer.from(step));
    }
  }
  const unread = slicer.left;
  const before = lines.length;
  read(slicer, Number.POSITIVE_INFINITY, lines);
  assert.deepEqual(lines, linesOf(Buffer.concat(all), longest));
  if (lines.at(-1) !== 'too long') assert.equal(lines.length - before, unread);
}

t.test('the same lines and bytes come out, however chunks and turns alternate', async t => {
  const same = fc.property(stepsOf(bytes), steps => compare(steps, 1_000));
  t.doesNotThrow(() => fc.assert(same, { numRuns: 3_000 }));
});

t.test('a line that is too long is found at its place, however chunks and turns alternate', async t => {
  const same = fc.property(stepsOf(letters), fc.integer({ min: 1, max: 20 }), compare);
  t.doesNotThrow(() => fc.assert(same, { numRuns: 2_000 }));
});
