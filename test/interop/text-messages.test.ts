// Every recorded case of the C++ message class against ours. Where we differ, one list below says how and why:
// the test fails when a case differs that is not in it, when one in it no longer does, and when it differs otherwise.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { bytesOf, LineSlicer, textOf } from '../../lib/framing/index.ts';
import { admit, decode, encode, encodeJson, Message } from '../../lib/message/index.ts';

type Bytes = string | { readonly hex: string };
type Written = Bytes | { readonly exception: string };

interface Fields {
  readonly sent_from_server: string;
  readonly sent_from_service: string;
  readonly server: string;
  readonly service: string;
  readonly command: string;
  readonly parameters: Readonly<Record<string, Bytes>>;
}

interface Case {
  readonly n: number;
  readonly kind: 'parse' | 'build';
  readonly input: string;
  readonly accepted: boolean;
  readonly fields?: Fields;
  readonly to_string?: Written;
  readonly to_json?: Written;
  readonly reparse_json?: { readonly same_fields?: boolean };
}

/** In what we differ: whether it is taken, what is read from it, the text, the JSON. */
type What = 'accepted' | 'parameters' | 'string' | 'json';

const serverOnly = 'C++ loses a target without a service, and reads srv:CMD right';
const blank = 'C++ cuts the blanks off the end of the line; a ; behind them keeps them on both sides';
const backslash = 'the closing quote stands behind an escaped backslash; C++ takes the quote for escaped';
const nul = 'C++ cuts the value at the NUL';
const control = 'control characters are escaped, as JSON wants it';
const once = 'escapes of JSON are undone once; C++ does it twice';
const double = 'the number stays as written; C++ sends it through a double and a 64-bit integer';
const noCommand = 'C++ builds it and throws when it is written; here it cannot be built';

const exceptions: readonly (readonly [n: number, what: What, ours: string, why: string])[] = [
  [5, 'string', 'srv:CMD', serverOnly],
  [6, 'string', '<ss: srv:CMD', serverOnly],
  [7, 'string', '<:sv srv:CMD', serverOnly],
  [8, 'string', '<ss:sv srv:CMD', serverOnly],
  [27, 'accepted', 'INVALID_NAME', noCommand],
  [57, 'string', 's:R', serverOnly],
  [65, 'string', 'PING v=trail ;', blank],
  [66, 'string', 'PING v=  ;', blank],
  [109, 'string', 'PING v=\t;', blank],
  [109, 'json', '{"command":"PING","parameters":{"v":"\\t"}}', control],
  [170, 'json', '{"command":"PING\\ta=1"}', control],
  [194, 'json', '{"command":"PING","parameters":{"a":"1\\tb=2"}}', control],
  [210, 'string', 'srv:PING', serverOnly],
  [268, 'accepted', 'PING a=x\\\\', backslash],
  [269, 'accepted', 'PING a=x\\\\;b=1', backslash],
  [279, 'string', 'PING a= x ;', blank],
  [298, 'parameters', '{"a":"x\\u0000y"}', nul],
  [298, 'string', 'PING a=x\0y', nul],
  [298, 'json', '{"command":"PING","parameters":{"a":"x\\u0000y"}}', nul],
  [342, 'parameters', '{"a":"1e30"}', double],
  [342, 'string', 'PING a=1e30', double],
  [342, 'json', '{"command":"PING","parameters":{"a":"1e30"}}', double],
  [366, 'parameters', '{"a":"x\\\\\\\\y"}', once],
  [366, 'string', 'PING a=x\\\\\\\\y', once],
  [366, 'json', '{"command":"PING","parameters":{"a":"x\\\\\\\\y"}}', once],
  [368, 'parameters', '{"a":"x\\\\\\"y"}', once],
  [368, 'string', 'PING a=x\\\\"y', once],
  [368, 'json', '{"command":"PING","parameters":{"a":"x\\\\\\"y"}}', once],
  [376, 'string', 'PING a=/\b\f\t;', blank],
  [376, 'json', '{"command":"PING","parameters":{"a":"/\\b\\f\\t"}}', control],
  [379, 'json', '{"command":"PING","parameters":{"a":"tab\\there"}}', control],
  [380, 'json', '{"command":"PING","parameters":{"a":"\\u0001"}}', control],
];

const golden = join(process.cwd(), 'test/golden');
const cases = JSON.parse(readFileSync(join(golden, 'text-messages.json'), 'utf8')) as readonly Case[];

const raw = (text: Bytes): Buffer => (typeof text === 'string' ? Buffer.from(text) : Buffer.from(text.hex, 'hex'));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
  return 'nothing was thrown';
}

/** The message that a build case describes, its parameters given in the opposite order. */
function built({ server, service, command, parameters, ...sender }: Fields): Message {
  const texts = Object.entries(parameters).map(([name, value]) => [name, textOf(raw(value))]);
  return Message.of(command, Object.fromEntries(texts.reverse()), {
    from: { server: sender.sent_from_server, service: sender.sent_from_service },
    to: { server, service },
  });
}

function fieldsOf({ from, to, command, list }: Message): Fields & { readonly parameters: Record<string, string> } {
  const parameters: Record<string, string> = {};
  for (let at = 0; at < list.length; at += 2) parameters[list[at] ?? ''] = list[at + 1] ?? '';
  return {
    sent_from_server: from.server,
    sent_from_service: from.service,
    server: to.server,
    service: to.service,
    command,
    parameters,
  };
}

/** What we make of a case: the message, or the code of its refusal. A line of blanks is no message either. */
function ours({ kind, input, fields }: Case): Message | string {
  let message: Message | undefined;
  const code = codeOf(() => {
    message = kind === 'parse' || fields === undefined ? decode(input) : built(fields);
  });
  return message ?? (code === 'nothing was thrown' ? 'blank' : code);
}

function written(text: string, theirs: Written | undefined, what: What): [What, string][] {
  if (theirs === undefined || (typeof theirs === 'object' && 'exception' in theirs)) return [[what, text]];
  return bytesOf(text).equals(raw(theirs)) ? [] : [[what, text]];
}

/** In what our result differs from theirs. */
function differences(one: Case): [What, string][] {
  const message = ours(one);
  if (typeof message === 'string') {
    const refusal = one.kind === 'parse' ? ['INVALID_LINE', 'blank'] : ['INVALID_NAME'];
    return !one.accepted && refusal.includes(message) ? [] : [['accepted', message]];
  }
  if (!one.accepted || one.fields === undefined) return [['accepted', encode(message)]];
  const found: [What, string][] = [];
  const { parameters, ...fields } = fieldsOf(message);
  const { parameters: theirParameters, ...theirFields } = one.fields;
  t.same(fields, theirFields, `sender, target and command of case ${one.n}`);
  const theirs = Object.entries(theirParameters).map(([name, value]) => [name, textOf(raw(value))]);
  if (!sameEntries(Object.entries(parameters), theirs)) found.push(['parameters', JSON.stringify(parameters)]);
  found.push(...written(encode(message), one.to_string, 'string'));
  if (one.reparse_json?.same_fields) found.push(...written(encodeJson(message), one.to_json, 'json'));
  return found;
}

function sameEntries(a: readonly (readonly string[])[], b: readonly (readonly string[])[]): boolean {
  return JSON.stringify([...a].sort()) === JSON.stringify([...b].sort());
}

const refusedBuilds: Readonly<Record<string, () => unknown>> = {
  'sent_from_server=*': () => Message.of('CMD', {}, { from: { server: '*' } }),
  'set_command(cmd)': () => Message.of('cmd'),
  'set_command(Cmd)': () => Message.of('Cmd'),
  'set_command(C D)': () => Message.of('C D'),
  'add_parameter(a.b, 1)': () => Message.of('CMD', { 'a.b': 1 }),
  'add_parameter(a b, 1)': () => Message.of('CMD', { 'a b': 1 }),
  'add_parameter(é, 1)': () => Message.of('CMD', { é: 1 }),
  'set_server(a-b)': () => Message.of('CMD', {}, { to: { server: 'a-b' } }),
  'set_server(localhost.localdomain)': () => Message.of('CMD', {}, { to: { server: 'localhost.localdomain' } }),
  'reply_to(<a-b:v X)': () => decode('<a-b:v X')?.reply('R'),
};

/** Names outside the grammar, which both sides read and nobody acts on, need not come back. */
function actedOn(message: Message): boolean {
  let admission: string | undefined;
  const code = codeOf(() => {
    admission = admit(message);
  });
  return code !== 'INVALID_MESSAGE' && admission === 'act';
}

const refusedBuild = ({ kind, accepted }: Case): boolean => kind === 'build' && !accepted;

t.test('each recorded case is read and written as C++ does it, but for the list of exceptions', async t => {
  const found = cases.filter(one => !refusedBuild(one)).flatMap(one => differences(one).map(d => [one.n, ...d]));
  t.same(
    found,
    exceptions.map(([n, what, ours]) => [n, what, ours]),
  );
  t.equal(cases.length, 249, 'all cases are there');
});

t.test('what C++ refuses to build is refused with INVALID_NAME', async t => {
  const refused = cases.filter(refusedBuild);
  t.same(new Set(refused.map(({ input }) => input)), new Set(Object.keys(refusedBuilds)), 'each case has its call');
  for (const { input } of refused) {
    t.throws(() => refusedBuilds[input]?.(), { name: 'UsageError', code: 'INVALID_NAME' }, input);
  }
});

t.test('what is acted on comes back from our own text with the same fields', async t => {
  const messages = cases
    .filter(one => !refusedBuild(one))
    .flatMap(one => {
      const message = ours(one);
      return typeof message !== 'string' && actedOn(message) ? [message] : [];
    });
  t.ok(messages.length > 120, `${messages.length} messages`);
  for (const message of messages) {
    const back = decode(textOf(bytesOf(encode(message))));
    t.same(back && fieldsOf(back), fieldsOf(message), encode(message));
  }
});

t.test('the calls that C++ has of its own give the same lines', async t => {
  t.equal(encode(Message.of('REGISTER', { service: 'me' }).withVersion()), 'REGISTER service=me;version=1', '54');
  const typed = Message.of('T', {
    i16: -5,
    u64: 18_446_744_073_709_551_615n,
    i64: -9_223_372_036_854_775_808n,
    ts: { seconds: 1, nanoseconds: 5 },
    ts0: { seconds: 7, nanoseconds: 0 },
    ts5: { seconds: 7, nanoseconds: 500_000_000 },
  });
  t.equal(encode(typed), cases.find(({ n }) => n === 55)?.to_string, '55');
  t.equal(encode(decode('<s:v X')?.reply('R') ?? Message.of('NONE')), 's:v/R', '56');
});

t.test('each line that the recorded programs sent comes back byte for byte', async t => {
  const sessions = readdirSync(golden).filter(name => name.startsWith('text-session-'));
  const said = sessions.flatMap(name =>
    readFileSync(join(golden, name), 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { readonly dir?: string; readonly udp?: string; readonly bytes?: string }),
  );
  const ofPrograms = said.filter(({ dir, udp }) => /^(?:server|daemon)->/.test(dir ?? '') || udp === 'datagram');
  const slicer = new LineSlicer();
  let count = 0;
  for (const { bytes = '' } of ofPrograms) {
    slicer.push(Buffer.from(bytes.endsWith('\n') ? bytes : `${bytes}\n`, 'latin1'));
    while (slicer.next()) {
      const line = slicer.text.slice(slicer.start, slicer.end);
      const message = decode(line);
      t.equal(message && encode(message), line);
      count += 1;
    }
  }
  t.ok(count > 80, `${count} lines`);
});
