// Any text as one word of a subject.

import fc from 'fast-check';
import t from 'tap';
import { isPrefix, subjectWord, textOfWord } from '../../../lib/connection/index.ts';

/** UTF-16 units, lone surrogates and what has a meaning in subjects among them. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...'.*>% \t\r\n\0u-/ü東'),
      fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code)),
    ),
    { maxLength: 40 },
  )
  .map(units => units.join(''));

t.test('each text has one word, and the word gives the text', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyText, text => {
        const word = subjectWord(text);
        return /^[\x21-\x7e]+$/.test(word) && !/[.*>]/.test(word) && textOfWord(word) === text;
      }),
      { numRuns: 2_000 },
    ),
  );
});

t.test('different texts have different words', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyText, anyText, (one, two) => (one === two) === (subjectWord(one) === subjectWord(two))),
      { numRuns: 2_000 },
    ),
  );
});

t.test('what is no word of ours is none', async t => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyText, text => {
        const found = textOfWord(text);
        return found === undefined || subjectWord(found) === text;
      }),
      { numRuns: 2_000 },
    ),
  );
  for (const word of [
    '',
    '.',
    'a.b',
    '*',
    '>',
    'a b',
    '%',
    '%2',
    '%2e',
    '%41',
    '%u00E',
    '%u0041',
    '%80',
    'ü',
    '%+',
    '%-a',
  ]) {
    t.equal(textOfWord(word), undefined, JSON.stringify(word));
  }
});

t.test('words look as told', async t => {
  t.equal(subjectWord('/chat/room-7'), '/chat/room-7');
  t.equal(subjectWord('a.b *>%'), 'a%2Eb%20%2A%3E%25');
  t.equal(subjectWord('ü🚀'), '%u00FC%uD83D%uDE80');
  t.equal(subjectWord(''), '%-');
});

t.test('a prefix is of words with dots between', async t => {
  for (const text of ['ed', 'a.b-c.D_9']) t.ok(isPrefix(text), text);
  for (const text of ['', '.', 'a.', '.a', 'a..b', 'a b', '*', '>', 'a.*', 'ü', 'x'.repeat(101)])
    t.notOk(isPrefix(text), text);
});
