// What is passed on as it was read is what would have been written anew.

import fc from 'fast-check';
import t from 'tap';
import { decode, encode, lineBytes, Message } from '../../../lib/message/index.ts';

const from = { server: 'here', service: 'me' };
const long = 'a value that is longer than a few characters';

/** The same message, of which nobody knows how it was written. */
function anew(message: Message): Message {
  return new Message(message.command, message.list, message.from, message.to);
}

const pieces = [
  ...[
    '<a:b ',
    'there:',
    'worker/',
    './',
    'ITEM',
    'X ',
    ' ',
    'a=',
    'b=',
    'c=',
    'a_1=',
    'text=',
    ';',
    '"',
    '\\',
    '\r',
    '\t',
  ],
  ...['\\n', '\\"', 'ä', '\udc80', '😀', '1', long, long.repeat(3)],
];
const heads = ['ITEM ', 'worker/ITEM ', 'there:worker/ITEM ', '<a:b worker/ITEM '];
const lines = fc
  .tuple(fc.constantFrom('', ...heads), fc.array(fc.constantFrom(...pieces), { maxLength: 12 }))
  .map(([head, rest]) => head + rest.join(''));

t.test('any line is passed on as if it were written anew', async t => {
  fc.assert(
    fc.property(fc.array(lines, { minLength: 1, maxLength: 4 }), all => {
      const text = `${all.join('\n')}\n`;
      let start = 0;
      for (const line of all) {
        const read = attempt(text, start, start + line.length);
        start += line.length + 1;
        if (read === undefined) continue;
        const passed = read.sentBy(from);
        if (encode(passed) !== encode(anew(passed))) throw new Error(`${encode(passed)} of ${line}`);
        if (read.size > 0 && read.size !== Buffer.byteLength(read.line)) throw new Error(`${read.size} of ${line}`);
        for (const sender of [from, { server: 'ä', service: 'Ċ' }, { server: '', service: '' }]) {
          const sent = read.sentBy(sender);
          if (lineBytes(sent, encode(sent)) !== Buffer.byteLength(encode(sent))) throw new Error(`bytes of ${line}`);
        }
        for (const name of ['a', 'b', 'a_1', 'text', 'other', '_once', '']) {
          if (read.get(name) !== anew(read).get(name)) throw new Error(`${name} of ${line}`);
        }
      }
    }),
    { numRuns: 3_000 },
  );
  t.pass('none differs');
});

function attempt(text: string, start: number, end: number): Message | undefined {
  try {
    return decode(text, start, end);
  } catch {
    return undefined;
  }
}

const cases: readonly (readonly [what: string, line: string, kept: 'kept' | 'written anew'])[] = [
  ['a long value', `worker/ITEM text=${long}`, 'kept'],
  ['two in their order', `worker/ITEM a=1;text=${long}`, 'kept'],
  ['characters of several bytes', `worker/ITEM text=${long}ä😀`, 'kept'],
  ['short values, which hold no line in memory', 'worker/ITEM a=1;b=2', 'written anew'],
  ['names out of order', `worker/ITEM text=${long};a=1`, 'written anew'],
  ['a name twice', `worker/ITEM a=${long};a=1`, 'written anew'],
  ['a third name out of order', `worker/ITEM a=1;c=${long};b=1`, 'written anew'],
  ['a semicolon behind', `worker/ITEM a=${long};`, 'written anew'],
  ['a semicolon behind two', `worker/ITEM a=1;b=${long};`, 'written anew'],
  ['quotes', `worker/ITEM a="1";b=${long}`, 'written anew'],
  ['a backslash', `worker/ITEM text=${long}\\n`, 'written anew'],
  ['a bare CR in it', `worker/ITEM text=a\r${long}`, 'written anew'],
  ['a bare CR in a short one', `worker/ITEM a=a\rb;text=${long}`, 'written anew'],
  ['JSON', `{"command":"ITEM","parameters":{"text":"${long}"}}`, 'written anew'],
];

for (const [what, line, kept] of cases) {
  t.test(`a line with ${what} is ${kept}`, async t => {
    const read = decode(`<a:b PREVIOUS x=1\n  ${line} \r\n`, 20, line.length + 22)?.sentBy(from);
    t.equal(read?.line === line, kept === 'kept');
    t.equal(encode(read as Message), encode(anew(read as Message)));
    t.equal(
      encode((read as Message).with({ b: 2 })),
      encode(anew(read as Message).with({ b: 2 })),
      'also when it is changed',
    );
    t.equal(encode((read as Message).without('text')), encode(anew(read as Message).without('text')));
  });
}

t.test('a line with the head of the one before is read as any other', async t => {
  const text = `worker/ITEM a=1\nworker/ITEM\nworker/ITEM \nworker/ITEMS a=1\nother:worker/ITEM a=1\nworker/ITEM b=2`;
  const found: string[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    found.push(encode(decode(text, start, start + line.length) as Message));
    start += line.length + 1;
  }
  t.same(found, [
    'worker/ITEM a=1',
    'worker/ITEM',
    'worker/ITEM',
    'worker/ITEMS a=1',
    'other:worker/ITEM a=1',
    'worker/ITEM b=2',
  ]);
  t.equal(decode('<a:b worker/ITEM b=2')?.from.service, 'b', 'also behind a sender');
});
