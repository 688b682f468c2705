import t from 'tap';
import type { Message } from '../../../lib/message/index.ts';
import { decode } from '../../../lib/message/index.ts';

function holding(v: string): Message {
  const message = decode(`CMD v=${v};`);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}

const refused = { name: 'PeerError', code: 'INVALID_PARAMETER', command: 'CMD' };
const getters = ['string', 'integer', 'bigint', 'boolean', 'timespec', 'address'] as const;

t.test('each getter says which parameter is missing', async t => {
  for (const getter of getters) {
    const words = { ...refused, message: 'parameter w is missing' };
    t.throws(() => holding('1')[getter]('w'), words, getter);
    t.throws(() => holding('1')[getter]('toString'), refused, getter);
  }
});

t.test('each getter but string says what is wrong with the value, and why', async t => {
  for (const getter of getters.slice(1)) {
    for (const v of ['', 'x', '\u0000', 'true?', ' ']) {
      t.throws(() => holding(v)[getter]('v'), { ...refused, message: /^parameter v: "/ }, `${getter} ${v}`);
    }
  }
  t.throws(() => holding('x').integer('v'), { cause: { name: 'RangeError', message: '"x" is no integer' } });
});

t.test('string gives any text', async t => {
  t.equal(holding('').string('v'), '');
  t.equal(holding('a b').string('v'), 'a b');
});

t.test('integer gives what a number holds exactly', async t => {
  for (const [text, value] of Object.entries({
    '0': 0,
    '+5': 5,
    '-5': -5,
    '007': 7,
    '9007199254740991': 2 ** 53 - 1,
  })) {
    t.equal(holding(text).integer('v'), value, text);
  }
  t.equal(holding('-9007199254740991').integer('v'), -(2 ** 53 - 1));
  t.equal(holding('999999999999999').integer('v'), 999_999_999_999_999, 'fifteen digits');
  t.equal(holding('0000000000000000005').integer('v'), 5, 'many zeros');
});

t.test('integer refuses past 2^53, and names bigint', async t => {
  for (const text of ['9007199254740992', '-9007199254740992', '9223372036854775807']) {
    t.throws(() => holding(text).integer('v'), { ...refused, message: /past 2\^53, read it as bigint/ }, text);
  }
});

t.test('integer and bigint refuse what is no decimal integer', async t => {
  for (const text of ['1.0', '1e3', '0x10', '1_000', '--1', '+', '-', '1 ', ' 1', '１', '1n', 'NaN', 'Infinity']) {
    t.throws(() => holding(text).integer('v'), refused, text);
    t.throws(() => holding(text).bigint('v'), refused, text);
  }
});

t.test('bigint has 64 bits and a sign', async t => {
  t.equal(holding('9223372036854775807').bigint('v'), 2n ** 63n - 1n);
  t.equal(holding('-9223372036854775808').bigint('v'), -(2n ** 63n));
  t.equal(holding('+1').bigint('v'), 1n);
  for (const text of ['9223372036854775808', '-9223372036854775809', '1'.repeat(1000)]) {
    t.throws(() => holding(text).bigint('v'), { ...refused, message: /does not fit 64 bits/ }, text.slice(0, 30));
  }
});

t.test('boolean is true or false, and no other word', async t => {
  t.equal(holding('true').boolean('v'), true);
  t.equal(holding('false').boolean('v'), false);
  for (const text of ['1', '0', 'TRUE', 'yes', 'True']) t.throws(() => holding(text).boolean('v'), refused, text);
});

t.test('timespec reads seconds, a fraction, a sign, an s', async t => {
  const cases = {
    '5': [5, 0],
    '5.25': [5, 250_000_000],
    '5.000000001': [5, 1],
    '5.0000000019': [5, 1],
    '5.': [5, 0],
    '5s': [5, 0],
    '5.5 s': [5, 500_000_000],
    ' 5 ': [5, 0],
    '+5': [5, 0],
    '-5.25': [-5, -250_000_000],
    '-0.5': [0, -500_000_000],
    '-5s': [-5, 0],
    '1795216600.737748004': [1_795_216_600, 737_748_004],
  };
  for (const [text, [seconds, nanoseconds]] of Object.entries(cases)) {
    t.same(holding(text).timespec('v'), { seconds, nanoseconds }, text);
  }
  t.ok(Object.is(holding('-0.5').timespec('v').seconds, 0), 'no minus zero');
  t.ok(Object.is(holding('-0').timespec('v').nanoseconds, 0), 'no minus zero');
});

t.test('timespec refuses what is no time', async t => {
  for (const text of ['.5', 's', '5ms', '5.x', '1e3', '- 5', '5 5', '9007199254740992', '9'.repeat(400)]) {
    t.throws(() => holding(text).timespec('v'), refused, text.slice(0, 30));
  }
});

t.test('address reads a host and a port', async t => {
  t.same(holding('1.2.3.4:80').address('v'), { host: '1.2.3.4', port: 80 });
  t.same(holding('[2001:db8::1]:4040').address('v'), { host: '2001:db8::1', port: 4040 });
  t.same(holding('host.example:0').address('v'), { host: 'host.example', port: 0 });
  for (const text of ['1.2.3.4', '::1:80', '[::1]', '1.2.3.4:65536', 'h:', ':80']) {
    t.throws(() => holding(text).address('v'), refused, text);
  }
});

t.test('a long value is cut in the words about it', async t => {
  for (const getter of getters.slice(1)) {
    t.throws(() => holding('x'.repeat(100_000))[getter]('v'), { message: /^.{0,150}$/s }, getter);
  }
});
