// The daemon's process as the fuzzer sees it: asked by name, and its end is noticed.

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}

/** An answer comes within so many ms, or it is taken for dead. */
const longestWait = 60_000;
const mostErrors = 8_000;
/**
 * glibc's allocator keeps up to 64 MiB of what is free, and in several arenas, unless told otherwise: then RSS says more of
 * it than of the daemon. These are its first values, kept from growing.
 */
const allocator = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_MMAP_THRESHOLD_: '131072' };

export class Daemon {
  /** How it ended, while it was not asked to. */
  crash: string | undefined;
  #errors = '';
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #asked = 0;
  #wish: 'live' | 'end' = 'live';

  /** @param program in the folder of the fuzzer, `programs/daemon` say */
  constructor(program: string) {
    const path = fileURLToPath(new URL(`../${program}.js`, import.meta.url));
    const env = { ...process.env, ...allocator };
    this.#process = fork(path, [], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'], env });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-mostErrors);
    });
    this.#process.on('message', (answer: Answer) => this.#waiting.get(answer.id)?.(answer));
    this.#process.once('exit', (code, signal) => {
      if (this.#wish === 'live') this.crash = `ended with ${signal ?? `code ${code}`}`;
      for (const answered of this.#waiting.values()) answered({ id: 0, failure: 'the daemon has ended' });
    });
    process.once('exit', () => this.#process.kill('SIGKILL'));
  }

  /** What it wrote to its standard error last. */
  get errors(): string {
    return this.#errors;
  }

  /** The asker knows the type of the answer. */
  async ask<T>(ability: string, given: unknown = {}): Promise<T> {
    if (!this.#process.connected) throw new Error('the daemon has ended');
    this.#asked += 1;
    const id = this.#asked;
    const { result, failure } = await new Promise<Answer>(resolve => {
      const late = setTimeout(() => resolve({ id, failure: `no answer to ${ability}` }), longestWait);
      this.#waiting.set(id, answer => {
        clearTimeout(late);
        resolve(answer);
      });
      this.#process.send({ id, ability, given });
    });
    this.#waiting.delete(id);
    if (failure !== undefined) throw new Error(failure);
    return result as T;
  }

  end(): void {
    this.#wish = 'end';
    this.#process.kill('SIGKILL');
  }
}
