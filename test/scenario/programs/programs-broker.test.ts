// communicatord, ed-signal through it, ed-top and cluster-status, as programs of their own.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Program } from '../../support/programs.ts';
import { edSignal, start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';

interface Running {
  readonly broker: Program;
  readonly tcp: string;
  readonly udp: string;
  readonly socket: string;
}

async function running(t: Test, ...words: string[]): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'communicatord-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const socket = join(folder, 'broker.sock');
  const places = ['--unix', socket, '--tcp', '127.0.0.1:0', '--signal', '127.0.0.1:0', '--server-name', 'host1'];
  const broker = start(t, 'tools/communicatord', [...places, ...words]);
  const tcp = await broker.says(/listening on tcp:\/\/(\S+)/);
  const udp = await broker.says(/bound to udp:\/\/(\S+)/);
  await broker.says(/broker host1 is open/);
  return { broker, tcp, udp, socket };
}

async function member(t: Test, address: string, name: string): Promise<Raw> {
  const raw = await Raw.dial(address);
  t.teardown(() => raw.destroy());
  raw.send(`REGISTER service=${name};version=1\nCOMMANDS list=HELP,READY,STOP,UNKNOWN,QUITTING,NEWS\n`);
  await raw.line();
  await raw.line();
  return raw;
}

async function ended(program: Program): Promise<{ code: number | null; out: string; err: string }> {
  const { code } = await program.ended;
  return { code, out: program.out, err: program.err };
}

t.test('the broker serves its socket for its group, and ends in good order on SIGTERM', async t => {
  const { broker, socket } = await running(t);
  t.equal(statSync(socket).mode & 0o777, 0o660);
  const worker = await member(t, `unix:${socket}`, 'worker');
  broker.child.kill('SIGTERM');
  t.same(await broker.ended, { code: 0, signal: null });
  await worker.end();
});

t.test('ed-signal reaches services through it, by datagram and by link, and hears their answers', async t => {
  const { tcp, udp } = await running(t);
  const worker = await member(t, `tcp://${tcp}`, 'worker');
  t.equal((await edSignal(t, '--host', udp, 'worker/NEWS', '--param', 'n=1')).code, 0);
  t.equal(await worker.line(), 'worker/NEWS n=1\n');
  t.equal((await edSignal(t, '--host', udp, '--message', '*/NEWS', '-p', 'n=2')).code, 0);
  t.equal(await worker.line(), '*/NEWS n=2\n');
  const asking = edSignal(t, '--host', tcp, '--type', 'tcp', '--reply', 'worker/HELP');
  t.equal(await worker.line(), '<host1:guest_1 worker/HELP\n');
  worker.send('host1:guest_1/COMMANDS list=HELP,NEWS\n');
  const answer = await asking;
  t.equal(answer.code, 0, answer.err);
  t.match(answer.out, /^<host1:worker \w+:ed_signal\/COMMANDS list=HELP,NEWS\n$/);
  const nobody = await edSignal(t, '--host', tcp, '--type', 'tcp', '--reply', 'nobody/HELP');
  t.match([nobody.code, nobody.err], [1, /SERVICE_UNAVAILABLE destination_service=nobody;unsent_command=HELP/]);
});

t.test(
  'ed-signal finds the broker where COMMUNICATOR_LISTEN says, unless the command line says another place',
  async t => {
    const { tcp, socket } = await running(t);
    const worker = await member(t, `unix:${socket}`, 'worker');
    const sends = async (
      listen: string,
      ...words: string[]
    ): Promise<{ code: number | null; out: string; err: string }> =>
      ended(start(t, 'tools/ed-signal', words, { COMMUNICATOR_LISTEN: listen }));
    for (const listen of [`unix:${socket}`, `tcp://${tcp}`, tcp, `cd://${tcp}`, `cd://${socket}`]) {
      const { code, err } = await sends(listen, 'worker/NEWS', '-p', 'n=1');
      t.equal(code, 0, `${listen} ${err}`);
      t.match(await worker.line(), / worker\/NEWS n=1\n$/, listen);
    }
    t.equal((await sends(tcp, '--service', 'worker', 'NEWS')).code, 0);
    t.match(await worker.line(), / worker\/NEWS\n$/);
    const asking = sends(`unix:${socket}`, '--reply', 'nobody/HELP');
    t.match(await asking, { code: 1, err: /SERVICE_UNAVAILABLE destination_service=nobody/ });
    const elsewhere = await sends('unix:/nobody/is/here.sock', '--host', `tcp://${tcp}`, 'worker/NEWS');
    t.equal(elsewhere.code, 0, elsewhere.err);
    t.match(await worker.line(), / worker\/NEWS\n$/);
    t.match(await sends('gopher://x:1', 'worker/NEWS'), { code: 2, err: /gopher: is not known here/ });
  },
);

t.test('cluster-status and ed-top --json say how it is', async t => {
  const { socket, tcp } = await running(t, '--services', 'absent');
  await member(t, `tcp://${tcp}`, 'worker');
  const raw = await Raw.dial(`tcp://${tcp}`);
  raw.send('absent/JOB\n');
  const status = await ended(start(t, 'tools/cluster-status', ['--broker', `unix:${socket}`]));
  t.match(status, { code: 0, out: /Status: up\n {3}Complete: complete\n {2}Computers: 1 of 1\n {5}Quorum: 1\n/ });
  const json = await ended(start(t, 'tools/cluster-status', ['--broker', `tcp://${tcp}`, '--json']));
  const brokers = [{ server: 'host1', services: 1 }];
  t.same(JSON.parse(json.out), { status: 'up', complete: true, computers: 1, live: 1, quorum: 1, brokers });
  const top = await ended(start(t, 'tools/ed-top', ['--broker', `cd://${tcp}`, '--json', '--interval', '100ms']));
  t.equal(top.code, 0, top.err);
  const view = JSON.parse(top.out) as {
    server: string;
    services: { name: string; status: string; waiting: number }[];
    wrong: string[];
  };
  t.equal(view.server, 'host1');
  t.match(view.services, [
    { name: 'absent', status: 'down', waiting: 1 },
    { name: 'worker', status: 'up', waiting: 0 },
  ]);
  t.same(view.wrong, ['absent: down, and 1 messages wait']);
  raw.destroy();
  for (const tool of ['ed-top', 'cluster-status']) {
    const gone = await ended(
      start(t, `tools/${tool}`, [
        '--broker',
        'unix:/nowhere/at/all',
        '--timeout',
        '300ms',
        ...(tool === 'ed-top' ? ['--json'] : []),
      ]),
    );
    t.match(gone, { code: 1, err: /cannot reach unix:\/nowhere\/at\/all/ });
  }
});

t.test(
  'ed-top is alive on a real terminal',
  { skip: spawnSync('tmux', ['-V']).error ? 'tmux is not installed' : false },
  async t => {
    const { tcp } = await running(t);
    await member(t, `tcp://${tcp}`, 'worker');
    const name = `ed-top-${process.pid}`;
    const tmux = (...words: string[]): string => execFileSync('tmux', ['-L', name, ...words], { encoding: 'utf8' });
    const program = join(process.cwd(), 'dist/tools/ed-top.js');
    const command = `${process.execPath} ${program} --broker tcp://${tcp} --interval 200ms; echo ENDED WITH $?; cat`;
    tmux('-f', '/dev/null', 'new-session', '-d', '-x', '100', '-y', '20', command);
    t.teardown(() => spawnSync('tmux', ['-L', name, 'kill-server']));
    const shows = (pattern: RegExp): Promise<void> =>
      until(`${pattern} in\n${tmux('capture-pane', '-p')}`, () => pattern.test(tmux('capture-pane', '-p')));
    await shows(/^host1 {3}up \d+ s .* links$[\s\S]*^SERVICE .* FAILED$[\s\S]*^worker +up +1 +0 +0[\s\S]*all is well/m);
    const raw = await Raw.dial(`tcp://${tcp}`);
    raw.send('nobody/JOB\nnobody/JOB\n');
    await shows(/! 2 messages to services that nobody knows/);
    raw.destroy();
    tmux('resize-window', '-x', '70', '-y', '12');
    await shows(/^worker +up/m);
    tmux('send-keys', 'q');
    await shows(/ENDED WITH 0/);
    t.notMatch(tmux('capture-pane', '-p'), /SERVICE/, 'its screen is gone');
  },
);

t.test('wrong options of the broker are exit code 2, or a clear line', async t => {
  const wrong: [string[], RegExp][] = [
    [['--unix-mode', '999'], /--unix-mode 999 is no mode/],
    [['--server-name', 'a-b'], /"a-b" is no name/],
    [['--tls', '127.0.0.1:0'], /--tls needs --certificate and --private-key/],
    [['--access', '/nowhere/at/all'], /access file \/nowhere\/at\/all/],
    [['--services', 'a b'], /"a b" is no name/],
    [['--max-connections', '0'], /--max-connections 0 is no whole number/],
    [['--tcp', 'bogus'], /bogus/],
  ];
  for (const [words, pattern] of wrong) {
    const found = await ended(
      start(
        t,
        'tools/communicatord',
        ['--unix', 'none', '--tcp', 'none', '--signal', 'none', ...words].slice(words[0] === '--tcp' ? 4 : 0),
      ),
    );
    t.match(found, { code: 2, err: pattern }, words.join(' '));
  }
  const { tcp } = await running(t);
  const second = await ended(start(t, 'tools/communicatord', ['--unix', 'none', '--tcp', tcp, '--signal', 'none']));
  t.match(second, { code: 1, err: /another program listens there already/ });
});
