// ed-stop as a program: what it takes to end a service, and that it ends no other.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Dispatcher, tls } from '../../../lib/index.ts';
import { isAlive, signalTo, targetOf } from '../../../tools/ed-stop/process.ts';
import { authority, serverIdentity } from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import type { Ended, Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { startOnTerminal } from '../../support/terminal.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';

interface Service {
  readonly program: Program;
  readonly pid: string;
  readonly address: string;
}

async function service(t: Test, manner: 'good' | 'deaf' | 'stubborn', at = 'tcp://127.0.0.1:0'): Promise<Service> {
  const program = start(t, 'test/scenario/programs/stop-child', [manner, at]);
  const address = await program.says(/(?:listening on|bound to) (\S+)/);
  return { program, pid: String(program.child.pid), address };
}

interface Result extends Ended {
  readonly out: string;
  readonly err: string;
}

async function stop(t: Test, words: readonly string[], environment = {}): Promise<Result> {
  const program = start(t, 'tools/ed-stop', words, environment);
  const ended = await program.ended;
  return { ...ended, out: program.out, err: program.err };
}

t.test('a message ends a service in good order', async t => {
  for (const place of ['tcp://127.0.0.1:0', `unix:${folderOf(t)}/x.sock`, 'udp://127.0.0.1:0']) {
    const { program, pid, address } = await service(t, 'good', place);
    const { code, out, err } = await stop(t, ['--address', address, pid]);
    t.same([code, err], [0, ''], place);
    t.match(out, new RegExp(`^${pid} ended in good order after \\d+\\.\\d s\\n$`));
    t.same(await program.ended, { code: 0, signal: null });
  }
});

t.test('without a process the connection and the address tell that it is gone', async t => {
  const { program, address } = await service(t, 'good');
  const { code, out } = await stop(t, ['--address', address]);
  t.equal(code, 0);
  t.match(out, /^tcp:\S+ ended in good order after/);
  t.same(await program.ended, { code: 0, signal: null });
  const { communicator } = worldOf(t, { transports: { tls: tls(serverIdentity) } });
  const dispatcher = new Dispatcher().on('QUIT', () => communicator.stop());
  const place = await communicator.listen('tls://127.0.0.1:0', { dispatcher }).ready;
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  t.match(await stop(t, ['-a', place, '-m', 'QUIT', '--ca', ca]), { code: 0, err: '' });
});

t.test('a service that hangs up and goes on listening is still alive', async t => {
  const { communicator } = worldOf(t);
  const dispatcher = new Dispatcher().on('STOP', (_, peer) => peer.close());
  const address = await communicator.listen('tcp://127.0.0.1:0', { dispatcher }).ready;
  const { code, err } = await stop(t, ['-a', address, '--soft', '600ms']);
  t.equal(code, 1);
  t.match(err, /^ed-stop: tcp:\S+ is still alive after \d\.\d s\n$/);
});

t.test('SIGTERM comes when the message was of no use, and is exit code 3', async t => {
  const deaf = await service(t, 'deaf');
  const late = await stop(t, ['--address', deaf.address, deaf.pid, '--soft', '300ms']);
  t.equal(late.code, 3);
  t.match(late.out, /^\d+ ended by SIGTERM after \d+\.\d s\n$/);
  t.same(await deaf.program.ended, { code: null, signal: 'SIGTERM' });
  const other = await service(t, 'good');
  const unknown = await stop(t, ['--address', other.address, other.pid, '--message', 'CEASE']);
  t.equal(unknown.code, 3, 'it does not wait 60 s for a refused message');
  t.match(unknown.out, /ended by SIGTERM after .* s \(CEASE was of no use: it answered UNKNOWN\)\n$/);
  const alone = await service(t, 'good');
  const away = await stop(t, ['--address', '127.0.0.1:1', '--service', alone.pid]);
  t.equal(away.code, 3);
  t.match(away.out, /STOP was of no use: cannot reach tcp:\/\/127\.0\.0\.1:1/);
});

t.test('SIGKILL comes last, and is exit code 4', async t => {
  const { program, pid } = await service(t, 'stubborn');
  const { code, out } = await stop(t, [pid, '--term', '300ms', '--json']);
  t.equal(code, 4);
  t.match(JSON.parse(out), { service: pid, pid: Number(pid), outcome: 'ended by SIGKILL', seconds: Number });
  t.same(await program.ended, { code: null, signal: 'SIGKILL' });
});

t.test('who may not be killed is still alive, exit code 1', async t => {
  const { program, pid, address } = await service(t, 'stubborn');
  const patient = await stop(t, [pid, '--term', '300ms', '--kill', '0']);
  t.match(patient, { code: 1, out: '', err: /^ed-stop: \d+ is still alive after \d\.\d s\n$/ });
  const json = await stop(t, [pid, '-a', address, '--soft', '0.1', '--term', '0.1', '--kill', '0', '-j']);
  t.match([json.code, JSON.parse(json.out)], [1, { outcome: 'still alive' }]);
  const asked = await stop(t, ['-a', address, '--soft', '300ms']);
  t.match(asked, { code: 1, err: /^ed-stop: tcp:\S+ is still alive/ });
  t.equal(program.child.exitCode, null);
});

t.test('a process is found by its file or its unit', async t => {
  const first = await service(t, 'good');
  const place = folderOf(t, { 'svc.pid': `${first.pid}\n` });
  const byFile = await stop(t, ['--pid-file', join(place, 'svc.pid'), '-a', first.address]);
  t.match(byFile, { code: 0, out: /svc\.pid \(\d+\) ended in good order/ });
  const again = await stop(t, ['--pid-file', join(place, 'svc.pid')]);
  t.match(again, { code: 0, out: /svc\.pid is not running\n$/ });
  const second = await service(t, 'good');
  const script = '#!/bin/sh\necho "$*" >"$0.words"\ncase $5 in my.*) echo "$ED_TEST_PID";; *) echo 0;; esac\n';
  const bin = folderOf(t, { systemctl: script });
  chmodSync(join(bin, 'systemctl'), 0o755);
  const environment = { PATH: `${bin}:${process.env.PATH}`, ED_TEST_PID: second.pid };
  t.match(await stop(t, ['my.service'], environment), { code: 3, out: /^my\.service \(\d+\) ended by SIGTERM/ });
  t.equal(readFileSync(join(bin, 'systemctl.words'), 'utf8'), 'show --property MainPID --value my.service\n');
  t.match(await stop(t, ['other.service'], environment), { code: 0, out: 'other.service is not running\n' });
  t.same(JSON.parse((await stop(t, ['other', '-j'], environment)).out), { service: 'other', outcome: 'not running' });
  t.match(await stop(t, ['my.service'], { PATH: place }), { code: 1, err: /systemctl is not here/ });
});

t.test('the pid of another is left alone', async t => {
  const { program, pid } = await service(t, 'good');
  const file = join(folderOf(t), 'old.pid');
  writeFileSync(file, pid);
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  const { code, err } = await stop(t, ['--pid-file', file]);
  t.equal(code, 1);
  t.match(err, /^ed-stop: process \d+ is younger than .*old\.pid, and so another: give its pid/);
  const target = targetOf(Number(pid));
  if (target === undefined) throw new Error('it does not run');
  t.ok(isAlive(target));
  const before = { ...target, start: String(Number(target.start) - 1) };
  t.notOk(isAlive(before), 'one that started at another time is another');
  signalTo(before, 'SIGKILL');
  await new Promise(resolve => setImmediate(resolve));
  t.equal(program.child.signalCode, null);
  signalTo(target, 'SIGKILL');
  t.same(await program.ended, { code: null, signal: 'SIGKILL' });
  t.notOk(isAlive(target));
  signalTo(target, 'SIGKILL');
});

t.test('a process that has ended and that nobody has asked about is gone', async t => {
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => parent.kill('SIGKILL'));
  const [line] = await once(parent.stdout, 'data');
  const pid = String(line).trim();
  const { code } = await stop(t, [pid]);
  t.equal(code, 3);
  await until('it is a zombie', () => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
  t.match(await stop(t, [pid]), { code: 1, err: `ed-stop: there is no process ${pid}\n` });
});

t.test('a process of another user is told', async t => {
  const { kill } = process;
  t.teardown(() => Object.assign(process, { kill }));
  process.kill = () => {
    throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
  };
  const target = targetOf(process.pid);
  t.throws(() => target && signalTo(target, 'SIGTERM'), {
    code: 'CLOSED',
    message: `cannot send SIGTERM to process ${process.pid}: permission denied`,
  });
});

t.test('on a terminal the steps are seen while they last', async t => {
  const { pid, address } = await service(t, 'stubborn');
  const terminal = startOnTerminal(t, 'tools/ed-stop', [pid, '-a', address, '--soft', '0.3', '--term', '0.3']);
  await terminal.shows(/STOP sent, 0 of 1 s[\s\S]*SIGTERM sent, 0 of 1 s[\s\S]*ended by SIGKILL after/);
  t.equal(await terminal.ended, 4);
});

t.test('who is not there is exit code 1', async t => {
  const away = await stop(t, ['-a', '127.0.0.1:1']);
  t.match(away, { code: 1, out: '', err: /^ed-stop: 127\.0\.0\.1:1: cannot reach tcp:\/\/127\.0\.0\.1:1: .*\n$/ });
  t.match(await stop(t, ['999999999']), { code: 1, err: 'ed-stop: there is no process 999999999\n' });
});

t.test('wrong use is exit code 2', async t => {
  const place = folderOf(t, { 'empty.pid': '', 'words.pid': 'none\n', 'zero.pid': '0\n' });
  const cases: [string[], RegExp][] = [
    [[], /say what to stop/],
    [['0'], /is no pid/],
    [['-5'], /Unknown argument|is no pid/],
    [['x; touch y'], /is neither a pid nor the name of a systemd unit/],
    [['--pid-file', join(place, 'none.pid')], /ENOENT/],
    [['--pid-file', place], /EISDIR/],
    [['--pid-file', join(place, 'empty.pid')], /it is empty/],
    [['--pid-file', join(place, 'words.pid')], /"none" is no pid/],
    [['--pid-file', join(place, 'zero.pid')], /"0" is no pid/],
    [['1', '--pid-file', join(place, 'words.pid')], /give one of them/],
    [['-a', 'udp://127.0.0.1:1'], /add --service or --pid-file/],
    [['-a', 'http://127.0.0.1:1'], /there is no transport for http:/],
    [['-a', '127.0.0.1:1', '--soft', 'soon'], /--soft soon is no time/],
    [['-a', '127.0.0.1:1', '--soft', '0'], /there is no step left/],
    [['1', '--term', '0', '--kill', '0'], /there is no step left/],
    [['-a', '127.0.0.1:1', '-m', 'stop'], /is no command/],
  ];
  for (const [words, pattern] of cases) {
    const { code, out, err } = await stop(t, words);
    t.same([code, out], [2, ''], `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1);
  }
  t.match((await stop(t, ['--help'])).out, /3 ended by SIGTERM, 4 ended by SIGKILL/);
});
