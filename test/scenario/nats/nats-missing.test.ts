// A program that has not installed the packages of NATS.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

t.test('without the package the error names the command that installs it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-without-nats-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'lib'));
  for (const part of ['base', 'transport']) cpSync(`dist/lib/${part}`, join(folder, 'lib', part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const program = `
    import { dialNats, natsAddress } from './lib/transport/nats/index.js';
    const dial = { name: 'x', ask: 1_000 };
    await dialNats(natsAddress('a'), dial, new AbortController().signal).catch(reason =>
      process.stdout.write([reason.name, reason.code, reason.message].join('|')));`;
  writeFileSync(join(folder, 'program.js'), program);
  const out = execFileSync(process.execPath, ['program.js'], { cwd: folder, encoding: 'utf8' });
  const words = 'nats:// needs the package @nats-io/transport-node, which is not installed';
  t.equal(out, `UsageError|MISSING_PACKAGE|${words}: npm install @nats-io/transport-node@~3.3.1`);
});
