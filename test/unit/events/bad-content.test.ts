// Bodies that would hurt a reader: each ends in INVALID_CONTENT, soon, and nothing is called.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Test } from 'tap';
import t from 'tap';
import { PeerError } from '../../../lib/base/errors.ts';
import { decodeContent } from '../../../lib/protocol/events/wire.ts';
import { bodyOf, recorded, situations } from './recordings.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const refused = (t: Test, body: string | Buffer, words: RegExp, what: string): void => {
  const start = performance.now();
  const decode = (): unknown => decodeContent(typeof body === 'string' ? bytes(body) : body);
  t.throws(decode, { code: 'INVALID_CONTENT', message: words }, what);
  t.ok(performance.now() - start < 5_000, `${what}: in no time`);
};

t.test('whatever could build an object or make a call is refused by its name', async t => {
  refused(t, "cos\nsystem\n(S'echo owned'\ntR.", /GLOBAL is refused/, 'GLOBAL os.system');
  refused(t, '\x80\x04\x8c\x02os\x94\x8c\x06system\x94\x93\x94.', /STACK_GLOBAL is refused/, 'STACK_GLOBAL');
  refused(t, "(ios\nsystem\n(S'true'\nt.", /INST is refused/, 'INST');
  refused(t, "(S'os'\no.", /OBJ is refused/, 'OBJ');
  refused(t, '()R.', /REDUCE is refused/, 'REDUCE');
  refused(t, ')}b.', /BUILD is refused/, 'BUILD');
  refused(t, '\x80\x02))\x81.', /NEWOBJ is refused/, 'NEWOBJ');
  refused(t, '\x80\x04))}\x92.', /NEWOBJ_EX is refused/, 'NEWOBJ_EX');
  refused(t, '\x80\x02\x82\x01.', /EXT1 is refused/, 'EXT1');
  refused(t, '\x80\x02\x83\x01\0.', /EXT2 is refused/, 'EXT2');
  refused(t, '\x80\x02\x84\x01\0\0\0.', /EXT4 is refused/, 'EXT4');
  refused(t, 'Pperson\n.', /PERSID is refused/, 'PERSID');
  refused(t, '(K\x01Qt.', /BINPERSID is refused/, 'BINPERSID');
  refused(t, '\x80\x04\x8f.', /opcode 143 is none of data/, 'a set');
  refused(t, '\x80\x05).', /protocol 5 is none of 0 to 4/, 'protocol 5');
});

t.test('deep nesting is refused', async t => {
  refused(t, `${'('.repeat(50_000)}${'t'.repeat(50_000)}.`, /deeper than 100/, 'tuples in tuples');
  refused(t, `)${'\x85'.repeat(500_000)}.`, /deeper than 100/, 'TUPLE1 of TUPLE1');
  refused(t, `${']'.repeat(90_000)}${'a'.repeat(89_999)}\x85.`, /deeper than 100/, 'lists in lists');
  refused(t, '('.repeat(900_000), /more than 100000 values/, 'marks');
  refused(t, `(${'N'.repeat(900_000)}t.`, /more than 100000 values/, 'values');
  t.strictSame(decodeContent(bytes(`N${'\x85'.repeat(100)}.`)).length, 1, 'a hundred are taken');
});

t.test('memo abuse is refused: shared references count as what they refer to', async t => {
  // Thirty lists, each of which holds the one before ten times: 10^30 values in 700 bytes.
  let laughs = '(lp0\nNa';
  for (let level = 1; level <= 30; level += 1) laughs += `(lp${level}\n${`g${level - 1}\na`.repeat(10)}`;
  refused(t, `(${laughs}t.`, /more than 100000 values/, 'a billion laughs');
  refused(t, `)${'2\x86'.repeat(60)}\x85.`, /more than 100000 values/, 'doubled by DUP');
  refused(t, '(lp0\ng0\na\x85.', /deeper than 100/, 'a list in itself');
  refused(t, "(dp0\nS'a'\ng0\ns\x85.", /deeper than 100/, 'a dict in itself');
  const long = `X${'\x00\x00\x08\x00'}${'x'.repeat(512 * 1024)}`;
  refused(t, `(${long}q\0${'h\0'.repeat(1_000)}t.`, /more than 16777216 characters/, 'a long text, often');
  const puts = Array.from({ length: 100_001 }, (_, at) => `p${at}\n`).join('');
  refused(t, `N${puts}\x85.`, /more than 100000 values/, 'a memo of 100,001');
  t.strictSame(decodeContent(bytes('(Np4000000000\ng4000000000\nt.')), [null, null], 'a far place costs nothing');
});

t.test('what is cut off, misplaced or none is refused', async t => {
  refused(t, '', /empty/, 'nothing');
  refused(t, '.', /empty stack/, 'STOP alone');
  refused(t, '(', /cut off/, 'a mark alone');
  refused(t, 't.', /no mark/, 'no mark');
  refused(t, 'I1', /no end/, 'a line without an end');
  refused(t, "(S'a\nt.", /a string cannot be read/, 'a string without its quote');
  refused(t, "(S'a\\'\nt.", /a string cannot be read/, 'a string whose last quote is escaped');
  refused(t, "(S'\\xg0'\nt.", /a string cannot be read/, 'a bad escape');
  refused(t, '(V\\u12g4\nt.', /a text cannot be read/, 'a bad Unicode escape');
  refused(t, '(V\\U00110000\nt.', /a text cannot be read/, 'a character past the last');
  refused(t, '(X\x02\0\0\0\xc3(t.', /a text cannot be read/, 'no UTF-8');
  refused(t, '(F1,5\nt.', /a float cannot be read/, 'a float with a comma');
  refused(t, '(I0x10\nt.', /an integer cannot be read/, 'another base');
  refused(t, `(I${'9'.repeat(5_000)}\nt.`, /5000 digits/, 'a long integer');
  refused(
    t,
    `\x80\x02\x8b\x00\x10\x00\x00${'x'.repeat(5_000)}.`,
    /an integer of 4096 bytes/,
    'a long integer of protocol 2',
  );
  refused(t, `(\x8d\xff\xff\xff\xff\xff\xff\xff\xff.`, /cut off/, 'a text of 2^64 bytes');
  refused(t, '(NNdt.', /no mark/, 'a tuple without a mark');
  refused(t, '(Nd.', /no value/, 'a key without a value');
  refused(t, '(NNa.', /no list/, 'an append to None');
  refused(t, 'NNNs.', /no dict/, 'a key in None');
  refused(t, '(g5\nt.', /nothing is remembered as 5/, 'a forgotten place');
  refused(t, '(Np-1\nt.', /no place of the memo/, 'a place below 0');
  refused(t, '(N(a.', /empty stack/, 'below a mark');
  refused(t, "S'abc'\n.", /no tuple/, 'a text');
  refused(t, 'I7\n.', /no tuple/, 'a number');
  refused(t, '{"a":1}', /opcode 123/, 'JSON that is no array');
});

t.test('__proto__ is a key as any other', async t => {
  const hostile = "((dS'__proto__'\n(dS'polluted'\nI01\nsst.";
  for (const body of [bytes(hostile), Buffer.from('[{"__proto__":{"polluted":true}}]')]) {
    const [found] = decodeContent(body) as [object];
    t.ok(Object.hasOwn(found, '__proto__'), 'it is there');
    t.equal(Object.getPrototypeOf(found), Object.prototype, 'the prototype is what it was');
    t.equal((found as { polluted?: unknown }).polluted, undefined);
  }
  t.equal(({} as { polluted?: unknown }).polluted, undefined);
});

/** Reads it, or refuses it, and nothing else. */
function readOrRefuse(body: Buffer): void {
  try {
    decodeContent(body);
  } catch (error) {
    assert.ok(error instanceof PeerError && error.code === 'INVALID_CONTENT', String(error));
  }
}

t.test('recorded bodies with bytes changed are read or refused, never worse', async t => {
  const bodies = Object.values(situations).flatMap(situation => recorded(situation).map(({ frame }) => bodyOf(frame)));
  const change = fc.record({ at: fc.nat(), to: fc.integer({ min: 0, max: 255 }), cut: fc.nat(9) });
  const property = fc.property(fc.constantFrom(...bodies), fc.array(change, { maxLength: 4 }), (body, changes) => {
    let changed = Buffer.from(body);
    for (const { at, to, cut } of changes) {
      changed[at % changed.length] = to;
      if (cut === 0) changed = changed.subarray(0, Math.max(1, at % changed.length));
    }
    readOrRefuse(changed);
  });
  fc.assert(property, { numRuns: 20_000 });
  t.pass('20,000 of them');
});

t.test('opcodes in any order are read or refused, never worse', async t => {
  const codes = '(.012BCFIJKLMNSTUVX]adeghjlpqrstu}\x80\x85\x86\x87\x88\x8a\x8c\x94\x95)\n0019\'"\\x\0\x01';
  const soup = fc.array(fc.constantFrom(...codes), { maxLength: 60 }).map(list => bytes(`${list.join('')}.`));
  fc.assert(fc.property(soup, readOrRefuse), { numRuns: 20_000 });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), any => readOrRefuse(Buffer.from(any))),
    { numRuns: 5_000 },
  );
  t.pass('25,000 of them');
});
