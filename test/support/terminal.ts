// A program on a terminal: a pseudo terminal of `script` (util-linux), which each Debian has.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Test } from 'tap';
import { until } from './world.ts';

export class Terminal {
  /** All that was written, with colours and movements. */
  raw = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(path: string, words: readonly string[], environment: Readonly<Record<string, string>>) {
    const file = join(process.cwd(), 'dist', `${path}.js`);
    const command = [process.execPath, file, ...words].map(word => `'${word}'`).join(' ');
    const env: NodeJS.ProcessEnv = { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '', TERM: 'xterm' };
    delete env.NO_COLOR;
    this.child = spawn('script', ['-qefc', `stty cols 200; exec ${command}`, '/dev/null'], {
      env: { ...env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.child.stdout?.on('data', chunk => {
      this.raw += String(chunk);
    });
    this.ended = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** What was written, without colours. */
  get text(): string {
    return stripVTControlCharacters(this.raw);
  }

  /** In one go, as what is pasted: a Tab counts as one at the end alone. */
  type(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Waits for words that came after `from`; gives the place behind them. */
  async shows(pattern: RegExp, from = 0): Promise<number> {
    await until(`${String(pattern)} in:\n${this.text.slice(from)}`, () => pattern.test(this.text.slice(from)));
    const found = pattern.exec(this.text.slice(from));
    return from + (found?.index ?? 0) + (found?.[0].length ?? 0);
  }
}

/** A program on a terminal of its own, which ends with the test. */
export function startOnTerminal(t: Test, path: string, words: readonly string[], environment = {}): Terminal {
  const terminal = new Terminal(path, words, environment);
  t.teardown(async () => {
    terminal.child.kill('SIGKILL');
    await terminal.ended;
  });
  return terminal;
}
