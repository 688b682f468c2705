import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Address } from '../../lib/index.ts';
import { parseAddress, unix as unixSockets } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { listenTo, never, pairOf } from './ear.ts';
import { transportContract } from './transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'ed-unix-'));
t.teardown(() => rmSync(folder, { recursive: true }));

let last = 0;
const address = (): Address => {
  last += 1;
  return parseAddress(`unix:${folder}/socket-${last}`);
};
const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
const unix = unixSockets();

transportContract('unix', { transport: unix, address });

/** Leaves a socket file behind, as a process that was killed does. */
function deadSocket(path: string): void {
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  try {
    execFileSync(process.execPath, ['-e', program], { stdio: 'ignore' });
  } catch {
    // it was killed
  }
}

t.test('the file is for its owner alone, and goes when the place is closed', async t => {
  const place = address();
  const { listening, near, far } = await pairOf(unix, place);
  const mode = statSync(place.path);
  t.ok(mode.isSocket());
  t.equal(mode.mode & 0o777, 0o600);
  near.destroy();
  far.destroy();
  listening.close();
  await until('the file is gone', () => !existsSync(place.path));
});

t.test('a socket file that a dead process left is taken over', async t => {
  const place = address();
  deadSocket(place.path);
  t.ok(existsSync(place.path), 'the dead left its file');
  await t.rejects(unix.dial(place, never), { code: 'DIAL_FAILED' });
  const { listening, near, far } = await pairOf(unix, place);
  t.equal(statSync(place.path).mode & 0o777, 0o600);
  const ear = listenTo(far);
  near.send(Buffer.from('alive'));
  await ear.holds(5);
  near.destroy();
  far.destroy();
  listening.close();
});

t.test('a socket file of a living process is left alone', async t => {
  const place = address();
  const server = net.createServer(socket => socket.resume()).listen(place.path);
  await until('it listens', () => server.listening);
  await t.rejects(unix.listen(place, deaf), { code: 'LISTEN_FAILED', message: /another program listens there/ });
  t.ok(existsSync(place.path));
  const channel = await unix.dial(place, never);
  listenTo(channel);
  channel.destroy();
  server.close();
});

t.test('a file that is no socket is left alone', async t => {
  const place = address();
  writeFileSync(place.path, 'precious');
  await t.rejects(unix.listen(place, deaf), { code: 'LISTEN_FAILED' });
  t.equal(statSync(place.path).size, 8);
  await t.rejects(unix.dial(place, never), { code: 'DIAL_FAILED' });
});

t.test('a folder that is not there is told', async t => {
  const place = parseAddress(`unix:${folder}/nowhere/socket`);
  await t.rejects(unix.listen(place, deaf), { code: 'LISTEN_FAILED', message: /the folder does not exist$/ });
  await t.rejects(unix.dial(place, never), { code: 'DIAL_FAILED' });
});

transportContract('unix, abstract', {
  transport: unix,
  address: () => parseAddress(`unix:@${folder}/${address().path.slice(-3)}`),
});

t.test('an abstract name leaves no file, and is told apart from a path', async t => {
  const place = parseAddress(`unix:@${folder}/x`);
  const { listening, near, far } = await pairOf(unix, place);
  t.notOk(existsSync(`@${folder}/x`) || existsSync(`${folder}/x`));
  t.match(readFileSync('/proc/net/unix', 'utf8'), `@${folder}/x`);
  await t.rejects(unix.listen(place, deaf), { code: 'LISTEN_FAILED' });
  near.destroy();
  far.destroy();
  listening.close();
});

t.test('the file has the rights and the group that it is given', async t => {
  const gid = process.getgid?.() ?? 0;
  const name = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  for (const group of [gid, name, undefined]) {
    const place = address();
    const listening = await unixSockets({ mode: 0o660, group }).listen(place, deaf);
    t.equal(statSync(place.path).mode & 0o777, 0o660);
    t.equal(statSync(place.path).gid, gid);
    listening.close();
  }
  t.throws(() => unixSockets({ group: 'no such group' }), { code: 'INVALID_VALUE' });
  t.throws(() => unixSockets({ mode: 0o10000 }), { code: 'OUT_OF_RANGE' });
});

t.test('accepted peers have names that tell them apart', async t => {
  const place = address();
  const remotes: string[] = [];
  const listening = await unix.listen(place, {
    accept: channel => {
      remotes.push(channel.remote);
      channel.start({
        data: () => undefined,
        drained: () => undefined,
        ended: () => undefined,
        closed: () => undefined,
      });
    },
    trouble: () => undefined,
  });
  const channels = await Promise.all([unix.dial(place, never), unix.dial(place, never)]);
  await until('both are accepted', () => remotes.length === 2);
  t.same(remotes, [`unix:${place.path}#1`, `unix:${place.path}#2`]);
  for (const channel of channels) channel.destroy();
  listening.close();
});
