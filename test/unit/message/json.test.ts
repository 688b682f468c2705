import t from 'tap';
import { decode, decodeJson, encodeJson, Message } from '../../../lib/message/index.ts';

const invalid = { name: 'PeerError', code: 'INVALID_LINE' };
/** The value of parameter `v` that is read from this JSON. */
const read = (json: string): string | undefined => decodeJson(`{"command":"A","parameters":{"v":${json}}}`).get('v');
/** The JSON that is written for this value. */
const write = (v: string): string =>
  encodeJson(Message.of('A', { v })).slice('{"command":"A","parameters":{"v":'.length, -2);

t.test('reads all fields of a message', async t => {
  const message = decodeJson(
    '{"sent-from-server":"a","sent-from-service":"b","server":"c","service":"d","command":"E","parameters":{"f":"g"}}',
  );
  t.same(
    [message.from, message.to],
    [
      { server: 'a', service: 'b' },
      { server: 'c', service: 'd' },
    ],
  );
  t.same([message.command, message.list], ['E', ['f', 'g']]);
});

t.test('a line that begins with a brace is read as JSON, blanks around it or not', async t => {
  t.equal(decode(' {"command" : "A" , "parameters" : { } }\r')?.command, 'A');
  t.equal(decode('\t{"parameters":{"x":1},"command":"A"}')?.get('x'), '1');
});

t.test('integers keep their digits, whatever their size', async t => {
  const digits = ['0', '-0', '7', '-5', '9007199254740993', '18446744073709551615', `1${'0'.repeat(60)}`];
  for (const number of digits) t.equal(read(number), number);
});

t.test('fractions get six places where that is the same number, and stay as written where it is not', async t => {
  const cases = {
    '1.5': '1.500000',
    '-0.25': '-0.250000',
    '1.0': '1.000000',
    '1e3': '1000',
    '1E+2': '100',
    '0.1234567': '0.1234567',
    '1e-7': '1e-7',
    '1e30': '1e30',
    '1e400': '1e400',
  };
  for (const [number, text] of Object.entries(cases)) t.equal(read(number), text, number);
});

t.test('words become their text, null becomes nothing', async t => {
  t.same([read('true'), read('false'), read('null')], ['true', 'false', '']);
});

t.test('escapes are undone once', async t => {
  t.equal(read(String.raw`"a\\nb"`), String.raw`a\nb`);
  t.equal(read(String.raw`"a\\\\b"`), String.raw`a\\b`);
  t.equal(read(String.raw`"\"\\\/\b\f\n\r\t"`), '"\\/\b\f\n\r\t');
  t.equal(read(String.raw`"\u0041\u00e9\u20ac"`), 'Aé€');
  t.equal(read(String.raw`"\ud83d\ude00"`), '😀');
  t.equal(read(String.raw`"\u0000"`), '\u0000');
});

t.test('control characters may stand bare in a string, next to escapes too', async t => {
  t.equal(read('"a\tb\u0001"'), 'a\tb\u0001');
  t.equal(read('"a\tb\\n\u0001"'), 'a\tb\n\u0001');
});

t.test('lone surrogates are refused, bare and escaped', async t => {
  for (const json of [
    '"\ud83d"',
    '"\ude00"',
    '"\udcff"',
    '"\\ud83d"',
    '"\\ude00"',
    '"\\ude00\\ud83d"',
    '"\ud83d\\ude00"',
  ]) {
    t.throws(() => read(json), invalid, JSON.stringify(json));
  }
});

t.test('names that every object has are names like others', async t => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  for (const name of names) {
    const message = decodeJson(`{"command":"A","parameters":{"${name}":"v"}}`);
    t.same([message.get(name), Object.entries(message.parameters)], ['v', [[name, 'v']]], name);
    t.equal(encodeJson(message), `{"command":"A","parameters":{"${name}":"v"}}`, name);
    const field = decodeJson(`{"command":"A","${name}":"v"}`);
    t.same([field.command, field.list, field.to.server], ['A', [], ''], `a field ${name} is passed over`);
    t.throws(() => decodeJson(`{"${name}":"v"}`), invalid, 'and is no command');
  }
  t.equal(({} as Record<string, unknown>).v, undefined);
});

t.test('the later of two counts, fields and parameters', async t => {
  const message = decodeJson('{"command":"A","command":"B","parameters":{"x":1,"x":2},"parameters":{"x":3}}');
  t.same([message.command, message.get('x'), message.parameters.x], ['B', '3', '3']);
});

t.test('what is no message is refused', async t => {
  const bad = [
    '{}',
    '{',
    '{"command"',
    '{"command":',
    '{"command":"A"',
    '{"command":"A',
    '{"command":"A",}',
    '{"command":"A"}x',
    '{"command":"A"}{}',
    '{"command":5}',
    '{"command":null}',
    '{"command":{"a":"b"}}',
    '{"command":["A"]}',
    '{"server":"x"}',
    '{"command":"A","other":5}',
    '{"command":"A","other":{"a":"b"}}',
    '{"command":"A","parameters":[]}',
    '{"command":"A","parameters":{"a":{"b":1}}}',
    '{"command":"A","parameters":{"a":[1]}}',
    '{"command":"A","parameters":{"a":}}',
    '{"command":"A","parameters":{"a" 1}}',
    '{"command":"A","parameters":{a:1}}',
    "{'command':'A'}",
    '[]',
    '""',
    '',
  ];
  for (const line of bad) t.throws(() => decodeJson(line), invalid, line);
  for (const value of [
    '+1',
    '01',
    '1.',
    '.5',
    '0x10',
    'tru',
    'True',
    'NaN',
    'Infinity',
    '-',
    '1e',
    "'a'",
    '"\\x"',
    '"\\u12"',
  ]) {
    t.throws(() => read(value), invalid, value);
  }
});

t.test('a string as long as a widened limit allows is read', async t => {
  const long = 'x'.repeat(16 * 1024 * 1024);
  t.equal(read(`"${long}"`)?.length, long.length);
});

t.test('writes a message, its fields in order, its parameters by name', async t => {
  const from = { server: 'a', service: 'b' };
  const message = Message.of('E', { z: 1, _y: 'x', a: true }, { from, to: { server: 'c', service: 'd' } });
  t.equal(
    encodeJson(message),
    '{"sent-from-server":"a","sent-from-service":"b","server":"c","service":"d","command":"E",' +
      '"parameters":{"_y":"x","a":true,"z":1}}',
  );
  t.equal(encodeJson(Message.of('E')), '{"command":"E"}', 'what is empty is left out');
});

t.test('writes numbers that both sides read back as they were, and all else as text', async t => {
  for (const bare of ['true', 'false', '0', '7', '-5', '999999999999999', '1.500000', '-0.250000']) {
    t.equal(write(bare), bare);
  }
  const texts = ['', 'null', '007', '-0', '+5', '1.5', '1e5', '0x10', '9007199254740993', '1.5000000', 'TRUE', ' 1'];
  for (const text of [...texts, '1000000000.000000', '-0.000000']) t.equal(write(text), JSON.stringify(text));
});

t.test('escapes what JSON wants escaped', async t => {
  t.equal(write('"\\\n\u0000\u001f/é😀'), String.raw`"\"\\\n\u0000\u001f/é😀"`);
});

t.test('bytes that are no text cannot be written, for nobody could read them', async t => {
  for (const v of ['\udcff', 'a\udc80b', '\ud83d']) {
    t.throws(() => write(v), { name: 'UsageError', code: 'INVALID_VALUE' }, JSON.stringify(v));
  }
});
