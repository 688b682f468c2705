import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Message } from '../../../lib/message/index.ts';
import { Definitions, decode, defineMessage, integer, parseConf, readDefinitions } from '../../../lib/message/index.ts';

function decoded(line: string): Message {
  const message = decode(line);
  if (message === undefined) throw new Error('a line of blanks');
  return message;
}

function reasons(text: string, line: string): string | undefined {
  const { definition, problems } = parseConf('CMD', text);
  if (definition === undefined) throw new Error(problems.map(({ text }) => text).join(', '));
  try {
    definition.read(decoded(line));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

t.test('types and flags mean what they mean in the C++ library', async t => {
  const rows: readonly (readonly [conf: string, line: string, reason: string | undefined])[] = [
    ['[a]\n', 'CMD', 'parameter a: it is missing'],
    ['[a]\n', 'CMD a=', undefined],
    ['[a]\ntype = integer\n', 'CMD a=', undefined],
    ['[a]\nflags = required\n', 'CMD a=', 'parameter a: it is empty'],
    ['[a]\nflags = required, empty\n', 'CMD a=', undefined],
    ['[a]\nflags = optional\n', 'CMD', undefined],
    ['[a]\nflags = optional\n', 'CMD a=', 'parameter a: it is empty'],
    ['[a]\nflags = defined,allowed\n', 'CMD', undefined],
    ['[a]\nflags = forbidden\n', 'CMD', undefined],
    ['[a]\nflags = forbidden\n', 'CMD a=1', 'parameter a: it is forbidden'],
    ['[a]\ntype = integer\n', 'CMD a=9223372036854775807', undefined],
    ['[a]\ntype = integer\n', 'CMD a=1.5', 'parameter a: "1.5" is no integer'],
    ['[a]\ntype = timespec\n', 'CMD a=1.000000001s', undefined],
    ['[a]\ntype = timespec\n', 'CMD a=soon', 'parameter a: "soon" is no time in seconds'],
    ['[a]\ntype = address\n', 'CMD a=[::1]:80', undefined],
    ['[a]\ntype = address\n', 'CMD a=127.0.0.1', undefined],
    ['[a]\ntype = address\n', 'CMD a=1:2:3', 'parameter a: "1:2:3" is no address with a port'],
    ['[a]\ntype = default\n', 'CMD a=x', undefined],
    ['[a]\ntype = boolean\n', 'CMD a=yes', 'parameter a: "yes" is neither true nor false'],
    ['[a]\ntype = number\nmin = 0\nmax = 1\n', 'CMD a=0.5', undefined],
    ['[a]\ntype = number\nmin = 0\nmax = 1\n', 'CMD a=1.5', 'parameter a: 1.5 is more than 1'],
    ['[a]\ntype = integer\nmin = 10\n', 'CMD a=9', 'parameter a: 9 is less than 10'],
    ['[a]\ntype = enum\nvalues = red, green\n', 'CMD a=green', undefined],
    ['[a]\ntype = enum\nvalues = red, green\n', 'CMD a=blue', 'parameter a: "blue" is none of red, green'],
    ['[a-b]\ntype: "integer"\n', 'CMD a_b=x', 'parameter a_b: "x" is no integer'],
    ['[a]\ntype=integer\n[b]\n', 'CMD a=x', 'parameter a: "x" is no integer, parameter b: it is missing'],
    ['; one\n# two\n\n description = of all\n', 'CMD a=1;b=2', undefined],
    ['[__proto__]\nflags = optional\n', 'CMD', undefined],
  ];
  for (const [conf, line, reason] of rows) t.equal(reasons(conf, line), reason, `${JSON.stringify(conf)} ${line}`);
});

t.test('each thing that is wrong in a file is told with its line', async t => {
  const rows: readonly (readonly [conf: string, problems: readonly string[]])[] = [
    ['[a]\ntype = int\n', ['2 error "int" is no type']],
    ['[a]\nflags = needed\n', ['2 error "needed" is no flag']],
    ['[a]\nflag = required\n', ['2 warning "flag" is no key']],
    ['type = integer\n', ['1 warning "type" stands before the first [parameter]']],
    ['what is this\n', ['1 error "what is this" is neither']],
    ['[a]\n[a]\n', ['2 error [a] is there twice']],
    ['[a]\ntype = string\ntype = string\n', ['3 error "type" is there twice']],
    ['[a]\nflags = required, forbidden\n', ['1 error it cannot be required and forbidden']],
    ['[1a]\n', ['1 error "1a" is no name for a parameter']],
    ['[a]\ntype = enum\n', ['1 error an enum needs']],
    ['[a]\nvalues = x\n', ['2 error "values" is for type = enum']],
    ['[a]\nmin = 1\n', ['2 error "min" is for integer and number']],
    ['[a]\ntype = integer\nmin = x\n', ['3 error min: "x" is no integer']],
    ['[a]\ntype = number\nmin = 2\nmax = 1\n', ['1 error no value is at least 2 and at most 1']],
    ['[a]\ntype = int\n\n[b]\nflags = x\n', ['2 error "int" is no type', '5 error "x" is no flag']],
  ];
  for (const [conf, expected] of rows) {
    const { problems, definition } = parseConf('CMD', conf);
    t.equal(problems.length, expected.length, conf);
    for (const [at, { line, severity, text }] of problems.entries()) {
      const told = `${line} ${severity} ${text}`;
      t.ok(told.startsWith(expected[at] ?? '?'), `${told} / ${expected[at]}`);
    }
    t.equal(
      definition === undefined,
      expected.some(text => text.includes(' error ')),
      conf,
    );
  }
  t.match(parseConf('cmd', '').problems, [{ line: 1, severity: 'error', text: /"cmd" is no command/ }]);
});

function folder(t: Test, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'definitions-'));
  t.teardown(() => rmSync(made, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text);
  return made;
}

t.test('folders are read, and the earlier one wins', async t => {
  const first = folder(t, { 'EVENT.conf': '[id]\ntype = integer\n', 'notes.txt': 'not ours' });
  const second = folder(t, { 'EVENT.conf': '[other]\n', 'DONE.conf': '' });
  const definitions = await readDefinitions([first, second]);
  t.same(definitions.commands, ['DONE', 'EVENT']);
  definitions.check(decoded('EVENT id=1'));
  t.throws(() => definitions.check(decoded('EVENT id=x')), { code: 'INVALID_PARAMETER', command: 'EVENT' });
  definitions.check(decoded('UNHEARD_OF x=1'));
  t.equal(definitions.get('UNHEARD_OF'), undefined);
});

t.test('a folder or a file that cannot be read is told by its name', async t => {
  const place = folder(t, { 'BAD.conf': '[a]\ntype = int\n[b]\nflags = x\n', 'lower.conf': '' });
  await t.rejects(readDefinitions(place), {
    code: 'INVALID_VALUE',
    message: /BAD\.conf:2: "int".*\n.*BAD\.conf:4: "x"/,
  });
  await t.rejects(readDefinitions(join(place, 'nowhere')), { code: 'INVALID_VALUE', message: /cannot read .*nowhere/ });
  const directory = folder(t, {});
  mkdirSync(join(directory, 'EVENT.conf'));
  await t.rejects(readDefinitions(directory), { code: 'INVALID_VALUE', message: /cannot read .*EVENT\.conf/ });
});

t.test('what is sent is checked in development, and not in production', async t => {
  const list = [defineMessage('EVENT', { id: integer({ min: 1 }) })];
  t.throws(() => new Definitions(list, { checkSent: true }).checkSent(decoded('EVENT id=0')), {
    name: 'UsageError',
    code: 'INVALID_VALUE',
    message: 'EVENT does not fit its definition: parameter id: 0 is less than 1',
  });
  new Definitions(list, { checkSent: false }).checkSent(decoded('EVENT id=0'));
  const before = process.env.NODE_ENV;
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = before;
  });
  process.env.NODE_ENV = 'production';
  new Definitions(list).checkSent(decoded('EVENT id=0'));
  process.env.NODE_ENV = 'test';
  t.throws(() => new Definitions(list).checkSent(decoded('EVENT id=0')), { code: 'INVALID_VALUE' });
  t.throws(() => new Definitions([...list, ...list]), { code: 'DUPLICATE_RULE' });
  t.throws(() => new Definitions(list, { check: true } as object), { code: 'UNKNOWN_OPTION' });
});
