// README and the code say the same.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { errorCodes } from '../lib/index.ts';

const readme = readFileSync('README.md', 'utf8');
const classes = {
  usage: 'UsageError',
  peer: 'PeerError',
  network: 'NetworkError',
  limit: 'LimitError',
  timeout: 'TimeoutError',
} as const;

t.test('the table of errors in README is the table in the code', async t => {
  const [, table = ''] = /<!-- errors -->\n([\s\S]*?)<!-- \/errors -->/.exec(readme) ?? [];
  const rows = table.trim().split('\n').slice(2);
  const expected = Object.entries(errorCodes).map(
    ([code, [reaction, meaning]]) => `| \`${code}\` | ${classes[reaction]} | ${meaning} |`,
  );
  t.same(rows, expected);
});

t.test('each error code is in a test', async t => {
  const { readdirSync } = await import('node:fs');
  const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && name !== 'readme.test.ts')
    .map(name => readFileSync(`test/${name}`, 'utf8'))
    .join('\n');
  for (const code of Object.keys(errorCodes)) t.ok(tests.includes(`'${code}'`), `${code} is in a test`);
});

t.test('each file of lib is on the map', async t => {
  const map = readFileSync('lib/README.md', 'utf8');
  const { readdirSync } = await import('node:fs');
  for (const folder of [
    'base',
    'message',
    'framing',
    'logging',
    'dispatcher',
    'session',
    'spool',
    'connection',
    'communicator',
    'testkit',
  ]) {
    for (const file of readdirSync(`lib/${folder}`)) {
      const name = file.replace(/\.ts$/, '');
      if (name === 'index' || name === 'connection' || name === 'README.md') continue;
      t.ok(map.includes(`\`${name}\``) || map.includes(`\`${name}/\``), `${folder}/${file} is on the map`);
    }
  }
});

t.test('the service of README is the one in examples', async t => {
  const source = readFileSync('examples/greeter.ts', 'utf8');
  t.ok(readme.includes(`\`\`\`ts\n${source}\`\`\`\n`), 'examples/greeter.ts is in README word for word');
  t.ok(source.trim().split('\n').length <= 20, 'it has twenty lines at most');
});

t.test('each program that README starts exists', async t => {
  const { existsSync } = await import('node:fs');
  for (const [, path = ''] of readme.matchAll(/node dist\/((?:tools|examples)\/[\w-]+)\.js/g)) {
    t.ok(existsSync(`${path}.ts`), `${path}.ts is there`);
  }
});

t.test('each script that README runs exists', async t => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const [, name = ''] of readme.matchAll(/npm run ([\w:]+)/g)) t.ok(name in scripts, `npm run ${name} is there`);
});

t.test('each state table of lib is on the map, and no other', async t => {
  const map = readFileSync('lib/README.md', 'utf8');
  const { readdirSync } = await import('node:fs');
  const sources = readdirSync('lib', { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'));
  const found = sources.flatMap(name =>
    [...readFileSync(`lib/${name}`, 'utf8').matchAll(/^(?:export )?const (\w+): StateTable/gm)].map(
      ([, table]) => table,
    ),
  );
  const named = [...map.matchAll(/`(\w+Table)`/g)].map(([, table]) => table);
  t.same([...new Set(named)].sort(), [...new Set(found)].sort());
});

t.test('each file that lib/README.md names on the way of a byte exists', async t => {
  const { readdirSync } = await import('node:fs');
  const files = readdirSync('lib', { recursive: true, encoding: 'utf8' });
  const [, way = ''] = /## The way of a byte\n([\s\S]*?)\n## /.exec(readFileSync('lib/README.md', 'utf8')) ?? [];
  const named = [...way.matchAll(/`([\w/-]+\.ts)`/g)].map(([, path = '']) => path);
  t.ok(named.length > 15);
  for (const path of named)
    t.ok(
      files.some(file => file === path || file.endsWith(`/${path}`)),
      `${path} is there`,
    );
});
