// What was typed, kept in a file of the user from one console to the next. Lines with a secret are not kept.

import { appendFileSync, chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../lib/base/errors.ts';

/** Older lines are forgotten. */
export const longestHistory = 1_000;
const ownerAlone = 0o600;
const secret = /(?:secret_code|password|token)=/i;

/** `ed-communicator/ed-message.history` in the user's folder for state. */
export function historyPath(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: state, HOME: home = homedir() } = environment;
  const folder = state === undefined || state === '' ? join(home, '.local', 'state') : state;
  return join(folder, 'ed-communicator', 'ed-message.history');
}

/** A file that cannot be used is told once; the console goes on without. */
export class History {
  readonly #path: string | undefined;
  readonly #trouble: (text: string) => void;
  #file: 'unknown' | 'usable' | 'none' = 'unknown';

  /** Without a path nothing is kept. */
  constructor(path: string | undefined, trouble: (text: string) => void) {
    this.#path = path;
    this.#trouble = trouble;
  }

  /** The lines of before, the oldest first. */
  load(): string[] {
    return (
      this.#try(path => {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        appendFileSync(path, '', { mode: ownerAlone });
        chmodSync(path, ownerAlone);
        const lines = readFileSync(path, 'utf8')
          .split('\n')
          .filter(line => line !== '');
        if (lines.length <= longestHistory) return lines;
        const last = lines.slice(-longestHistory);
        const fresh = `${path}.${process.pid}`;
        writeFileSync(fresh, `${last.join('\n')}\n`, { mode: ownerAlone });
        renameSync(fresh, path);
        return last;
      }) ?? []
    );
  }

  add(line: string): void {
    if (line.trim() === '' || line.includes('\n') || secret.test(line)) return;
    this.#try(path => appendFileSync(path, `${line}\n`, { mode: ownerAlone }));
  }

  #try<T>(use: (path: string) => T): T | undefined {
    if (this.#path === undefined || this.#file === 'none') return undefined;
    try {
      const result = use(this.#path);
      this.#file = 'usable';
      return result;
    } catch (error) {
      this.#file = 'none';
      this.#trouble(`what is typed is not kept: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
