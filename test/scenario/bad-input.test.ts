// Whatever a peer says, it gets its answer, and then DAD still gets CLIMB.

import t from 'tap';
import { Dispatcher } from '../../lib/index.ts';
import type { Raw } from './raw.ts';
import { stairs } from './stairs.ts';

interface Row {
  readonly what: string;
  readonly sent: string;
  /** The exact answer. */
  readonly answer: string;
}

const rows: readonly Row[] = [
  { what: 'a command with a minus', sent: 'foo-bar\n', answer: 'UNKNOWN command=foo-bar\n' },
  { what: 'a command with a digit first', sent: '9DAD\n', answer: 'UNKNOWN command=9DAD\n' },
  { what: 'a command in small letters', sent: 'dad\n', answer: 'UNKNOWN command=dad\n' },
  {
    what: 'a sender with a minus',
    sent: '<a-b:c FOO\n',
    answer: 'INVALID command=FOO;message="\\"a-b\\" is no sender server name"\n',
  },
  {
    what: 'a service with a minus',
    sent: 'a-b/DAD\n',
    answer: 'INVALID command=DAD;message="\\"a-b\\" is no service name"\n',
  },
  { what: 'a sender alone', sent: '<a:b\n', answer: 'INVALID message=a sender without a command\n' },
  { what: 'a sender without a colon', sent: '<ab DAD\n', answer: 'INVALID message=a sender is <server:service\n' },
  { what: 'two services', sent: 'a/b/DAD\n', answer: 'INVALID message=a service name is empty or twice there\n' },
  {
    what: 'a service without a name',
    sent: '/DAD\n',
    answer: 'INVALID message=a service name is empty or twice there\n',
  },
  {
    what: 'a parameter without =',
    sent: 'CMD x\n',
    answer: 'INVALID command=CMD;message=a parameter has no = and value\n',
  },
  {
    what: 'a parameter without a name',
    sent: 'CMD =1\n',
    answer: 'INVALID command=CMD;message=a parameter name is empty\n',
  },
  {
    what: 'a quote that is not closed',
    sent: 'CMD a="x\n',
    answer: 'INVALID command=CMD;message=a quoted value has no closing quote\n',
  },
  {
    what: 'a parameter with a digit first',
    sent: 'CMD 1x=2\n',
    answer: 'INVALID command=CMD;message=a parameter name cannot have "1" at its place 1\n',
  },
  { what: 'JSON with an empty command', sent: '{"command":""}\n', answer: 'UNKNOWN command=\n' },
  { what: 'JSON without a command', sent: '{"server":"a"}\n', answer: 'INVALID message=there is no command\n' },
  { what: 'a brace alone', sent: '{\n', answer: 'INVALID message=a string is expected at 2\n' },
  { what: 'JSON cut off', sent: '{"command":"DAD"\n', answer: 'INVALID message="\\",\\" is expected at 17"\n' },
  {
    what: 'JSON and more',
    sent: '{"command":"DAD"} DAD\n',
    answer: 'INVALID message=more text follows behind the last }\n',
  },
  { what: 'JSON that is an array', sent: '[1]\n', answer: 'UNKNOWN command=[1]\n' },
  {
    what: 'JSON with bytes that are not UTF-8',
    sent: '{"command":"DA\xff"}\n',
    answer: 'INVALID message=JSON must be UTF-8\n',
  },
  {
    what: 'JSON with half a surrogate pair',
    sent: '{"command":"\\ud800"}\n',
    answer: 'INVALID message=a string holds an escape that means nothing\n',
  },
  {
    what: 'JSON with a parameter that no line could hold',
    sent: '{"command":"DAD","parameters":{"a b":1}}\n',
    answer: 'INVALID command=DAD;message="\\"a b\\" is no parameter name"\n',
  },
  {
    what: 'JSON deeper than one level',
    sent: '{"command":"DAD","parameters":{"a":{}}}\n',
    answer: 'INVALID message=a string, number, true, false or null is expected at 36\n',
  },
  { what: 'a NUL', sent: '\0\n', answer: 'UNKNOWN command=\0\n' },
  { what: 'a command that ends in NUL', sent: 'DAD\0\n', answer: 'UNKNOWN command=DAD\0\n' },
  { what: 'bytes that are not UTF-8, as a command', sent: '\xff\xfe\n', answer: 'UNKNOWN command=\xff\xfe\n' },
  { what: 'an empty line', sent: '\n', answer: '' },
  { what: 'blanks', sent: ' \t \r\n', answer: '' },
  { what: 'an UNKNOWN', sent: 'UNKNOWN command=X\n', answer: 'UNKNOWN command=UNKNOWN\n' },
  { what: 'an UNKNOWN about UNKNOWN', sent: 'UNKNOWN command=UNKNOWN\n', answer: '' },
  { what: 'an INVALID that is itself invalid', sent: 'INVALID x\n', answer: '' },
  { what: 'a number of a request', sent: 'FOO _request=1\n', answer: 'UNKNOWN _answer=1;command=FOO\n' },
  { what: 'an answer to no request', sent: 'FOO _answer=1\n', answer: 'UNKNOWN command=FOO\n' },
  {
    what: 'names of objects',
    sent: 'DAD __proto__=1;constructor=2;toString=3\n',
    answer: 'CLIMB\n',
  },
];

const systemRows: readonly Row[] = [
  {
    what: 'ALIVE with a time that is none',
    sent: 'ALIVE timestamp=abc\n',
    answer: 'INVALID command=ALIVE;message=parameter timestamp: "abc" is no time in seconds\n',
  },
  {
    what: 'a definition that fails twice',
    sent: '<s:v SERVICE_UNAVAILABLE destination_service=\n',
    answer:
      's:v/INVALID command=SERVICE_UNAVAILABLE;message=parameter destination_service: it is empty, parameter unsent_command: it is missing\n',
  },
  { what: 'UNKNOWN, INVALID and others that ask for nothing', sent: 'UNKNOWN\nINVALID\nLEAK\nSTOP\n', answer: '' },
];

/** The answer to `sent` is all that comes before the answer to the DAD behind it. */
async function answerTo(raw: Raw, sent: string): Promise<string> {
  raw.send(`${sent}DAD\n`);
  let text = '';
  while (!text.endsWith('CLIMB\n')) {
    const line = await raw.line();
    if (line === '') return `${text}(end)`;
    text += line;
  }
  return text.slice(0, -'CLIMB\n'.length);
}

for (const [system, table] of [
  [false, rows],
  [true, systemRows],
] as const) {
  t.test(system ? 'with the system commands' : 'without the system commands', async t => {
    const { client, communicator } = await stairs(t, { system });
    const raw = await client();
    for (const { what, sent, answer } of table) {
      if (answer === 'CLIMB\n') {
        raw.send(sent);
        t.equal(await raw.line(), answer, what);
      } else t.equal(await answerTo(raw, sent), answer, what);
    }
    raw.send(table.map(({ sent }) => sent).join(''));
    const all = table.map(({ answer }) => answer).join('');
    t.equal(await raw.take(all.length), all, 'all of it at once');
    t.notOk(raw.ended);
    t.equal(communicator.snapshot().connections.filter(({ kind }) => kind === 'peer').length, 1);
  });
}

t.test('cut at any place, the answers are the same', async t => {
  const { client } = await stairs(t);
  const raw = await client();
  const bytes = rows.map(({ sent }) => sent).join('');
  const all = rows.map(({ answer }) => answer).join('');
  for (const step of [1, 2, 3, 7, 64]) {
    for (let at = 0; at < bytes.length; at += step) raw.send(bytes.slice(at, at + step));
    t.equal(await raw.take(all.length), all, `in pieces of ${step}`);
  }
});

t.test('a value of any bytes comes back as it was', async t => {
  const { client } = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('ECHO', (message, peer) => peer.send(message.reply('ECHOED', { value: message.get('value') })));
    },
  });
  const raw = await client();
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code))
    .filter(char => !'\n\r;\\"'.includes(char))
    .join('');
  for (const value of ['\xff', '\xc3\xa4', '\xc3', 'a\x80b', `x${bytes}x`, '\xed\xa0\x80', '\xf0\x9f\x98\x80']) {
    raw.send(`ECHO value=${value}\n`);
    t.equal(await raw.line(), `ECHOED value=${value}\n`);
  }
});

t.test('two sides without a rule for anything do not complain for ever', async t => {
  const { communicator, address, log } = await stairs(t, { listen: { accepted: () => undefined } });
  const client = communicator.connect(address, { dispatcher: new Dispatcher().otherwiseUnknown() });
  const peers = (): readonly unknown[] => communicator.connections.filter(({ kind }) => kind === 'peer');
  for (const line of ['FOO', 'UNKNOWN', 'INVALID', 'CLIMB']) client.send(line);
  await client.request('DAD');
  const before = client.snapshot().sent;
  await client.request('DAD');
  await client.request('DAD');
  t.equal(client.snapshot().sent, Number(before) + 2, 'nothing but the requests is said any more');
  t.equal(peers().length, 1);
  t.ok(Number(before) < 20);
  t.same(log.texts('error'), []);
});

t.test('handlers that fail on every complaint do not complain for ever', async t => {
  const { communicator, address } = await stairs(t, {
    listen: { accepted: () => undefined },
    rules: dispatcher => {
      dispatcher.on(/^(INVALID|UNKNOWN)$/, () => {
        throw new Error('broken');
      });
    },
  });
  const dispatcher = new Dispatcher().otherwise(() => {
    throw new Error('broken too');
  });
  const client = communicator.connect(address, { dispatcher });
  for (const line of ['FOO', 'UNKNOWN', 'INVALID']) client.send(line);
  await client.request('DAD');
  const before = Number(client.snapshot().sent);
  await client.request('DAD');
  t.equal(client.snapshot().sent, before + 1);
});
