// A fake of systemd's notification socket. Node has no unix datagrams, python has.

import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { until } from './world.ts';

/** Prints each datagram, and when it came on the monotonic clock in ms. It closes what is sent along, as systemd does. */
const receiver = `
import json, os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True:
    data, fds, _, _ = socket.recv_fds(s, 65536, 16)
    for fd in fds: os.close(fd)
    print(json.dumps({'at': time.monotonic() * 1000, 'lines': data.decode().split('\\n')}), flush=True)
`;

interface Told {
  readonly at: number;
  readonly lines: readonly string[];
}

/** Why these tests cannot run here; false where they can. */
export const withoutNotify: string | false = whyNot();

function whyNot(): string | false {
  for (const [program, word] of [
    ['python3', '--version'],
    ['systemd-notify', '--version'],
  ] as const) {
    if (spawnSync(program, [word]).status !== 0) return `${program} is not here`;
  }
  return false;
}

export class NotifySocket {
  readonly path: string;
  readonly told: Told[] = [];
  readonly #child: ChildProcess;
  #state: 'binding' | 'bound' = 'binding';

  constructor(folder: string) {
    this.path = join(folder, 'notify');
    this.#child = spawn('python3', ['-c', receiver, this.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (this.#child.stdout === null) throw new Error('no output');
    createInterface({ input: this.#child.stdout }).on('line', line => {
      const found = JSON.parse(line) as Told | 'bound';
      if (found === 'bound') this.#state = 'bound';
      // systemd-notify waits for its word to be handled: that is no word of ours.
      else if (!found.lines.includes('BARRIER=1')) this.told.push(found);
    });
  }

  static async open(t: Test): Promise<NotifySocket> {
    const folder = mkdtempSync(join(tmpdir(), 'ed-notify-'));
    const socket = new NotifySocket(folder);
    t.teardown(() => {
      socket.#child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    });
    await until('the fake socket is bound', () => socket.#state === 'bound');
    return socket;
  }

  /** All words in their order; without WATCHDOG where it is not asked for. */
  words(kind: 'all' | 'no watchdog' = 'no watchdog'): string[] {
    const all = this.told.flatMap(({ lines }) => lines).filter(line => line !== '');
    return kind === 'all' ? all : all.filter(word => word !== 'WATCHDOG=1');
  }

  hears(word: string | RegExp): Promise<void> {
    const found = (one: string): boolean => (typeof word === 'string' ? one === word : word.test(one));
    return until(`systemd is told ${String(word)}`, () => this.words('all').some(found));
  }
}
