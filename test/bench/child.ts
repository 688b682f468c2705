// A process that is measured, or that helps to measure: it is asked for something by name, and answers with figures.

import type { ChildProcess } from 'node:child_process';
import { fork, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

export type Figures = { readonly [name: string]: number };
/** What a process can be asked for. */
export type Abilities = { readonly [ability: string]: (given: Figures) => Figures | Promise<Figures> };

interface Question {
  readonly ability: string;
  readonly given: Figures;
}
type Answer = { readonly figures: Figures } | { readonly failure: string };

/** A process has this long for an answer, in ms. */
const longestWait = 120_000;
const alive = new Set<ChildProcess>();

export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;

  /** Starts the program of that name with a role of it; BENCH_PROFILE=role leaves a processor profile in /tmp. */
  constructor(program: string, role: string, nodeOptions: readonly string[] = []) {
    const path = fileURLToPath(new URL(`./programs/${program}.js`, import.meta.url));
    this.#name = `${program} ${role}`;
    const profile =
      process.env.BENCH_PROFILE === role ? ['--cpu-prof', `--cpu-prof-dir=${tmpdir()}/bench-profile`] : [];
    this.#process = fork(path, [role], { execArgv: [...nodeOptions, ...profile] });
    alive.add(this.#process);
    this.#process.once('exit', () => alive.delete(this.#process));
  }

  /** Keeps the process on that processor, where the system has `taskset`; says whether it did. */
  pin(processor: number): boolean {
    const words = ['-a', '-p', '-c', String(processor), String(this.#process.pid)];
    return spawnSync('taskset', words, { stdio: 'ignore' }).status === 0;
  }

  /** One question at a time. */
  ask(ability: string, given: Figures = {}): Promise<Figures> {
    const child = this.#process;
    return new Promise((resolve, reject) => {
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        child.off('message', answered).off('exit', ended);
        outcome();
      };
      const answered = (answer: Answer): void =>
        settle(() => ('figures' in answer ? resolve(answer.figures) : reject(this.#error(answer.failure))));
      const ended = (): void => settle(() => reject(this.#error('the process has ended')));
      const timer = setTimeout(() => settle(() => reject(this.#error(`no answer to ${ability}`))), longestWait);
      child.once('message', answered).once('exit', ended);
      child.send({ ability, given } satisfies Question);
    });
  }

  /** Lets the process end; resolves when it has. */
  async end(): Promise<void> {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const over = new Promise(resolve => child.once('exit', resolve));
    child.disconnect();
    await over;
  }

  #error(text: string): Error {
    return new Error(`${this.#name}: ${text}`);
  }
}

/** Ends what is left after a failure. */
export function stopChildren(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/** For programs: answers questions until the asker goes away. */
export function serve(roles: { readonly [role: string]: () => Abilities }): void {
  const role = process.argv[2] ?? '';
  const abilities = roles[role]?.();
  if (abilities === undefined) throw new Error(`there is no role "${role}"`);
  const answer = (given: Answer): void => void process.send?.(given);
  process.on('message', ({ ability, given }: Question) => {
    const able = abilities[ability];
    Promise.resolve(given)
      .then(figures => able?.(figures) ?? Promise.reject(new Error(`cannot ${ability}`)))
      .then(
        figures => answer({ figures }),
        (error: unknown) =>
          answer({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
}
