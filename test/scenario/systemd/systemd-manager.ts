// A small service manager, for systemd-socket-activate to start: passes the socket that it was given on to the example
// daemon, and restarts that at each SIGHUP. Says `up` and `down` on its standard output.

import { once } from 'node:events';
import { startWith } from '../../../examples/upgrade-holder.ts';

const [server = ''] = process.argv.slice(2);
const socket = { name: 'server', fd: 3, port: 0, close: (): void => undefined };
const say = (word: string): void => void process.stdout.write(`${word}\n`);

function start(): ReturnType<typeof startWith> {
  const words = [server, '--listen', 'systemd:server', '--log-rotate-listen', '127.0.0.1:0'];
  const child = startWith([socket], words);
  let said = '';
  child.stderr?.on('data', chunk => {
    said += String(chunk);
    if (!/listening on unix:/.test(said)) return;
    said = '';
    say('up');
  });
  return child;
}

let child = start();
async function restart(): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
  say('down');
  child = start();
}

process.on('SIGHUP', () => void restart());
process.on('SIGTERM', () => {
  child.kill('SIGKILL');
  process.exit(0);
});
