import t from 'tap';
import { isCommand, isName, nameOfHost } from '../../../lib/message/index.ts';
import * as names from '../../../lib/message/names.ts';

const refused = { name: 'UsageError', code: 'INVALID_NAME' };

t.test('each character is allowed where the grammar allows it', async t => {
  const wrong: number[] = [];
  for (let code = 0; code < 0x300; code += 1) {
    const char = String.fromCharCode(code);
    const letter = /^[A-Za-z_]$/.test(char);
    const digit = /^[0-9]$/.test(char);
    const upper = /^[A-Z_]$/.test(char);
    const good =
      isName(char) === letter &&
      isName(`a${char}`) === (letter || digit) &&
      isName(`${char}a`) === letter &&
      isCommand(char) === upper &&
      isCommand(`A${char}`) === (upper || digit);
    if (!good) wrong.push(code);
  }
  t.same(wrong, []);
});

t.test('nothing is no name', async t => {
  t.same([isName(''), isCommand(''), names.isTarget('')], [false, false, false]);
  t.equal(names.target('server', ''), '', 'but a target may be left open');
});

t.test('targets are names, and three signs', async t => {
  for (const target of ['.', '*', '?', 'a', 'Host_1']) t.equal(names.target('server', target), target);
  for (const target of ['..', '**', '*a', 'a-b', 'a.b', ' ', '1a', '<']) {
    t.throws(() => names.target('server', target), refused, target);
  }
});

t.test('a refusal tells what was meant, and what is allowed', async t => {
  t.throws(() => names.command('cmd'), {
    ...refused,
    message: '"cmd" is no command: use A-Z, 0-9 and _, no digit first',
  });
  t.throws(() => names.name('parameter', 'a.b'), { message: /^"a\.b" is no parameter name/ });
  t.equal(names.command('A_1'), 'A_1');
  t.equal(names.name('parameter', '_a'), '_a');
});

t.test('a host name is made fit for the wire', async t => {
  const cases = {
    host: 'host',
    'web-01': 'web_01',
    'web-01.example.org': 'web_01exampleorg',
    '10.0.0.1': '_10001',
    Größe: 'Gre',
    '': '',
  };
  for (const [host, name] of Object.entries(cases)) t.equal(nameOfHost(host), name, host);
  for (const host of ['web-01.example.org', '10.0.0.1', 'a--b']) t.ok(isName(nameOfHost(host)), host);
});
