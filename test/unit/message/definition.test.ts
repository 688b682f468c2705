import t from 'tap';
import type { HostPort, Message, Timespec } from '../../../lib/message/index.ts';
import {
  ALIVE,
  address,
  bigint,
  boolean,
  decode,
  defineMessage,
  encode,
  forbidden,
  integer,
  READY,
  SERVICE_UNAVAILABLE,
  string,
  timespec,
} from '../../../lib/message/index.ts';

const EVENT = defineMessage('EVENT', {
  id: integer(),
  text: string(),
  big: bigint({ optional: true }),
  yes: boolean({ optional: true }),
  time: timespec({ optional: true }),
  at: address({ optional: true }),
});

function decoded(line: string): Message {
  const message = decode(line);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}

const refused = { name: 'PeerError', code: 'INVALID_PARAMETER', command: 'EVENT' };

t.test('reads each parameter as its type', async t => {
  const line = 'EVENT at=[::1]:80;big=9223372036854775807;id=7;text=x;time=1.5;yes=true';
  const { parameters } = EVENT.read(decoded(line));
  const id: number = parameters.id;
  const text: string = parameters.text;
  const big: bigint | undefined = parameters.big;
  const yes: boolean | undefined = parameters.yes;
  const time: Timespec | undefined = parameters.time;
  const at: HostPort | undefined = parameters.at;
  t.same([id, text, big, yes], [7, 'x', 2n ** 63n - 1n, true]);
  t.same(
    [time, at],
    [
      { seconds: 1, nanoseconds: 500_000_000 },
      { host: '::1', port: 80 },
    ],
  );
});

t.test('the typed message is the same message', async t => {
  const line = '<a:b c:d/EVENT extra=1;id=7;text=x';
  const message = EVENT.read(decoded(line));
  t.equal(encode(message), line, 'a parameter that nobody declared stays');
  t.same([message.from.server, message.get('id')], ['a', '7']);
  t.ok(Object.isFrozen(message.parameters));
  t.equal(message.addressed({ to: { service: 'e' } }).parameters.id, 7, 'and keeps its values');
});

t.test('optional parameters may be missing, the others not', async t => {
  t.equal(EVENT.read(decoded('EVENT id=7;text=')).parameters.big, undefined);
  t.throws(() => EVENT.read(decoded('EVENT id=7')), { ...refused, message: 'parameter text: it is missing' });
});

t.test('text may be empty, other values not, unless the rules say otherwise', async t => {
  t.equal(EVENT.read(decoded('EVENT id=7;text=')).parameters.text, '');
  t.throws(() => EVENT.read(decoded('EVENT id=;text=')), { ...refused, message: 'parameter id: it is empty' });
  t.throws(() => EVENT.read(decoded('EVENT big=;id=7;text=')), refused, 'optional is not empty');
  const strict = defineMessage('EVENT', { text: string({ empty: false }) });
  t.throws(() => strict.read(decoded('EVENT text=')), { ...refused, message: 'parameter text: it is empty' });
  const maybe = defineMessage('EVENT', { text: string({ optional: true, empty: false }) });
  t.throws(() => maybe.read(decoded('EVENT text=')), { ...refused, message: 'parameter text: it is empty' });
  t.equal(maybe.read(decoded('EVENT')).parameters.text, undefined);
});

t.test('tells every reason at once', async t => {
  t.throws(() => EVENT.read(decoded('EVENT big=1.5;time=soon;yes=1')), {
    ...refused,
    message:
      'parameter id: it is missing, parameter text: it is missing, parameter big: "1.5" is no integer, ' +
      'parameter yes: "1" is neither true nor false, parameter time: "soon" is no time in seconds',
  });
});

t.test('makes a message of typed values', async t => {
  const message = EVENT.of(
    { id: 7, text: 'x;y', big: 5n, yes: false, time: { seconds: 1, nanoseconds: 5 }, at: { host: 'h', port: 1 } },
    { from: { service: 'svc' }, to: { service: 'other' } },
  );
  t.equal(encode(message), '<:svc other/EVENT at=h:1;big=5;id=7;text="x;y";time=1.000000005;yes=false');
  t.equal(message.parameters.id, 7);
  const none = { big: undefined, yes: undefined, time: undefined, at: undefined };
  t.equal(encode(EVENT.of({ id: 7, text: '', ...none })), 'EVENT id=7;text=');
});

t.test('refuses to make what it would refuse to read', async t => {
  const none = { text: '', big: undefined, yes: undefined, time: undefined, at: undefined };
  t.throws(() => EVENT.of({ ...none, id: 1.5 }), { ...refused, message: 'parameter id: "1.5" is no integer' });
  t.throws(() => EVENT.of({ ...none, id: 2 ** 53 }), refused);
  t.throws(() => EVENT.of({ ...none, id: Number.NaN }), { code: 'INVALID_VALUE' });
  t.throws(() => EVENT.of({ ...none, id: 1, big: 2n ** 63n }), refused);
  t.throws(() => EVENT.of({ ...none, id: 1 }, { to: { server: 'a-b' } }), { code: 'INVALID_NAME' });
});

t.test('refuses names outside the grammar when it is declared', async t => {
  const refusedName = { name: 'UsageError', code: 'INVALID_NAME' };
  for (const command of ['', 'event', 'E-V']) t.throws(() => defineMessage(command, {}), refusedName, command);
  for (const name of ['', 'a-b', '1a']) t.throws(() => defineMessage('A', { [name]: string() }), refusedName, name);
});

t.test('names that every object has may be declared', async t => {
  for (const name of ['toString', 'constructor', '__proto__']) {
    const definition = defineMessage('A', { [name]: string(), ['x' as string]: string() });
    const { parameters } = definition.read(decoded(`A ${name}=v;x=w`));
    t.same(
      Object.entries(parameters),
      Object.entries(
        Object.fromEntries([
          [name, 'v'],
          ['x', 'w'],
        ]),
      ),
      name,
    );
    t.throws(() => definition.read(decoded('A x=w')), { message: `parameter ${name}: it is missing` }, name);
  }
});

t.test('the messages of every service are declared as C++ declares them', async t => {
  t.same({ ...ALIVE.read(decoded('ALIVE')).parameters }, { serial: undefined, timestamp: undefined });
  t.same(ALIVE.read(decoded('ALIVE serial=abc;timestamp=5.25')).parameters, {
    serial: 'abc',
    timestamp: { seconds: 5, nanoseconds: 250_000_000 },
  });
  for (const line of ['ALIVE timestamp=abc', 'ALIVE timestamp=']) t.throws(() => ALIVE.read(decoded(line)), line);
  for (const place of ['127.0.0.1:4042', '1.2.3.4', '[::1]:4042']) {
    t.equal(READY.read(decoded(`READY my_address=${place}`)).parameters.my_address, place, 'with a port or without');
  }
  t.equal(READY.read(decoded('READY')).parameters.my_address, undefined);
  t.throws(() => READY.read(decoded('READY my_address=')), { code: 'INVALID_PARAMETER' });
  t.throws(() => SERVICE_UNAVAILABLE.read(decoded('SERVICE_UNAVAILABLE destination_service=')), {
    message: 'parameter destination_service: it is empty, parameter unsent_command: it is missing',
  });
});

t.test('a definition tells the parameters that it may have', async t => {
  const definition = defineMessage('EVENT', { id: integer(), text: string({ optional: true }), old: forbidden() });
  t.same(definition.parameters, ['id', 'text']);
});
