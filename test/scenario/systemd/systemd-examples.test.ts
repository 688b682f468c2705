// The files of examples/systemd: what they say is checked, by systemd's own program where it is here, and done.

import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import t from 'tap';
import { holdTcp } from '../../../examples/upgrade-holder.ts';
import { holdUdp, startWithSockets } from '../../support/activation.ts';
import { NotifySocket, withoutNotify } from '../../support/notify-socket.ts';
import { until } from '../../support/world.ts';

const home = 'examples/systemd';
const text = (name: string): string => readFileSync(join(home, name), 'utf8');
const units = ['ed-server.service', 'ed-server.socket', 'ed-server-rotate.socket'] as const;

/** `[Section] Name=value` as `Section.Name`. */
function unit(name: (typeof units)[number]): Map<string, string> {
  const found = new Map<string, string>();
  let section = '';
  for (const line of text(name).split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key, value] = /^(\w+)=(.+)$/.exec(line) ?? [];
    if (head !== undefined) section = head;
    else if (key !== undefined && value !== undefined) found.set(`${section}.${key}`, value);
    else throw new Error(`${name}: "${line}" is no line of a unit`);
  }
  return found;
}

function folderOf(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ed-units-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The files' paths and ports as they are here. */
function here(given: string, folder: string, ...replaced: readonly (readonly [string, string])[]): string {
  const all: readonly (readonly [string, string])[] = [
    ['/usr/bin/node', process.execPath],
    ['/opt/ed-communicator', process.cwd()],
    ['/var/log/ed-server', folder],
    ...replaced,
  ];
  return all.reduce((result, [from, to]) => result.replaceAll(from, to), given);
}

t.test('the units say what the library asks for', async t => {
  const service = unit('ed-server.service');
  t.equal(service.get('Service.Type'), 'notify');
  t.equal(service.get('Service.NotifyAccess'), 'all');
  t.equal(service.get('Service.Restart'), 'on-failure');
  t.ok(Number(service.get('Service.WatchdogSec')) > 0);
  const command = service.get('Service.ExecStart') ?? '';
  for (const [name, option] of [
    ['ed-server.socket', '--listen'],
    ['ed-server-rotate.socket', '--log-rotate-listen'],
  ] as const) {
    const socket = unit(name);
    t.ok(service.get('Unit.Requires')?.split(' ').includes(name), `it requires ${name}`);
    t.equal(socket.get('Socket.Service'), 'ed-server.service');
    t.ok(command.includes(`${option} systemd:${socket.get('Socket.FileDescriptorName')} `), `${option} takes ${name}`);
  }
  t.same(readdirSync(home).sort(), [
    'communicatord.service',
    'ed-server-rotate.socket',
    'ed-server.logrotate',
    'ed-server.service',
    'ed-server.socket',
    'ed-stock.service',
  ]);
});

t.test('systemd understands the units, and the logrotate file has what it needs', async t => {
  const folder = folderOf(t);
  for (const name of units) writeFileSync(join(folder, name), here(text(name), folder));
  const verified = spawnSync('systemd-analyze', ['verify', ...units.map(name => join(folder, name))], {
    encoding: 'utf8',
  });
  if (verified.error === undefined) {
    const ours = verified.stderr.split('\n').filter(line => line.includes('ed-server'));
    t.same(ours, [], 'systemd-analyze verify');
    t.equal(verified.status, 0, verified.stderr);
  } else t.comment('systemd-analyze is not here');
  const rotate = text('ed-server.logrotate');
  t.match(rotate, /^\/var\/log\/ed-server\/\*\.log \{\n(?: {4}.+\n)+\}\n$/m);
  t.match(rotate, / {4}postrotate\n.*ed-signal.*LOG_ROTATE\n {4}endscript\n/);
});

t.test('the service of the unit runs with its sockets, and its log is rotated', { skip: withoutNotify }, async t => {
  const folder = folderOf(t);
  const socket = await NotifySocket.open(t);
  const clients = holdTcp('server');
  const sockets = [clients, holdUdp('rotate')];
  t.teardown(() => sockets.forEach(({ close }) => void close()));
  const [, program = '', ...words] = here(unit('ed-server.service').get('Service.ExecStart') ?? '', folder).split(' ');
  const environment = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '1000000' };
  const path = program.replace(`${process.cwd()}/dist/`, '').replace('.js', '');
  const service = startWithSockets(t, path, sockets, words, environment);
  await socket.hears('READY=1');
  await socket.hears('WATCHDOG=1');
  const client = net.connect(clients.port, '127.0.0.1');
  let heard = '';
  client.on('data', chunk => {
    heard += String(chunk);
  });
  client.write('DAD\n');
  await until('it answers', () => heard === 'HI\nCLIMB\n');

  const log = join(folder, 'server.log');
  const [, place = ''] = /bound to udp:\/\/([\d.:]+)/.exec(readFileSync(log, 'utf8')) ?? [];
  renameSync(log, `${log}.1`);
  const [, command = ''] = /postrotate\n\s+(.*)\n/.exec(text('ed-server.logrotate')) ?? [];
  const [node = '', ...rest] = here(command, folder, ['127.0.0.1:3002', place]).split(' ');
  await promisify(execFile)(node, rest);
  await until('a new log file', () => existsSync(log));

  client.end();
  service.child.kill('SIGTERM');
  t.same(await service.ended, { code: 0, signal: null });
  t.equal(socket.words().at(-1), 'STOPPING=1');
});
