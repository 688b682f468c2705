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
  ]) {
    for (const file of readdirSync(`lib/${folder}`)) {
      const name = file.replace(/\.ts$/, '');
      if (name === 'index' || name === 'connection' || name === 'README.md') continue;
      t.ok(map.includes(`\`${name}\``) || map.includes(`\`${name}/\``), `${folder}/${file} is on the map`);
    }
  }
});
