// What the scripts of the shop share: programs that are started, what they say, and that all is gone at the end.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A folder for sockets and files, and all that was started. It is shown as it would be typed. */
export class Programs {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'shop-'));
  readonly #running: ChildProcess[] = [];

  /** One of this project, `tools/communicatord` say; what it prints is shown. A broker it uses is at `socket`. */
  start(
    program: string,
    socket: string,
    words: readonly string[] = [],
    output: 'shown' | 'read' = 'shown',
  ): ChildProcess {
    const path = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
    this.show(['node', `dist/${program}.js`, ...words]);
    const child = spawn(process.execPath, [path, ...words], {
      stdio: ['ignore', output === 'shown' ? 'inherit' : 'pipe', 'pipe'],
      env: { ...process.env, COMMUNICATOR_LISTEN: `cd://${socket}` },
    });
    return this.keep(child);
  }

  show(words: readonly string[]): void {
    process.stdout.write(`$ ${words.join(' ').replaceAll(this.folder, '…')}\n`);
  }

  /** It is ended with the others. */
  keep(child: ChildProcess): ChildProcess {
    this.#running.push(child);
    return child;
  }

  /** Whatever happened. */
  end(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits until the program has said this on its standard error; gives the first group. @throws Error with what it said, where it ended before */
export async function says(child: ChildProcess, pattern: RegExp): Promise<string> {
  if (child.stderr === null) throw new Error('there is no standard error');
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const found = pattern.exec(line);
    if (found !== null) {
      child.stderr.resume();
      return found[1] ?? '';
    }
    said.push(line);
  }
  throw new Error(`a program ended too early:\n${said.join('\n')}`);
}

export async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

/** Ends them in good order, one after the other. @throws Error */
export async function close(...children: ChildProcess[]): Promise<void> {
  for (const child of children) {
    child.kill();
    const code = await ended(child);
    if (code !== 0) throw new Error(`a program ended with code ${code}`);
  }
}

/** Runs a script to its end: within so many ms, and with one clear line where it fails. */
export async function runScript(
  name: string,
  deadline: number,
  run: (programs: Programs) => Promise<void>,
): Promise<void> {
  const programs = new Programs();
  const watchdog = setTimeout(() => {
    process.stderr.write(`${name} took longer than ${deadline} ms\n`);
    programs.end();
    process.exit(1);
  }, deadline);
  try {
    await run(programs);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  } finally {
    clearTimeout(watchdog);
    programs.end();
  }
}
