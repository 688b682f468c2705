// The text form, case by case. What a case says about C++ was recorded, see test/golden.

import t from 'tap';
import { decode, encode, Message } from '../../../lib/message/index.ts';

const invalid = { name: 'PeerError', code: 'INVALID_LINE' };
const wire = (v: string): string => encode(Message.of('CMD', { v }));
const value = (line: string): string | undefined => decode(line)?.get('v');

const vectors: readonly (readonly [what: string, value: string, wire: string])[] = [
  ['plain text', 'a', 'CMD v=a'],
  ['nothing', '', 'CMD v='],
  ['a quote within', 'a"b', 'CMD v=a"b'],
  ['quotes around', '"q"', 'CMD v="\\"q\\""'],
  ['a quote and a semicolon', 'a"b;c', 'CMD v="a\\"b;c"'],
  ['semicolons', 'no;reply;ttl=1h', 'CMD v="no;reply;ttl=1h"'],
  ['a line feed', 'a\nb', 'CMD v=a\\nb'],
  ['a carriage return', 'a\rb', 'CMD v=a\\rb'],
  ['a backslash and an n', '\\n', 'CMD v=\\\\n'],
  ['a backslash at the end', 'x\\', 'CMD v=x\\\\'],
  ['a blank in front', ' lead', 'CMD v= lead'],
  ['a blank behind', 'tail ', 'CMD v=tail ;'],
  ['a blank alone', ' ', 'CMD v= ;'],
  ['a tab behind', 'tail\t', 'CMD v=tail\t;'],
  ['a line feed behind', 'tail\n', 'CMD v=tail\\n'],
  ['a semicolon and a blank behind', 'a; ', 'CMD v="a; "'],
  ['a semicolon and a backslash', 'x;\\', 'CMD v="x;\\\\"'],
  ['a quote in front and a backslash behind', '"x\\', 'CMD v="\\"x\\\\"'],
  ['an equal sign', 'a=b', 'CMD v=a=b'],
  ['a brace', '{"a":1}', 'CMD v={"a":1}'],
  ['a NUL', 'a\0b', 'CMD v=a\0b'],
  ['other alphabets', 'äж日😀', 'CMD v=äж日😀'],
];

for (const [what, text, line] of vectors) {
  t.test(`writes and reads a value with ${what}`, async t => {
    t.equal(wire(text), line);
    t.equal(value(line), text);
    t.equal(value(`${line}\r`), text, 'with a carriage return behind');
  });
}

t.test('keeps trailing blanks with a semicolon, of the last parameter alone', async t => {
  t.equal(encode(Message.of('CMD', { a: 'x ', b: 'y ' })), 'CMD a=x ;b=y ;');
  t.equal(encode(Message.of('CMD', { a: 'x ', b: 'y' })), 'CMD a=x ;b=y');
  t.equal(value('CMD v=tail '), 'tail', 'without it they are lost');
});

t.test('reads sender, target, command and parameters', async t => {
  const message = decode('<srv:svc dst:other/CMD a=1;b="no;reply"');
  t.same(message?.from, { server: 'srv', service: 'svc' });
  t.same(message?.to, { server: 'dst', service: 'other' });
  t.same([message?.command, message?.list], ['CMD', ['a', '1', 'b', 'no;reply']]);
});

t.test('each part of sender and target may be missing', async t => {
  const cases = {
    '<:svc CMD': ['', 'svc', '', ''],
    '<srv: CMD': ['srv', '', '', ''],
    '<: CMD': ['', '', '', ''],
    'srv:CMD': ['', '', 'srv', ''],
    'svc/CMD': ['', '', '', 'svc'],
    'srv:svc/CMD': ['', '', 'srv', 'svc'],
    '<a:b c:CMD': ['a', 'b', 'c', ''],
  };
  for (const [line, places] of Object.entries(cases)) {
    const message = decode(line);
    t.same([message?.from.server, message?.from.service, message?.to.server, message?.to.service], places, line);
    t.equal(message?.command, 'CMD');
    if (line !== '<: CMD') t.equal(message && encode(message), line);
  }
});

t.test('takes a command as it stands, for the door to judge', async t => {
  for (const command of ['foo-bar', 'lower', '9DAD', 'A.B', 'é']) t.equal(decode(`${command} z=1`)?.command, command);
});

t.test('takes blanks around a line, and a semicolon at its end', async t => {
  for (const line of ['CMD x=1\r', 'CMD x=1;', '  CMD x=1', 'CMD x=1 \t\v\f\r', '\tCMD x=1;\r']) {
    t.same(decode(line)?.list, ['x', '1'], JSON.stringify(line));
  }
  t.same(decode('CMD ')?.list, []);
});

t.test('passes over a line of blanks', async t => {
  for (const line of ['', ' ', '\r', '\t \v\f\r\n']) t.equal(decode(line), undefined, JSON.stringify(line));
});

t.test('refuses what C++ refuses before the parameters', async t => {
  const bad = ['a/b/C', 'a:b:c/D', 'a:b:C', 'a/b:C', '/X', ':X', 'a:/X', 'a/', 'a:', '<a CMD', '<a:b', '<', '<a:b  X'];
  for (const line of bad) t.throws(() => decode(line), { ...invalid, command: undefined }, line);
});

t.test('refuses what C++ refuses in the parameters, and tells the command', async t => {
  const bad = [
    'x',
    '=1',
    'x=1;;y=2',
    'x=1; y=2',
    'x="1"y=2',
    'x="1" ;y=2',
    'x="1',
    'x="',
    '1x=2',
    'a-b=1',
    'x =1',
    ';',
  ];
  for (const parameters of [...bad, 'x=1;y', 'x="1"y', 'é=1', 'x="1\\"', 'x=1;=2', ' x=1', 'x="a\\";b="c"']) {
    t.throws(() => decode(`<a:b CMD ${parameters}`), { ...invalid, command: 'CMD' }, parameters);
  }
});

t.test('undoes the escapes that there are, and leaves other backslashes', async t => {
  t.equal(value('CMD v=a\\tb\\x\\'), 'a\\tb\\x\\');
  t.equal(value('CMD v=a\\"b'), 'a\\"b', 'a quote is escaped within quotes alone');
  t.equal(value('CMD v="a\\"b\\tc"'), 'a"b\\tc');
  t.equal(value('CMD v=\\\\\\n'), '\\\n', 'once, from left to right');
});

t.test('reads a quoted value that ends in a backslash as C++ writes it', async t => {
  t.equal(value('CMD v="x;\\\\"'), 'x;\\');
  t.equal(value('CMD v="x;\\\\";w=1'), 'x;\\');
});

t.test('a quote is special at the start of a value alone', async t => {
  t.equal(value('CMD v=a"b"'), 'a"b"');
  t.equal(value('CMD v= "b"'), ' "b"');
  t.same(decode('CMD v="";w=""')?.list, ['v', '', 'w', '']);
});

t.test('a value may hold what looks like another message', async t => {
  t.same(decode('CMD v=<a:b c/D e=f')?.list, ['v', '<a:b c/D e=f']);
});

t.test('writes parameters by name in byte order', async t => {
  t.equal(encode(Message.of('CMD', { b: 2, a: 1, Z: 3, _u: 4, a1: 5 })), 'CMD Z=3;_u=4;a=1;a1=5;b=2');
});

t.test('a message without a command is not written', async t => {
  t.throws(() => encode(new Message('')), { name: 'UsageError', code: 'INVALID_NAME' });
});

t.test('reads a line where it stands in a longer text, and no farther', async t => {
  const lines = [
    'CMD',
    'CMD v=a',
    'CMD v="a',
    '<a',
    '<a:b',
    '<a:b C',
    'CMD v',
    'CMD v="a\\',
    'CMD v="x"',
    ' ',
    '{"command":"A"}',
  ];
  const reading = (text: string, ...range: number[]): unknown => {
    try {
      const message = decode(text, ...range);
      return message && { ...message };
    } catch (error) {
      return error instanceof Error && error.message;
    }
  };
  for (const line of lines) {
    for (const [before, behind] of [
      ['HI\n', '\nX y="z"'],
      ['<', ':b CMD v="x"'],
      [' ', '"'],
      ['A"', '\\"; =:/'],
    ] as const) {
      const inside = reading(before + line + behind, before.length, before.length + line.length);
      t.same(inside, reading(line), `${JSON.stringify(line)} between ${JSON.stringify([before, behind])}`);
    }
  }
});

t.test('long values are read right wherever their text was searched before', async t => {
  const long = 'y'.repeat(40);
  const line = `CMD a=${long}\\n${long};b=${long};c="${long};${long}";d=${long}\\\\`;
  const wanted = { a: `${long}\n${long}`, b: long, c: `${long};${long}`, d: `${long}\\` };
  for (let time = 1; time <= 3; time += 1) t.same(decode(line)?.parameters, wanted, `time ${time}`);
  const text = `${line}\nCMD e=${long}\n${line}`;
  const second = line.length + 1;
  const third = text.lastIndexOf('CMD');
  for (const from of [third, 0, third, second, 0]) {
    const read = decode(text, from, from === second ? third - 1 : from + line.length);
    t.same(read?.parameters, from === second ? { e: long } : wanted, `from ${from}`);
  }
  for (const length of [15, 16, 17]) {
    const v = 'x'.repeat(length);
    t.same(decode(`CMD v=${v};w=${v}\\n`)?.parameters, { v, w: `${v}\n` }, `${length} characters`);
  }
});

t.test('parameters out of order go out by name, of two with one name the later', async t => {
  const given = ['m', 'b', 'x', 'a', 'b', 'z', 'a'];
  const line = encode(
    new Message(
      'CMD',
      given.flatMap((name, at) => [name, String(at)]),
    ),
  );
  t.equal(line, 'CMD a=6;b=4;m=0;x=2;z=5');
  const many = Array.from({ length: 40 }, (_, at) => `n${(at * 7) % 40}`);
  const few = many.slice(0, 16);
  for (const names of [many, few, [...few, ...few]]) {
    const message = new Message(
      'CMD',
      names.flatMap((name, at) => [name, String(at)]),
    );
    const sorted = message.sorted().map(([name, text]) => `${name}=${text}`);
    t.equal(encode(message), `CMD ${sorted.join(';')}`);
  }
});
