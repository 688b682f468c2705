import t from 'tap';
import type { Message } from '../../../lib/message/index.ts';
import { admit, decode, encode } from '../../../lib/message/index.ts';

function decoded(line: string): Message {
  const message = decode(line);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}

t.test('lets in a message whose names are all good', async t => {
  for (const line of ['A', '<a:b c:d/A e=1;_f=2', '<:b ./A', '<a: *:x/A', '?/A', 'c:A', '{"command":"A"}']) {
    t.equal(admit(decoded(line)), 'act', line);
  }
});

t.test('nobody can know a command outside the grammar', async t => {
  for (const line of ['lower', 'Foo', 'foo-bar x=1', '9DAD', 'A.B', 'É', '{"command":""}', '{"command":"A\\nB"}']) {
    t.equal(admit(decoded(line)), 'unknown', line);
  }
});

t.test('refuses a sender that no answer could name', async t => {
  t.throws(() => admit(decoded('<a-b:v A')), {
    name: 'PeerError',
    code: 'INVALID_MESSAGE',
    command: 'A',
    message: '"a-b" is no sender server name',
  });
  t.throws(() => admit(decoded('<a:v.w A')), {
    name: 'PeerError',
    code: 'INVALID_MESSAGE',
    command: 'A',
    message: '"v.w" is no sender service name',
  });
  for (const sender of ['*:v', 'a:*', '.:v', '?:v', '1a:v', 'a:b:c', 'a:<b', 'é:v']) {
    t.throws(() => admit(decoded(`<${sender} A`)), { code: 'INVALID_MESSAGE' }, sender);
  }
});

t.test('refuses a target that is none', async t => {
  t.throws(() => admit(decoded('a-b:v/A')), {
    name: 'PeerError',
    code: 'INVALID_MESSAGE',
    command: 'A',
    message: '"a-b" is no server name',
  });
  t.throws(() => admit(decoded('a:v-w/A')), {
    name: 'PeerError',
    code: 'INVALID_MESSAGE',
    command: 'A',
    message: '"v-w" is no service name',
  });
  for (const target of ['**:v/', 'a:../', '1/', '"/', 'a=b/']) {
    t.throws(() => admit(decoded(`${target}A`)), { code: 'INVALID_MESSAGE' }, target);
  }
});

t.test('refuses a parameter name outside the grammar, which JSON can bring', async t => {
  for (const name of ['', 'a-b', 'a b', '1', 'é', 'a=b;c', 'a\\nb']) {
    const message = decoded(`{"command":"A","parameters":{"good":1,"${name}":1}}`);
    t.throws(() => admit(message), { code: 'INVALID_MESSAGE', command: 'A' }, name);
  }
});

t.test('looks at the names before the command, for the answer goes to the sender', async t => {
  t.throws(() => admit(decoded('<a-b:v lower')), { code: 'INVALID_MESSAGE', command: 'lower' });
});

t.test('a long name is cut in the words about it', async t => {
  t.throws(() => admit(decoded(`${'x-'.repeat(50_000)}/A`)), { message: /^"(?:x-){20}…" is no service name$/ });
});

t.test('what is let in can be answered, and the answer can be read', async t => {
  for (const line of ['<a:b A', '<a: A', '<:b A', 'A', '<_:_ x/A']) {
    const message = decoded(line);
    admit(message);
    t.equal(admit(decoded(encode(message.reply('ANSWER')))), 'act', line);
  }
});
