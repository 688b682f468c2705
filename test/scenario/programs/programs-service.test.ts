// A service as a process of its own, with all that it has by itself: log file and its rotation, definitions, signals, the end.

import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Message } from '../../../lib/index.ts';
import { Dispatcher, decode } from '../../../lib/index.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import type { BrokerStage } from '../broker/broker-stage.ts';
import { brokerStage } from '../broker/broker-stage.ts';

interface Scene {
  readonly stage: BrokerStage;
  readonly service: Program;
  readonly file: string;
  /** Where LOG_ROTATE is taken as a datagram. */
  readonly rotate: string;
}

async function scene(t: Test): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'service-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stage = await brokerStage(t);
  const file = join(folder, 'worker.log');
  const words = [stage.address, file, 'udp://127.0.0.1:0'];
  const service = start(t, 'test/scenario/programs/service-child', words);
  await service.says(/registered/);
  const rotate = await service.says(/bound to (udp:\/\/\S+)/);
  return { stage, service, file, rotate };
}

const read = (file: string): string => readFileSync(file, 'utf8');
const isUp = ({ broker }: BrokerStage): boolean => broker.status.services.some(({ status }) => status === 'up');

t.test('it logs its version, each message, and into a new file when LOG_ROTATE comes, on either way', async t => {
  const { stage, file, rotate } = await scene(t);
  const boss = await stage.member('boss', 'DONE');
  const job = async (n: number): Promise<void> => {
    boss.send(`worker/JOB n=${n}\n`);
    t.equal(await boss.line(), `<benchsrv:worker benchsrv:boss/DONE n=${n}\n`);
  };
  await job(1);
  await until('it is in the file', () => read(file).includes('JOB n=1'));
  t.match(read(file), /"message":"service worker 7\.8\.9, process \d+"/);
  t.match(read(file), /sent REGISTER .*service=worker/);
  t.notMatch(read(file), /nobody sees this/, 'a secret is not in the log');
  for (const line of read(file).trim().split('\n')) t.type(JSON.parse(line).message, 'string');

  renameSync(file, `${file}.1`);
  boss.send('worker/LOG_ROTATE\n');
  await until('the file is there again', () => existsSync(file));
  await job(2);
  await until('it goes into the new file', () => read(file).includes('JOB n=2'));
  t.notMatch(read(`${file}.1`), /JOB n=2/);

  renameSync(file, `${file}.2`);
  const sender = stage.communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher() });
  await sender.ready;
  await sender.sendTo(rotate, decode('LOG_ROTATE') as Message);
  await until('the file is there again', () => existsSync(file));
  await job(3);
  await until('it goes into the third file', () => read(file).includes('JOB n=3'));
  t.notMatch(read(`${file}.2`), /JOB n=3/);
});

t.test('what its definitions refuse is answered with the reason, and what it does not know with UNKNOWN', async t => {
  const { stage } = await scene(t);
  const boss = await stage.member('boss', 'DONE');
  boss.send('worker/JOB n=0\nworker/JOB\nworker/NOTHING\nworker/HELP\n');
  t.match(await boss.line(), /INVALID command=JOB;message=.*\bn\b/);
  t.match(await boss.line(), /INVALID command=JOB;message=.*\bn\b.* missing/);
  t.match(await boss.line(), /UNKNOWN command=NOTHING\n$/);
  t.match(await boss.line(), /COMMANDS list=\S*\bHELP\b\S*\bJOB\b/);
});

t.test('SIGTERM, SIGINT and STOP let what is under way end, and the broker knows it is gone', async t => {
  for (const way of ['SIGTERM', 'SIGINT', 'STOP'] as const) {
    const { stage, service } = await scene(t);
    const boss = await stage.service('boss', {}, boss => boss.on('BEGUN', () => undefined));
    const heard: string[] = [];
    boss.on('DONE', message => heard.push(message.command));
    let confirmed = 0;
    const long = boss.deliver('worker/LONG').then(() => {
      confirmed += 1;
    });
    await until('it has begun', () => /sent .*BEGUN/.test(service.err));
    if (way === 'STOP') boss.send('worker/STOP');
    else service.child.kill(way);
    await long;
    t.equal(confirmed, 1, `${way}: confirmed when it was handled`);
    t.same(await service.ended, { code: 0, signal: null }, way);
    t.equal(service.out, 'ended in good order\n');
    await until('the answer is there', () => heard.length === 1);
    t.match(service.err, /sent UNREGISTER .*service=worker/);
    await until(
      'it is gone',
      () => !stage.broker.status.services.some(one => one.name === 'worker' && one.status === 'up'),
    );
    t.ok(isUp(stage), 'boss is still there');
  }
});

t.test('a second signal ends it at once, and what it had not handled goes to the next process', async t => {
  const { stage, service } = await scene(t);
  const boss = await stage.service('boss');
  const never = boss.deliver('worker/NEVER');
  await until('it is in hand', () => /received .*NEVER/.test(service.err));
  service.child.kill('SIGTERM');
  await service.says(/sent UNREGISTER/);
  service.child.kill('SIGTERM');
  t.not((await service.ended).code, 0);
  const handled: string[] = [];
  await stage.service('worker', {}, worker => worker.on('NEVER', message => handled.push(message.get('_again') ?? '')));
  await never;
  t.same(handled, ['true'], 'marked, since a part of it may have been done');
});
