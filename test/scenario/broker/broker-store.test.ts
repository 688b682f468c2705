// The store of a broker with damage of all kinds, and one that is full: the broker starts, says so, and goes on.

import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Chance } from '../../fuzz/input/chance.ts';
import { until } from '../../support/world.ts';
import { brokerStage } from './broker-stage.ts';

function folder(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), 'broker-store-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

async function kept(t: Test, directory: string, count: number): Promise<void> {
  const stage = await brokerStage(t, { store: { directory }, services: ['printer'] });
  const raw = await stage.raw();
  for (let n = 0; n < count; n += 1) raw.send(`printer/JOB cache="ttl=1h";n=${n};text=${'x'.repeat(200)}\n`);
  await until('all are kept', () => stage.broker.status.routes.cached === count);
  await stage.broker.stop();
  await stage.communicator.stop(50);
}

/** The largest file: the one with the messages. */
function mainFile(directory: string): string {
  const files = readdirSync(directory, { withFileTypes: true }).filter(entry => entry.isFile());
  const sized = files.map(({ name }) => ({
    path: join(directory, name),
    size: readFileSync(join(directory, name)).length,
  }));
  return sized.sort((a, b) => b.size - a.size)[0]?.path ?? '';
}

t.test('a store that was cut or has wrong bits: the broker starts, and gives what is whole', async t => {
  const chance = new Chance('store', 3);
  for (let round = 0; round < 12; round += 1) {
    const directory = folder(t);
    await kept(t, directory, 30);
    const path = mainFile(directory);
    const bytes = readFileSync(path);
    if (round % 3 === 0) truncateSync(path, chance.below(bytes.length));
    else {
      for (let flips = chance.between(1, 20); flips > 0; flips -= 1) {
        const at = chance.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
      }
      writeFileSync(path, bytes);
    }
    const stage = await brokerStage(t, { store: { directory } });
    const printer = await stage.member('printer');
    printer.send('ALIVE serial=1\n');
    await until('it is served', () => /ABSOLUTELY/.test(printer.text));
    const numbers = [...printer.text.matchAll(/printer\/JOB .*?n=(\d+)/g)].map(([, n]) => Number(n));
    t.same(
      numbers,
      [...new Set(numbers)].sort((a, b) => a - b),
      `${numbers.length} in order, none twice`,
    );
    await stage.broker.stop();
    await stage.communicator.stop(50);
  }
});

t.test('where the store is full the sender hears it, and all else goes on', async t => {
  const directory = folder(t);
  const stage = await brokerStage(t, { store: { directory, bytes: 64 * 1024 }, services: ['printer'] });
  const worker = await stage.member('worker');
  const boss = await stage.service('boss');
  const fates: string[] = [];
  for (let n = 0; n < 60; n += 1) {
    const parameters = { n, text: 'x'.repeat(2_000), cache: 'ttl=1h' };
    boss.deliver('printer/JOB', parameters).then(
      () => fates.push('kept'),
      (error: { code: string }) => fates.push(error.code),
    );
  }
  await until('all have a fate', () => fates.length === 60);
  t.ok(fates.includes('kept') && fates.includes('REFUSED'), `${fates.filter(fate => fate === 'kept').length} are kept`);
  t.same([...new Set(fates)].sort(), ['REFUSED', 'kept']);
  boss.send('worker/JOB', { n: 1 });
  t.match(await worker.line(), /JOB n=1/);
});
