// A process of the stage: it is asked by name, can be stopped, woken and killed, and never outlives this one.

import type { ChildProcess } from 'node:child_process';
import { fork, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Question {
  readonly id: number;
  readonly ability: string;
  readonly given: unknown;
}
interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}
/** What a program can be asked for. */
export type Abilities = { readonly [ability: string]: (given: never) => unknown };

/** A process has this long for an answer, in ms. */
const longestWait = 120_000;
const alive = new Set<ChildProcess>();

export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #asked = 0;

  /** Starts the program of that name, with a word that chooses what it does. */
  constructor(program: string, word: string) {
    const path = fileURLToPath(new URL(`../programs/${program}.js`, import.meta.url));
    this.#name = `${program} ${word}`;
    this.#process = kept(fork(path, [word], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
    this.#process.on('message', (answer: Answer) => this.#answered(answer));
    this.#process.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${this.#name}: the process has ended`));
      this.#waiting.clear();
    });
  }

  /** The answer is what the program's ability of that name gives; the asker knows its type. */
  async ask<T>(ability: string, given: unknown = {}): Promise<T> {
    if (!this.#process.connected) throw new Error(`${this.#name}: the process has ended`);
    this.#asked += 1;
    const id = this.#asked;
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    const late = setTimeout(() => this.#answered({ id, failure: `no answer to ${ability}` }), longestWait);
    try {
      this.#process.send({ id, ability, given } satisfies Question);
      return (await answer) as T;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Resolves when the process has gone. */
  kill(): Promise<void> {
    return killed(this.#process);
  }

  #answered({ id, result, failure }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (failure === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(`${this.#name}: ${failure}`));
  }
}

/** A program that is not ours, a broker say. */
export class Foreign {
  readonly #process: ChildProcess;

  constructor(command: string, words: readonly string[]) {
    this.#process = kept(spawn(command, words, { stdio: 'ignore' }));
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  kill(): Promise<void> {
    return killed(this.#process);
  }
}

function kept(child: ChildProcess): ChildProcess {
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  child.once('error', () => alive.delete(child));
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise(resolve => child.once('exit', resolve));
  child.kill('SIGKILL'); // ends a stopped process too
  await over;
}

/** Whatever ends this process takes the others with it. */
export function killAllAtExit(): void {
  process.on('exit', () => {
    for (const child of alive) child.kill('SIGKILL');
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
  }
}

/** For programs: answers until the asker goes away. */
export function serve(abilities: Abilities): void {
  process.on('message', ({ id, ability, given }: Question) => {
    const able = abilities[ability] as ((given: unknown) => unknown) | undefined;
    const answer = (fields: Omit<Answer, 'id'>): void => void process.send?.({ id, ...fields });
    Promise.resolve(given)
      .then(value => (able === undefined ? Promise.reject(new Error(`cannot ${ability}`)) : able(value)))
      .then(
        result => answer({ result }),
        (error: unknown) =>
          answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
  process.on('SIGINT', () => undefined); // the one who started this one decides
}
