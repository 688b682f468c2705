// ed-top where its output is no terminal, without colours, and while its broker is away.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { folderOf } from '../../support/folder.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

const noTmux = spawnSync('tmux', ['-V']).error ? 'tmux is not installed' : false;

async function broker(t: Test, socket: string): Promise<Program> {
  const words = ['--unix', socket, '--tcp', 'none', '--signal', 'none', '--server-name', 'host1'];
  const program = start(t, 'tools/communicatord', words);
  await program.says(/broker host1 is open/);
  return program;
}

/** ed-top in a window of tmux; gives what can be seen, with its colours; ^ is for escape. */
function window(t: Test, socket: string, variable = ''): () => string {
  const name = `ed-top-${process.pid}-${variable}`;
  const tmux = (...words: string[]): string => execFileSync('tmux', ['-L', name, ...words], { encoding: 'utf8' });
  const program = join(process.cwd(), 'dist/tools/ed-top.js');
  const command = `env -u NO_COLOR ${variable} ${process.execPath} ${program} --broker unix:${socket} --interval 200ms; cat`;
  tmux('-f', '/dev/null', 'new-session', '-d', '-x', '80', '-y', '24', command);
  t.teardown(() => spawnSync('tmux', ['-L', name, 'kill-server']));
  return () => tmux('capture-pane', '-e', '-p').replaceAll('\x1b', '^');
}

t.test('into a file it writes one look, as plain text', async t => {
  const socket = join(folderOf(t), 'socket');
  await broker(t, socket);
  const top = start(t, 'tools/ed-top', ['--broker', `unix:${socket}`, '--interval', '100ms']);
  t.same(await top.ended, { code: 0, signal: null }, top.err);
  t.match(
    top.out,
    /^host1 {3}up \d+ s .* 1 link\nforwarded .*\n\nSERVICE .*FAILED\nno service has registered\n\nall is well\n$/,
  );
  t.notMatch(top.out, '\x1b');
});

t.test('a broker that is gone is said to be, and it goes on when that is back', { skip: noTmux }, async t => {
  const socket = join(folderOf(t), 'socket');
  const first = await broker(t, socket);
  const seen = window(t, socket);
  const shows = (pattern: RegExp): Promise<void> => until(`${pattern} in\n${seen()}`, () => pattern.test(seen()));
  await shows(/^\^\[1mhost1 {3}up/m);
  first.child.kill('SIGKILL');
  await shows(/\^\[31m.*socket[\s\S]*it was last seen \d+ s ago, and is tried again/);
  await broker(t, socket);
  await shows(/host1 {3}up[\s\S]*all is well/);
  t.notMatch(seen(), /last seen/);
});

t.test('NO_COLOR is kept to', { skip: noTmux }, async t => {
  const socket = join(folderOf(t), 'socket');
  await broker(t, socket);
  const seen = window(t, socket, 'NO_COLOR=1');
  await until('it shows something', () => /all is well/.test(seen()));
  t.notMatch(seen(), '^[');
});
