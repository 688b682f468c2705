// Two communicatord over NATS, as programs: a service of the one hears from the other.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { NatsServer, noNats } from '../support/nats-server.ts';
import { edSignal, start } from '../support/programs.ts';
import { Raw } from './raw.ts';

async function broker(t: Test, name: string, nats: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'communicatord-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const places = ['--unix', join(folder, 'socket'), '--tcp', '127.0.0.1:0', '--signal', 'none'];
  const program = start(t, 'tools/communicatord', [...places, '--server-name', name, '--cluster', nats]);
  const tcp = await program.says(/listening on tcp:\/\/(\S+)/);
  await program.says(new RegExp(`broker ${name} is open`));
  return tcp;
}

async function computers(t: Test, address: string): Promise<unknown> {
  const program = start(t, 'tools/cluster-status', ['--broker', `tcp://${address}`, '--json']);
  await program.ended;
  return program.out === '' ? undefined : (JSON.parse(program.out) as { computers: number }).computers;
}

t.test('brokers of two places are one cluster', { skip: noNats }, async t => {
  const nats = await NatsServer.start();
  t.teardown(() => nats.end());
  const [near, far] = [await broker(t, 'near', nats.address), await broker(t, 'far', nats.address)];
  const worker = await Raw.dial(`tcp://${far}`);
  t.teardown(() => worker.destroy());
  worker.send('REGISTER service=worker;version=1\nCOMMANDS list=HELP,READY,STOP,UNKNOWN,QUITTING,NEWS\n');
  for (const command of ['HELP', 'READY']) t.match(await worker.line(), command);
  let seen: unknown;
  for (let tries = 0; seen !== 2 && tries < 50; tries += 1) seen = await computers(t, near);
  t.equal(seen, 2);
  const { code, err } = await edSignal(t, '--host', near, '--type', 'tcp', 'worker/NEWS', '--param', 'n=1');
  t.equal(code, 0, err);
  t.match(await worker.line(), /^(?:<\S+ )?(?:\S+:)?worker\/NEWS n=1\n$/);
});

t.test('without NATS the broker serves its own machine, and cluster-status says so', async t => {
  const alone = await broker(t, 'alone', 'nats://127.0.0.1:1');
  const worker = await Raw.dial(`tcp://${alone}`);
  t.teardown(() => worker.destroy());
  worker.send('REGISTER service=worker;version=1\nCOMMANDS list=HELP,READY,STOP,UNKNOWN,QUITTING,NEWS\n');
  for (const command of ['HELP', 'READY']) t.match(await worker.line(), command);
  t.equal((await edSignal(t, '--host', alone, '--type', 'tcp', 'worker/NEWS')).code, 0);
  t.match(await worker.line(), 'worker/NEWS');
  const status = start(t, 'tools/cluster-status', ['--broker', `tcp://${alone}`]);
  t.equal((await status.ended).code, 1);
  t.match(status.out, /Status: down/);
});
