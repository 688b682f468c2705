import t from 'tap';
import {
  answerParameter,
  decode,
  encode,
  Message,
  messageVersion,
  requestParameter,
} from '../../../lib/message/index.ts';

const invalidName = { name: 'UsageError', code: 'INVALID_NAME' };
const here = { server: 'host', service: 'svc' };

function decoded(line: string): Message {
  const message = decode(line);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}

t.test('a message holds its command, its parameters and its addresses', async t => {
  const message = Message.of('EVENT', { id: 7, text: 'x' }, { from: here, to: { service: 'other' } });
  t.same([message.command, message.from, message.to], ['EVENT', here, { server: '', service: 'other' }]);
  t.same(message.list, ['id', '7', 'text', 'x']);
  t.same({ ...message.parameters }, { id: '7', text: 'x' });
  t.same(Message.of('HI').list, []);
});

t.test('parameters that are undefined are left out', async t => {
  t.same(Message.of('A', { b: undefined, c: '' }).list, ['c', '']);
});

t.test('values of each type get the text that C++ gives them', async t => {
  const values = {
    number: -5,
    fraction: 0.5,
    bigint: 18_446_744_073_709_551_615n,
    yes: true,
    no: false,
    whole: { seconds: 7, nanoseconds: 0 },
    tiny: { seconds: 0, nanoseconds: 5 },
    before: { seconds: -1, nanoseconds: -500_000_000 },
    v4: { host: '1.2.3.4', port: 80 },
    v6: { host: '::1', port: 80 },
  };
  t.same(
    { ...Message.of('A', values).parameters },
    {
      number: '-5',
      fraction: '0.5',
      bigint: '18446744073709551615',
      yes: 'true',
      no: 'false',
      whole: '7',
      tiny: '0.000000005',
      before: '-1.5',
      v4: '1.2.3.4:80',
      v6: '[::1]:80',
    },
  );
});

t.test('names outside the grammar are refused when a message is made', async t => {
  for (const command of ['', 'cmd', 'Cmd', 'C D', '1A', 'A-B', 'É', '__proto__']) {
    t.throws(() => Message.of(command), invalidName, command);
    t.throws(() => Message.of('A').reply(command), invalidName, `reply ${command}`);
  }
  for (const name of ['', '1a', 'a-b', 'a b', 'a.b', 'é', 'a=b', 'a;b']) {
    t.throws(() => Message.of('A', { [name]: 1 }), invalidName, name);
    t.throws(() => Message.of('A').with({ [name]: 1 }), invalidName, `with ${name}`);
    t.throws(() => Message.of('A').reply('B', { [name]: 1 }), invalidName, `reply ${name}`);
  }
  for (const place of ['a-b', 'a.b', 'a b', '1a', '**', '<', 'a/b']) {
    for (const part of ['server', 'service']) {
      t.throws(() => Message.of('A', {}, { to: { [part]: place } }), invalidName, `to ${place}`);
      t.throws(() => Message.of('A', {}, { from: { [part]: place } }), invalidName, `from ${place}`);
      t.throws(() => Message.of('A').addressed({ to: { [part]: place } }), invalidName, `addressed ${place}`);
    }
  }
});

t.test('everywhere, here and the private network are targets, and nobody sends from there', async t => {
  for (const place of ['*', '.', '?']) {
    t.equal(Message.of('A', {}, { to: { service: place } }).to.service, place);
    t.equal(Message.of('A', {}, { to: { server: place, service: 'x' } }).to.server, place);
    t.throws(() => Message.of('A', {}, { from: { service: place } }), invalidName, place);
  }
});

t.test('numbers without a text of their own are refused', async t => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    t.throws(() => Message.of('A', { value }), {
      name: 'UsageError',
      code: 'INVALID_VALUE',
      message: `value is ${value}, which has no text`,
    });
  }
});

t.test('a time that is none is refused', async t => {
  const none = [
    { seconds: Number.NaN, nanoseconds: 0 },
    { seconds: 1.5, nanoseconds: 0 },
    { seconds: 1, nanoseconds: 1_000_000_000 },
    { seconds: 1, nanoseconds: 0.5 },
    { seconds: -1, nanoseconds: 500_000_000 },
  ];
  for (const time of none) {
    t.throws(() => Message.of('A', { time }), { code: 'INVALID_VALUE' }, JSON.stringify(time));
  }
});

t.test('an address that is none is refused', async t => {
  for (const address of [
    { host: 'h', port: 65_536 },
    { host: 'h', port: -1 },
    { host: 'h', port: 0.5 },
    { host: '', port: 80 },
    { host: 'a b', port: 80 },
  ]) {
    t.throws(() => Message.of('A', { address }), { code: 'INVALID_VALUE' }, JSON.stringify(address));
  }
});

t.test('of two parameters with one name the later counts, everywhere', async t => {
  const message = decoded('A x=1;y=2;x=3');
  t.equal(message.get('x'), '3');
  t.same([...message.entries()], Object.entries({ x: '3', y: '2' }));
  t.same({ ...message.parameters }, { x: '3', y: '2' });
  t.equal(encode(message), 'A x=3;y=2');
});

t.test('names that every object has are names like others', async t => {
  const names = ['toString', '__proto__', 'constructor', 'hasOwnProperty', 'valueOf'];
  for (const name of names) {
    const without = decoded('A x=1');
    t.same([without.get(name), without.has(name)], [undefined, false], name);
    t.equal((without.parameters as Record<string, unknown>)[name], undefined, name);
    const message = decoded(`A ${name}=v`);
    t.same([message.get(name), message.has(name), message.string(name)], ['v', true, 'v'], name);
    t.same(Object.entries(message.parameters), [[name, 'v']]);
    t.equal(encode(Message.of('A', { [name]: 'v' })), `A ${name}=v`);
  }
});

t.test('past sixteen parameters each is still found, and the later of two counts', async t => {
  for (const count of [15, 16, 17, 18, 100]) {
    const list = Array.from({ length: count }, (_, index) => `p${index}=${index}`);
    const message = decoded(`A ${list.join(';')};p3=again;toString=here`);
    t.equal(message.get('p0'), '0', `${count}`);
    t.equal(message.get(`p${count - 1}`), String(count - 1), `${count}`);
    t.equal(message.get('p3'), 'again', `${count}`);
    t.equal(message.get('toString'), 'here', `${count}`);
    t.same([message.get('none'), message.get('__proto__')], [undefined, undefined], `${count}`);
    t.equal(message.entries().size, count + 1, `${count}`);
  }
});

t.test('a reply goes to where the message came from', async t => {
  const reply = decoded('<srv:svc other:place/ASK x=1').reply('ANSWER', { y: 2 });
  t.equal(encode(reply), 'srv:svc/ANSWER y=2');
  t.same(reply.from, { server: '', service: '' });
  t.equal(encode(decoded('ASK').reply('ANSWER')), 'ANSWER');
  t.equal(encode(decoded('<:svc ASK').reply('ANSWER')), 'svc/ANSWER');
  t.throws(() => decoded('<a-b:svc ASK').reply('ANSWER'), invalidName);
});

t.test('a reply carries the number of the request as its answer', async t => {
  t.same([requestParameter, answerParameter], ['_request', '_answer']);
  const reply = decoded('ASK _request=12;x=1').reply('ANSWER', { y: 2 });
  t.equal(encode(reply), 'ANSWER _answer=12;y=2');
  t.equal(reply.has('_request'), false);
  t.equal(decoded('ASK').reply('ANSWER').has('_answer'), false, 'and none where none was asked');
});

t.test('with adds and replaces, and leaves the message as it was', async t => {
  const message = Message.of('A', { x: 1, y: 2 }, { from: here, to: here });
  const other = message.with({ x: 3, z: undefined });
  t.equal(encode(other), '<host:svc host:svc/A x=3;y=2');
  t.equal(encode(message), '<host:svc host:svc/A x=1;y=2');
  t.equal(other.get('x'), '3');
});

t.test('withVersion says version 1, isOurVersion asks for it', async t => {
  t.equal(messageVersion, 1);
  t.equal(encode(Message.of('REGISTER').withVersion()), 'REGISTER version=1');
  t.equal(decoded('REGISTER version=1').isOurVersion(), true);
  t.equal(decoded('REGISTER version=2').isOurVersion(), false);
  t.throws(() => decoded('REGISTER').isOurVersion(), { code: 'INVALID_PARAMETER', command: 'REGISTER' });
  t.throws(() => decoded('REGISTER version=one').isOurVersion(), { code: 'INVALID_PARAMETER' });
});

t.test('addressed changes the parts that are given, and no others', async t => {
  const message = Message.of('A', { x: 1 }, { from: here, to: here });
  t.equal(encode(message.addressed({ to: { service: '*' } })), '<host:svc host:*/A x=1');
  t.equal(encode(message.addressed({ from: { server: '' } })), '<:svc host:svc/A x=1');
  t.equal(encode(message.addressed({ to: { server: '', service: '' } })), '<host:svc A x=1');
  t.equal(encode(message.addressed({})), encode(message));
  t.equal(encode(message), '<host:svc host:svc/A x=1', 'the message is as it was');
});

t.test('what a message was made of may change afterwards', async t => {
  const parameters: Record<string, string> = { x: '1' };
  const to = { server: 'a', service: 'b' };
  const message = Message.of('A', parameters, { to });
  parameters.x = '2';
  to.service = 'c';
  t.equal(encode(message), 'a:b/A x=1');
});

t.test('no handler changes what the next one reads', async t => {
  const message = decoded('A x=1');
  const parameters = message.parameters as Record<string, string>;
  t.throws(() => {
    parameters.x = '2';
  }, TypeError);
  t.equal(message.parameters.x, '1');
});
