// The broker and a service of it under systemd: what they say to it, and the files of examples/systemd for them.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { folderOf } from '../../support/folder.ts';
import { NotifySocket, withoutNotify } from '../../support/notify-socket.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';

const units = ['communicatord.service', 'ed-stock.service'] as const;
const text = (name: string): string => readFileSync(join('examples/systemd', name), 'utf8');
const value = (name: string, key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(text(name))?.[1] ?? '';

/** The program of a unit, with its folders here. */
function startUnit(
  t: Test,
  name: (typeof units)[number],
  folder: string,
  more: readonly string[],
  socket: string,
): Program {
  const [, file = '', ...words] = value(name, 'ExecStart').split(' ');
  const path = file.replace('/opt/ed-communicator/dist/', '').replace('.js', '');
  const here = [...words, ...more].map(word => word.replace('/var/lib/communicator', folder));
  const [variable = '', place = ''] = value(name, 'Environment').split(/=(.*)/);
  const environment = variable === '' ? {} : { [variable]: place.replace('/run/communicator', folder) };
  return start(t, path, here, { ...environment, NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' });
}

t.test(
  'each says READY when it can be used, WATCHDOG while it runs, and STOPPING',
  { skip: withoutNotify },
  async t => {
    const folder = folderOf(t);
    const [broker, service] = [await NotifySocket.open(t), await NotifySocket.open(t)];
    const stock = startUnit(t, 'ed-stock.service', folder, [], service.path);
    await stock.says(/service stock/);
    await service.hears('WATCHDOG=1');
    t.same(service.words(), [], 'it runs, and is not ready without a broker');
    const places = ['--unix', join(folder, 'communicatord.sock'), '--tcp', 'none', '--signal', 'none'];
    const communicatord = startUnit(t, 'communicatord.service', folder, places, broker.path);
    await broker.hears('READY=1');
    t.match(communicatord.err, /is open/);
    await service.hears('READY=1');
    t.match(stock.err, /registered/);
    await broker.hears('WATCHDOG=1');
    for (const [program, socket] of [
      [stock, service],
      [communicatord, broker],
    ] as const) {
      program.child.kill('SIGTERM');
      t.same(await program.ended, { code: 0, signal: null });
      t.same(socket.words(), ['READY=1', 'STOPPING=1'], 'each once');
    }
  },
);

t.test('a service that comes back to its broker says READY no second time', { skip: withoutNotify }, async t => {
  const folder = folderOf(t);
  const [broker, service] = [await NotifySocket.open(t), await NotifySocket.open(t)];
  const places = ['--unix', join(folder, 'communicatord.sock'), '--tcp', 'none', '--signal', 'none'];
  const first = startUnit(t, 'communicatord.service', folder, places, broker.path);
  const stock = startUnit(t, 'ed-stock.service', folder, [], service.path);
  await service.hears('READY=1');
  first.child.kill('SIGKILL');
  await first.ended;
  startUnit(t, 'communicatord.service', folder, places, broker.path);
  await stock.says(/registered[\s\S]*registered/);
  stock.child.kill('SIGTERM');
  await stock.ended;
  t.same(service.words(), ['READY=1', 'STOPPING=1']);
});

t.test('the units say what the programs ask for, and systemd understands them', async t => {
  for (const name of units) {
    t.equal(value(name, 'Type'), 'notify');
    t.equal(value(name, 'NotifyAccess'), 'all');
    t.equal(value(name, 'Restart'), 'on-failure');
    t.ok(Number(value(name, 'WatchdogSec')) > 0);
    t.match(value(name, 'User'), /^[a-z-]+$/);
  }
  t.equal(value('communicatord.service', 'RuntimeDirectory'), 'communicator');
  t.equal(value('communicatord.service', 'StateDirectory'), 'communicator');
  t.equal(value('ed-stock.service', 'SupplementaryGroups'), value('communicatord.service', 'Group'));
  const folder = folderOf(t);
  for (const name of units) {
    const here = text(name)
      .replaceAll('/usr/bin/node', process.execPath)
      .replaceAll('/opt/ed-communicator', process.cwd());
    writeFileSync(join(folder, name), here);
  }
  const verified = spawnSync('systemd-analyze', ['verify', ...units.map(name => join(folder, name))], {
    encoding: 'utf8',
  });
  if (verified.error !== undefined) return t.comment('systemd-analyze is not here');
  t.same(
    verified.stderr.split('\n').filter(line => units.some(name => line.includes(name))),
    [],
  );
  t.equal(verified.status, 0, verified.stderr);
});
