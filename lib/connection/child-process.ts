// A child process: started, started again where it fails, and not left behind.
//
//   idle ─start▶ running ─exit▶ pausing ─restart▶ running        idle, pausing ─stop▶ closed
//                   │ └─last exit▶ closed ◀─exit─┐
//                   └─stop▶ stopping ────────────┘

import type { ChildProcess as Child } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Pause } from '../base/backoff.ts';
import { pauseAfter, pauseDefaults } from '../base/backoff.ts';
import type { Cancel } from '../base/clock.ts';
import { NetworkError, reasonOf, UsageError } from '../base/errors.ts';
import type { Given } from '../base/options.ts';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { ConnectionOptions, Owner, Unfinished } from './connection.ts';
import { Connection, nothingUnfinished } from './connection.ts';
import { OutputLines } from './parts/output-lines.ts';

export type ChildState = 'idle' | 'running' | 'pausing' | 'stopping' | 'closed';
type ChildEvent = 'start' | 'exit' | 'last exit' | 'restart' | 'stop';

export const childTable: StateTable<ChildState, ChildEvent> = {
  idle: { start: 'running', stop: 'closed' },
  running: { exit: 'pausing', 'last exit': 'closed', stop: 'stopping' },
  pausing: { restart: 'running', stop: 'closed' },
  stopping: { exit: 'closed' },
  closed: {},
};

export interface RestartRules {
  /** After which ends it is started again: `failure` is an exit code other than 0, a signal, or no start. @default 'failure' */
  readonly when: 'never' | 'failure' | 'always';
  /** So many starts within `within` are one too many: it ends with CHILD_FAILED. @default 5 */
  readonly most: number;
  /** In ms. @default 60_000 */
  readonly within: number;
  /** Pauses before each start. @default as those of a permanent client */
  readonly pause: Given<Pause>;
}

export interface ChildOptions extends ConnectionOptions {
  /** Folder to run in. @default the folder of this process */
  readonly cwd?: string | undefined;
  /** Variables added to those of this process; `undefined` takes one away. @default none */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly restart?: Given<RestartRules> | undefined;
  /** What is sent first at the end; after `drainTime` ms SIGKILL follows. @default 'SIGTERM' */
  readonly stopSignal?: NodeJS.Signals | undefined;
  /** How long the child has to end, in ms. @default that of the communicator's connections */
  readonly drainTime?: number | undefined;
  /** Takes the lines it prints. @default they go to the log, at info, and those of its standard error at warn */
  readonly line?: ((text: string, stream: 'stdout' | 'stderr') => unknown) | undefined;
}

/** How a child has ended: with a code, by a signal, or it could not be started. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error | undefined;
}

export type ChildEvents = { started: [pid: number]; exited: [exit: ChildExit]; close: [] };

const restartDefaults: RestartRules = { when: 'failure', most: 5, within: 60_000, pause: {} };
const knownOptions: { [K in keyof Required<ChildOptions>]: 0 } = {
  name: 0,
  priority: 0,
  cwd: 0,
  env: 0,
  restart: 0,
  stopSignal: 0,
  drainTime: 0,
  line: 0,
};

export class ChildProcess extends Connection<ChildEvents> {
  readonly #command: readonly string[];
  readonly #options: ChildOptions;
  readonly #restart: RestartRules;
  readonly #pause: Pause;
  readonly #machine = new StateMachine(childTable, 'idle');
  /** When it was started, in ms, as far as it counts. */
  #starts: number[] = [];
  #restarts = 0;
  #failures = 0;
  #child: Child | undefined;
  #last: ChildExit | undefined;
  #cancel: Cancel = () => undefined;

  /** @throws UsageError INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(command: string | readonly string[], options: ChildOptions = {}) {
    const words = typeof command === 'string' ? command.split(' ').filter(word => word !== '') : [...command];
    super('child', { name: options.name ?? words.join(' '), priority: options.priority });
    refuseUnknown('child', knownOptions, options);
    if ((words[0] ?? '') === '') throw new UsageError('INVALID_VALUE', 'there is no command to start');
    this.#command = words;
    this.#options = options;
    this.#restart = withDefaults('restart', restartDefaults, options.restart);
    wholeInRange('restart most', this.#restart.most, 1, 1_000_000);
    inRange('restart within', this.#restart.within, 1, Number.MAX_SAFE_INTEGER);
    inRange('drainTime', options.drainTime ?? 0, 0, Number.MAX_SAFE_INTEGER);
    this.#pause = withDefaults('pause', pauseDefaults, this.#restart.pause);
  }

  get state(): ChildState {
    return this.#machine.state;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get unfinished(): Unfinished {
    return this.#child === undefined ? nothingUnfinished : { messages: 0, bytes: 0, handlers: 1 };
  }

  /** Sends a signal to the child; false where it does not run. */
  kill(signal: NodeJS.Signals): boolean {
    return this.#child?.kill(signal) ?? false;
  }

  stop(): void {
    if (!this.#machine.attempt('stop')) return;
    this.#cancel();
    if (this.state === 'closed') return this.#end();
    this.kill(this.#options.stopSignal ?? 'SIGTERM');
    const { drainTime = this.owner?.drainTime ?? 0 } = this.#options;
    this.#cancel = this.#owned.clock.after(drainTime, () => {
      this.log('warn', `it did not end within ${drainTime} ms: SIGKILL`);
      this.kill('SIGKILL');
    });
  }

  destroy(): void {
    this.stop();
    this.kill('SIGKILL');
  }

  protected override begin(_owner: Owner): void {
    this.#machine.step('start');
    this.#spawn();
  }

  protected override details(): object {
    const { pid } = this;
    const { code, signal } = this.#last ?? {};
    return { pid, restarts: this.#restarts, code, signal };
  }

  get #owned(): Owner {
    return this.owner as Owner;
  }

  #spawn(): void {
    const [file = '', ...words] = this.#command;
    const { cwd, env } = this.#options;
    this.#starts.push(this.#owned.clock.now());
    try {
      const child = spawn(file, words, {
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...process.env, ...env },
      });
      this.#child = child;
      this.#follow(child);
    } catch (error) {
      // Only bad options throw at once: a word with a NUL, say.
      queueMicrotask(() => this.#exited({ code: null, signal: null, error: error as Error }));
    }
  }

  #follow(child: Child): void {
    let failure: Error | undefined;
    child.on('error', error => {
      failure ??= error;
      if (child.pid === undefined) this.#exited({ code: null, signal: null, error });
    });
    child.on('spawn', () => {
      this.log('info', `started, pid ${child.pid}`);
      this.tell('started', child.pid);
    });
    // `close` comes after the output has ended, so that no line is lost.
    child.on('close', (code, signal) => {
      if (child.pid !== undefined) this.#exited({ code, signal, error: failure });
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      new OutputLines(child[stream] as Readable, line => this.#line(line, stream));
    }
  }

  #line(text: string, stream: 'stdout' | 'stderr'): void {
    const { line } = this.#options;
    if (line === undefined) {
      this.log(stream === 'stdout' ? 'info' : 'warn', text);
      return;
    }
    try {
      line(text, stream);
    } catch (error) {
      this.log('error', `a line was not taken: ${reasonOf(error)}`, { error });
    }
  }

  #exited(exit: ChildExit): void {
    this.#child = undefined;
    this.#last = exit;
    const good = this.state === 'stopping' || exit.code === 0;
    this.log(good ? 'info' : 'error', `ended: ${wordsOf(exit)}`);
    this.tell('exited', exit);
    const { when } = this.#restart;
    // A listener of `exited` may have stopped it just now.
    const asked = this.state === 'stopping';
    if (asked) this.#cancel();
    if (asked || when === 'never' || (when === 'failure' && good)) {
      this.#machine.step(asked ? 'exit' : 'last exit');
      return this.#end();
    }
    this.#again(exit);
  }

  #again(exit: ChildExit): void {
    const { most, within } = this.#restart;
    const { clock, random } = this.#owned;
    const now = clock.now();
    const lived = now - (this.#starts.at(-1) ?? now);
    this.#failures = lived >= this.#pause.stable ? 1 : this.#failures + 1;
    this.#starts = this.#starts.filter(start => now - start < within);
    if (this.#starts.length >= most) {
      this.#machine.step('last exit');
      const words = `${this.name} was started ${this.#starts.length} times within ${within} ms, last ${wordsOf(exit)}`;
      this.log('error', words);
      return this.#end(new NetworkError('CHILD_FAILED', words, { cause: exit.error }));
    }
    this.#machine.step('exit');
    const pause = pauseAfter(this.#failures, this.#pause, random);
    this.#cancel = clock.after(pause, () => {
      this.#machine.step('restart');
      this.#restarts += 1;
      this.#spawn();
    });
  }

  #end(failure?: Error): void {
    this.over(failure);
  }
}

function wordsOf({ code, signal, error }: ChildExit): string {
  if (error !== undefined && code === null && signal === null) return `it could not be started: ${error.message}`;
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}
