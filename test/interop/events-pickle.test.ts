// Our pickle against Python's own module: it reads what we write, we read what it writes, and both write the same bytes.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { floatRepr } from '../../lib/protocol/events/wire/pickle-text.ts';
import { pickle } from '../../lib/protocol/events/wire/pickle-writer.ts';
import { decodeContent } from '../../lib/protocol/events/wire.ts';
import { runPython, withoutPython } from './python.ts';

const skip = withoutPython('pickle', 'json');

/** Says for each line whether our pickles are the value of the JSON, and gives Python's: of C and of Python code. */
const script = `
import base64, json, pickle, sys
for line in sys.stdin:
    ours, value = json.loads(line)
    value = tuple(value)
    same = [pickle.loads(base64.b64decode(one)) == value for one in ours]
    dumps = [base64.b64encode(dump(value, protocol)).decode() for dump in (pickle.dumps, pickle._dumps) for protocol in range(5)]
    print(json.dumps([same, dumps]))
`;

const forms = [
  { protocol: 0, dialect: 'python2' },
  { protocol: 0, dialect: 'python3' },
  { protocol: 2, dialect: 'python2' },
  { protocol: 2, dialect: 'python3' },
] as const;

/** JSON that Python reads as the same values: any integer, and floats that stay floats. */
function jsonOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? String(value)
      : floatRepr(value).replace('inf', 'Infinity');
  }
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}:${jsonOf(one)}`);
  return `{${entries.join(',')}}`;
}

/** All texts in it: where one stands twice, Python may refer to the first. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => [...(Array.isArray(value) ? [] : [key]), ...textsOf(one)]);
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary-ascii' }), fc.string({ minLength: 2 }));
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 100n), max: 2n ** 100n }).map(n => (n === BigInt(Number(n)) ? Number(n) : n)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(text, tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

t.test('Python and we understand each other, values and bytes', { skip }, async t => {
  const samples = fc.sample(fc.array(value, { maxLength: 5 }), 600);
  const lines = samples.map(sample => {
    const ours = forms.map(form => Buffer.from(pickle(sample, form), 'latin1').toString('base64'));
    return `[${JSON.stringify(ours)},${jsonOf(sample)}]`;
  });
  const answers = await runPython(script, lines);
  t.equal(answers.length, samples.length);
  let compared = 0;
  for (const [at, sample] of samples.entries()) {
    const [same, dumps] = JSON.parse(answers[at] ?? '') as [boolean[], string[]];
    assert.deepEqual(same, [true, true, true, true], `Python reads ours: ${jsonOf(sample)}`);
    const theirs = dumps.map(dump => Buffer.from(dump, 'base64'));
    for (const one of theirs) assert.deepStrictEqual(decodeContent(one), sample);
    const texts = textsOf(sample);
    if (new Set(texts).size < texts.length) continue;
    compared += 1;
    assert.equal(pickle(sample, forms[1]), theirs[5]?.toString('latin1'), 'protocol 0, byte for byte');
    assert.equal(pickle(sample, forms[3]), theirs[7]?.toString('latin1'), 'protocol 2, byte for byte');
  }
  t.ok(compared > samples.length / 2, `${compared} were compared byte for byte`);
});
