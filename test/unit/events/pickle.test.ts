// Pickle, written and read, against what the original wrote, and for arbitrary values.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { PeerError, UsageError } from '../../../lib/base/errors.ts';
import { pickle } from '../../../lib/protocol/events/wire/pickle-writer.ts';
import type { ContentForm } from '../../../lib/protocol/events/wire.ts';
import { checkedName, decodeContent, encodeEvent, nameEnd, settledForm } from '../../../lib/protocol/events/wire.ts';
import { bodyOf, recorded, situations } from './recordings.ts';

const forms: readonly ContentForm[] = [
  { protocol: 0, dialect: 'python2' },
  { protocol: 0, dialect: 'python3' },
  { protocol: 2, dialect: 'python2' },
  { protocol: 2, dialect: 'python3' },
];
const runs = { numRuns: 800 };
const utf8 = (bytes: string): Buffer => Buffer.from(bytes, 'latin1');
const read = (bytes: string): unknown => decodeContent(utf8(bytes))[0];

/** Python 2 has its own order of keys. */
const orders: Readonly<Record<string, readonly unknown[]>> = {
  '[{"uuid":"u1","userid":"user@example.org"}]': [{ userid: 'user@example.org', uuid: 'u1' }],
};

t.test('each recorded frame of Python 2 is written byte for byte', async t => {
  for (const { args, frame } of recorded(situations.python2)) {
    const content = orders[JSON.stringify(args)] ?? args;
    t.same(encodeEvent('CLIENT_UID', content).toString('latin1'), frame.toString('latin1'), JSON.stringify(args));
  }
});

t.test('each recorded frame of Python 3 in protocol 0 is written byte for byte', async t => {
  for (const { args, frame } of recorded(situations.python3)) {
    const ours = encodeEvent('CLIENT_UID', args, { protocol: 0, dialect: 'python3' });
    t.same(ours.toString('latin1'), frame.toString('latin1'), JSON.stringify(args));
  }
});

t.test('each recorded frame is read as what was emitted, protocols 0 and 4', async t => {
  for (const situation of Object.values(situations)) {
    for (const { args, frame } of recorded(situation)) {
      t.equal(frame.toString('latin1', 0, nameEnd(frame)), 'CLIENT_UID');
      t.same(decodeContent(bodyOf(frame)), args, `${situation} ${JSON.stringify(args)}`);
    }
  }
});

t.test('the other forms that are known of Python are written and read', async t => {
  const python3 = { protocol: 2, dialect: 'python3' } as const;
  t.equal(pickle(['foo'], python3), '\x80\x02X\x03\0\0\0fooq\0\x85q\x01.');
  t.equal(pickle(["it's"]), '(S"it\'s"\np0\ntp1\n.');
  t.equal(pickle([`it's "so"`]), `(S'it\\'s "so"'\np0\ntp1\n.`);
  t.equal(pickle(['a\\b\n\t\r\x00\x7f']), "(S'a\\\\b\\n\\t\\r\\x00\\x7f'\np0\ntp1\n.");
  t.equal(pickle(['\u20ac\\\n😀']), '(V\\u20ac\\u005c\\u000a\\U0001f600\np0\ntp1\n.');
  t.equal(pickle([2n ** 40n]), '(I1099511627776\ntp0\n.');
  t.equal(pickle([2n ** 64n]), '(L18446744073709551616L\ntp0\n.');
  t.equal(pickle([2n ** 40n], { protocol: 0, dialect: 'python3' }), '(L1099511627776L\ntp0\n.');
  const shared = ['x'];
  t.equal(pickle([shared, shared]), "((lp0\nS'x'\np1\nag0\ntp2\n.");
  t.same(read("(S'caf\\xc3\\xa9'\np0\ntp1\n."), 'café', 'a byte string that is UTF-8 is a text');
  t.same(read("(S'caf\\xe9'\np0\ntp1\n."), Uint8Array.from(utf8('caf\xe9')), 'another one is bytes');
  t.same(read('(L1L\ntp0\n.'), 1);
  t.same(read("((S'n'\np0\ntp1\ntp2\n."), ['n']);
  t.same(read('(I01\nt.'), true);
});

t.test('floats are written as Python writes them', async t => {
  const known: readonly (readonly [number, string])[] = [
    [1.5, '1.5'],
    [-0, '-0.0'],
    [1e-4, '0.0001'],
    [1.25e-5, '1.25e-05'],
    [1e16, '1e+16'],
    [1e21, '1e+21'],
    [123456.789, '123456.789'],
    [-1.5e300, '-1.5e+300'],
    [5e-324, '5e-324'],
    [Number.NaN, 'nan'],
    [Number.NEGATIVE_INFINITY, '-inf'],
  ];
  for (const [value, text] of known) {
    t.equal(pickle([value]), `(F${text}\ntp0\n.`, text);
    t.ok(Object.is(read(`(F${text}\ntp0\n.`), value), `${text} is read back`);
  }
});

t.test('integers past 2^53 are bigint, others numbers', async t => {
  for (const line of ['9007199254740991', '-9007199254740991', '0', '-7']) {
    t.equal(read(`(I${line}\nt.`), Number(line));
    t.equal(read(`(L${line}L\nt.`), Number(line));
  }
  t.equal(read('(I9007199254740993\nt.'), 9007199254740993n);
  t.equal(read('(L-123456789012345678901234567890L\nt.'), -123456789012345678901234567890n);
  t.equal(read('\x80\x02\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85.'), 2n ** 63n - 1n);
  t.equal(read('\x80\x02\x8a\x00\x85.'), 0);
  t.equal(read('\x80\x02J\xf9\xff\xff\xff\x85.'), -7);
});

t.test('a dict with other keys than texts is a Map', async t => {
  t.same(read("((dI1\nS'a'\nst."), new Map([[1, 'a']]));
  t.same(read("((dS'1'\nS'a'\nst."), { 1: 'a' });
});

t.test('what is no data is refused at the caller', async t => {
  class Thing {}
  const cyclic: unknown[] = [];
  cyclic.push([cyclic]);
  let deep: unknown = 1;
  for (let count = 0; count < 200; count += 1) deep = [deep];
  for (const bad of [() => 1, Symbol('s'), new Thing(), new Date(), cyclic, deep, new Map([[{}, 1]])]) {
    for (const form of forms) {
      t.throws(() => encodeEvent('X', [bad], settledForm(form)), { code: 'INVALID_VALUE' });
    }
  }
  t.throws(() => encodeEvent('X', [1n], 'json'), { code: 'INVALID_VALUE' });
  t.throws(() => encodeEvent('X', cyclic, 'json'), { code: 'INVALID_VALUE' });
  for (const name of ['', 'A B', 'A\0B', '1A', 'é', 'A'.repeat(256)]) {
    t.throws(() => checkedName(name), { code: 'INVALID_NAME' }, name);
  }
  t.throws(() => settledForm({ protocol: 1 as 0 }), UsageError);
  t.throws(() => settledForm('xml' as 'json'), UsageError);
  t.throws(() => settledForm({ dialect: 'python4' as 'python2' }), UsageError);
  t.throws(() => settledForm({ what: 1 } as object), { code: 'UNKNOWN_OPTION' });
});

t.test('the end of a name is found near and far, and missed where there is none', async t => {
  for (const length of [0, 1, 63, 64, 65, 255]) {
    t.equal(nameEnd(Buffer.from(`${'A'.repeat(length)}\0(t.\0`)), length);
    t.equal(nameEnd(Buffer.from('A'.repeat(length))), -1);
  }
});

t.test('JSON is told apart by its first byte', async t => {
  const frame = encodeEvent('CLIENT_UID', ['é', { a: [1, null] }], 'json');
  t.equal(frame.toString(), 'CLIENT_UID\0["é",{"a":[1,null]}]');
  t.same(decodeContent(bodyOf(frame)), ['é', { a: [1, null] }]);
  t.throws(() => decodeContent(Buffer.from('[1')), { code: 'INVALID_CONTENT' });
  t.throws(() => decodeContent(utf8('["\xff"]')), { code: 'INVALID_CONTENT' });
  t.throws(() => decodeContent(Buffer.from(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)), PeerError);
});

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary-ascii' }), fc.string());
const { value } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }).map(n => (n === BigInt(Number(n)) ? Number(n) : n)),
    fc.uint8Array({ minLength: 1 }).map(bytes => Uint8Array.from([0xff, ...bytes])),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor')), tie('value'), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
}));

t.test('any data comes back as it was, in each form', async t => {
  for (const form of forms) {
    const property = fc.property(fc.array(value, { maxLength: 5 }), content => {
      const frame = encodeEvent('EVENT', content, settledForm(form));
      assert.deepStrictEqual(decodeContent(bodyOf(frame)), content);
    });
    fc.assert(property, runs);
  }
  t.pass(`${runs.numRuns} contents in each of ${forms.length} forms`);
});

t.test('long lists and dicts of protocol 2 come in batches, and come back', async t => {
  for (const length of [1, 2, 999, 1_000, 1_001, 2_500]) {
    const list = Array.from({ length }, (_, at) => at);
    const dict = Object.fromEntries(list.map(at => [`k${at}`, `v${at}`]));
    const content = [list, dict];
    t.strictSame(decodeContent(utf8(pickle(content, { protocol: 2, dialect: 'python3' }))), content, `${length}`);
  }
});
