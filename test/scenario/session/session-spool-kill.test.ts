// Clients with a spool, and servers, that are killed at arbitrary moments: what was called stored arrives.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Dispatcher } from '../../../lib/index.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';

const kills = 10;
const child = 'test/scenario/session/session-child';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'session-kill-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

/** "LIFE NUMBER" behind a word; a line that was cut off by its death counts for nothing. */
function said(out: string, word: string): string[] {
  return [...out.matchAll(new RegExp(`^${word} (\\d+ \\d+)\\n`, 'gm'))].map(([, name = '']) => name);
}

const order = (name: string): number => {
  const [life = 0, number = 0] = name.split(' ').map(Number);
  return life * 1_000_000 + number;
};

const short = (): Promise<void> => new Promise(resolve => setTimeout(resolve, Math.random() * 80));

async function kill(program: Program): Promise<void> {
  program.child.kill('SIGKILL');
  await program.ended;
}

/** A client stores as fast as it can, and is killed soon after the first was stored. */
async function killedSender(t: Test, address: string, directory: string, life: number): Promise<string[]> {
  const program = start(t, child, ['send', JSON.stringify({ address, directory, life, count: 2_000 })]);
  await until(`life ${life} has stored: ${program.err}`, () => said(program.out, 'stored').length > 0);
  await short();
  await kill(program);
  t.equal(program.err, '');
  return said(program.out, 'stored');
}

/** A client that stores nothing more, and is there until all has arrived. */
function lastSender(t: Test, address: string, directory: string): Program {
  return start(t, child, ['send', JSON.stringify({ address, directory, life: kills, count: 1 })]);
}

t.test(
  `a client that is killed ${kills} times while its server lives: nothing lost, twice, or out of order`,
  async t => {
    const directory = folder(t);
    const handled: string[] = [];
    const { communicator, log } = worldOf(t);
    const dispatcher = new Dispatcher().on('NOTE', message => {
      handled.push(`${message.get('life')} ${message.get('number')}`);
    });
    const address = await communicator.listen('tcp://127.0.0.1:0', { dispatcher }).ready;
    const stored: string[] = [];
    for (let life = 0; life < kills; life += 1) stored.push(...(await killedSender(t, address, directory, life)));
    const last = lastSender(t, address, directory);
    await until('the last one came', () => handled.at(-1) === `${kills} 0`, 30_000);
    await until('it was told so', () => said(last.out, 'stored').length === 1);
    const got = new Set(handled);
    t.same(
      stored.filter(name => !got.has(name)),
      [],
      `nothing is lost of ${stored.length}`,
    );
    t.equal(got.size, handled.length, 'nothing came twice');
    t.same(
      handled,
      [...handled].sort((one, other) => order(one) - order(other)),
    );
    t.same(
      log.texts('warn').filter(text => text.startsWith('refused')),
      [],
    );
  },
);

t.test(`both are killed ${kills} times: nothing is lost that was stored`, async t => {
  const directory = folder(t);
  const words = (address: string): string[] => ['serve', JSON.stringify({ address })];
  const server = start(t, child, words('tcp://127.0.0.1:0'));
  const servers = [server];
  const address = await server.says(/listening on (\S+)/);
  const stored: string[] = [];
  for (let life = 0; life < kills; life += 1) {
    const sending = killedSender(t, address, directory, life);
    await short();
    const server = servers.at(-1);
    if (server !== undefined) await kill(server);
    const next = start(t, child, words(address));
    servers.push(next);
    await next.says(/listening on (\S+)/);
    stored.push(...(await sending));
  }
  lastSender(t, address, directory);
  const handled = (): string[] => servers.flatMap(({ out }) => said(out, 'handled'));
  await until('the last one came', () => handled().includes(`${kills} 0`), 30_000);
  const got = new Set(handled());
  t.same(
    stored.filter(name => !got.has(name)),
    [],
    `nothing is lost of ${stored.length}`,
  );
});
