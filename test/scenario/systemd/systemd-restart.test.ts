// A restart under load refuses nobody: the manager holds the socket, who connects meanwhile waits.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { holdTcp } from '../../../examples/upgrade-holder.ts';
import { startWithSockets } from '../../support/activation.ts';
import { Program, start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

const restarts = 3;
const callers = 10;

/** Those who connect while nobody runs. */
const latecomers = 50;

type Outcome = 'answered' | 'unanswered' | 'refused';
/** `unanswered`: connected, and closed by a service that was about to end; `refused`: not connected. */
type Counts = Record<Outcome, number>;

/** Callers that connect, ask and end, one after the other, until they are told to stop. */
function load(place: net.NetConnectOpts): { counts: Counts; stop: () => Promise<void> } {
  const counts: Counts = { answered: 0, unanswered: 0, refused: 0 };
  let state: 'calling' | 'over' = 'calling';
  const caller = async (): Promise<void> => {
    while (state === 'calling') counts[await call(place)] += 1;
  };
  const all = Array.from({ length: callers }, caller);
  const stop = async (): Promise<void> => {
    state = 'over';
    await Promise.all(all);
  };
  return { counts, stop };
}

function call(place: net.NetConnectOpts): Promise<Outcome> {
  return new Promise(resolve => {
    const socket = net.connect(place);
    let heard = '';
    let outcome: Outcome = 'refused';
    socket.on('connect', () => {
      outcome = 'unanswered';
      socket.write('DAD\n');
    });
    socket.on('data', chunk => {
      heard += String(chunk);
      if (!heard.includes('CLIMB\n')) return;
      outcome = 'answered';
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(outcome));
  });
}

/** `restart` calls `down` when nobody runs. */
async function underLoad(
  t: Test,
  place: net.NetConnectOpts,
  restart: (down: () => void) => Promise<void>,
): Promise<void> {
  const { counts, stop } = load(place);
  await until('the load runs', () => counts.answered >= 100);
  for (let count = 0; count < restarts; count += 1) {
    const { answered } = counts;
    const late: Promise<Outcome>[] = [];
    await restart(() => void late.push(...Array.from({ length: latecomers }, () => call(place))));
    t.same(await Promise.all(late), Array(latecomers).fill('answered'), 'who comes meanwhile waits');
    await until('the load goes on', () => counts.answered >= answered + 100);
  }
  await stop();
  t.equal(counts.refused, 0, 'nobody is refused');
  t.ok(
    counts.unanswered <= restarts * callers,
    `${counts.unanswered} of ${counts.answered} had no answer and call again`,
  );
}

t.test('with a parent of ours', async t => {
  const socket = holdTcp('server');
  t.teardown(() => socket.close());
  const start = async (): Promise<Program> => {
    const words = ['--listen', 'systemd:server', '--log-rotate-listen', '127.0.0.1:0'];
    const program = startWithSockets(t, 'examples/server', [socket], words);
    await program.says(/listening on (tcp:\/\/\S+)/);
    return program;
  };
  let server = await start();
  await underLoad(t, { host: '127.0.0.1', port: socket.port }, async down => {
    server.child.kill('SIGTERM');
    t.same(await server.ended, { code: 0, signal: null });
    down();
    server = await start();
  });
});

const withoutActivation =
  spawnSync('systemd-socket-activate', ['--version']).status === 0 ? false : 'systemd-socket-activate is not here';

t.test('with systemd-socket-activate', { skip: withoutActivation }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-activate-'));
  const path = join(folder, 'socket');
  const dist = (name: string): string => join(process.cwd(), 'dist', `${name}.js`);
  const words = [process.execPath, dist('test/scenario/systemd/systemd-manager'), dist('examples/server')];
  const child = spawn('systemd-socket-activate', ['-E', 'PATH', '-l', path, '--fdname=server', '--', ...words]);
  const manager = new Program(child);
  t.teardown(async () => {
    child.kill('SIGTERM');
    await manager.ended;
    rmSync(folder, { recursive: true });
  });
  await manager.says(/Listening on (\S+) as 3/);
  const times = (word: 'up' | 'down'): number => manager.out.split('\n').filter(line => line === word).length;
  await underLoad(t, { path }, async down => {
    const before = { up: times('up'), down: times('down') };
    child.kill('SIGHUP');
    await until('it is down', () => times('down') > before.down);
    down();
    await until('it is up again', () => times('up') > before.up);
  });
  t.equal(times('down'), restarts);
});

t.test('a daemon whose socket is not there says why in one line, and ends with 1', async t => {
  const words = ['--listen', 'systemd:server', '--log-rotate-listen', '127.0.0.1:0'];
  for (const [environment, why] of [
    [{ LISTEN_FDS: '1', LISTEN_PID: '1' }, /the sockets were passed to process 1; this is process \d+$/],
    [{}, /no sockets were passed to this process: LISTEN_FDS is not set$/],
  ] as const) {
    const server = start(t, 'examples/server', words, environment);
    t.same(await server.ended, { code: 1, signal: null });
    const last = server.err.trim().split('\n').at(-1) ?? '';
    t.match(last, /^server: cannot listen on systemd:server: /);
    t.match(last, why);
  }
});
