// Packs the project, installs the pack in an empty folder, and uses it there as a TypeScript user would:
// type-checks a program against its types, compiles it, runs it, and runs the installed command.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = `
import { Communicator, Dispatcher, defineMessage, integer, memory, string } from 'ed-communicator';
import type { Message, Receipt } from 'ed-communicator';
import { Broker } from 'ed-communicator/broker';
import { qioServer } from 'ed-communicator/qio';
import { QioClient } from 'ed-communicator/qio/client';
import { Service } from 'ed-communicator/service';
import { FaultProxy } from 'ed-communicator/testkit';

const EVENT = defineMessage('EVENT', { id: integer(), text: string({ optional: true }) });
if ([Broker, qioServer, QioClient, Service].some(one => typeof one !== 'function')) throw new Error('a way in is missing');
const communicator = new Communicator({ transports: { memory: memory() } });
let total = 0;
const dispatcher = new Dispatcher()
  .on(EVENT, ({ parameters }) => {
    const id: number = parameters.id;
    const text: string | undefined = parameters.text;
    total += id + (text ?? '').length;
  })
  .on('ASK', (message: Message, peer) => peer.send(message.reply('ANSWER', { total })));
const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
const proxy = await FaultProxy.open({ to: await listener.ready });
const client = communicator.permanent(proxy.address);
const early: Receipt = await client.deliver(EVENT.of({ id: 39, text: 'a' }));
if (early.guarantee !== 'exactly-once-per-session') throw new Error(early.guarantee);
await proxy.cut();
client.send(EVENT.of({ id: 1, text: 'b' }));
await proxy.heal();
const answer = await client.request('ASK');
if (answer.integer('total') !== 42) throw new Error('the total is ' + answer.get('total'));
const report = await communicator.stop();
await proxy.close();
if (report.abandoned.length > 0) throw new Error('something was abandoned');
process.stdout.write('works\\n');
`;

const wrongProgram = `
import { defineMessage, integer } from 'ed-communicator';
defineMessage('EVENT', { id: integer() }).of({ id: 'not a number' });
`;

const tsconfig = {
  compilerOptions: { target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: false, types: ['node'] },
  files: ['program.ts'],
};

const folder = mkdtempSync(join(tmpdir(), 'ed-communicator-packed-'));
const here = process.cwd();
const run = (command: string, words: readonly string[], cwd: string): string =>
  execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

function expect(what: string, found: string, pattern: RegExp): void {
  if (!pattern.test(found)) throw new Error(`${what}: ${String(pattern)} is not in ${found}`);
  process.stdout.write(`${what}: as expected\n`);
}

try {
  const packed = run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], here).trim();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  writeFileSync(join(folder, 'program.ts'), program);
  run('npm', ['install', '--no-audit', '--no-fund', '--silent', `./${packed}`, '@types/node@20'], folder);
  const tsc = join(here, 'node_modules/typescript/bin/tsc');
  run(process.execPath, [tsc, '-p', '.'], folder);
  expect('a typed program', run(process.execPath, ['program.js'], folder), /^works$/m);
  expect('the command', run('npx', ['--no-install', 'ed-signal', '--version'], folder), /^\d+\.\d+\.\d+$/m);
  for (const tool of ['ed-qio', 'verify-definitions']) {
    expect(tool, run('npx', ['--no-install', tool, '--version'], folder), /^\d+\.\d+\.\d+$/m);
  }
  expect('another', run('npx', ['--no-install', 'ed-link', '--version'], folder), /^\d+\.\d+\.\d+$/m);
  writeFileSync(join(folder, 'program.ts'), wrongProgram);
  let found = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    found = String((error as { stdout?: unknown }).stdout);
  }
  expect('a wrong parameter', found, /TS2322/);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
