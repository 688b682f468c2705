// Says lines to the service manager with its own program, systemd-notify: node has no datagrams over unix sockets.
//
//   free ─go▶ busy ─done▶ free        busy ─failed▶ resting ─again▶ free        busy ─missing▶ mute
//   from each: ─end▶ closed
//
// One child at a time. What is said meanwhile waits, and never grows: of a state (READY, RELOADING, STOPPING) the newest
// counts, and what went between is left out; so it is of STATUS and WATCHDOG, which go along with whatever goes next. A
// state that could not be said is said again after a pause. A child that takes too long is killed.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { Cancel, Clock } from '../base/clock.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Logger, Severity } from '../logging/index.ts';

export type NotifierState = 'free' | 'busy' | 'resting' | 'mute' | 'closed';
type NotifierEvent = 'go' | 'done' | 'failed' | 'again' | 'missing' | 'end';

export const notifierTable: StateTable<NotifierState, NotifierEvent> = {
  free: { go: 'busy', end: 'closed' },
  busy: { done: 'free', failed: 'resting', missing: 'mute', end: 'closed' },
  resting: { again: 'free', end: 'closed' },
  mute: { end: 'closed' },
  closed: {},
};

/** systemd-notify waits for an answer itself, 5 s at most; so many ms are enough for it. */
const childTime = 8_000;
/** Pauses after failures: the first and the longest, in ms. */
const rest = { first: 1_000, most: 60_000 };
/** Bytes of its complaint that are logged. */
const longestComplaint = 500;
/** There is no such program, or it cannot be run: trying again would not help. */
const hopeless: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'ENOTDIR', 'ENOEXEC']);

export interface NotifierSettings {
  /** Of the connection, for the log. */
  readonly name: string;
  readonly program: string;
  /** NOTIFY_SOCKET. */
  readonly socket: string;
  readonly path: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A state, and what is said with it. */
interface Note {
  readonly state: string;
  readonly words: readonly string[];
}

export class Notifier {
  /** Calls of the program that went well, and others. */
  told = 0;
  failed = 0;
  readonly #settings: NotifierSettings;
  readonly #machine = new StateMachine(notifierTable, 'free');
  #states: Note[] = [];
  readonly #extras = new Map<string, string>();
  #failures = 0;
  #child: ChildProcess | undefined;
  #cancel: Cancel = () => undefined;
  #quiet: (() => void) | undefined;

  constructor(settings: NotifierSettings) {
    this.#settings = settings;
  }

  get state(): NotifierState {
    return this.#machine.state;
  }

  /** READY, RELOADING or STOPPING, and what belongs to it. */
  sayState(state: string, ...words: readonly string[]): void {
    const same = this.#states.findIndex(note => note.state === state);
    if (same >= 0) this.#states = this.#states.slice(0, same);
    this.#states.push({ state, words });
    this.#go();
  }

  /** STATUS or WATCHDOG. */
  say(name: string, value: string): void {
    this.#extras.set(name, value);
    this.#go();
  }

  /** Calls back when all was said, or after so many ms, whichever is first; what is left then is given up. */
  finish(deadline: number, quiet: () => void): void {
    const cancel = this.#settings.clock.after(deadline, () => {
      this.#log('warn', `systemd-notify did not end within ${deadline} ms`);
      this.end();
    });
    this.#quiet = () => {
      cancel();
      this.#quiet = undefined;
      quiet();
    };
    if (this.state === 'resting') this.end();
    else this.#go();
  }

  /** Ends now. */
  end(): void {
    if (!this.#machine.attempt('end')) return;
    this.#cancel();
    this.#child?.kill('SIGKILL');
    this.#quiet?.();
  }

  #go(): void {
    const nothing = this.#states.length + this.#extras.size === 0;
    if (this.state === 'mute' || (nothing && this.state !== 'busy')) return this.#quiet?.();
    if (nothing || !this.#machine.attempt('go')) return;
    const note = this.#states.shift();
    const extras = [...this.#extras].map(([name, value]) => `${name}=${value}`);
    this.#extras.clear();
    this.#run(note, [...(note === undefined ? [] : [`${note.state}=1`, ...note.words]), ...extras]);
  }

  #run(note: Note | undefined, words: readonly string[]): void {
    const { program, socket, path, clock } = this.#settings;
    const env = { NOTIFY_SOCKET: socket, ...(path === undefined ? {} : { PATH: path }) };
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env });
    let complaint = '';
    let late = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(0, longestComplaint);
    });
    this.#child = child;
    this.#cancel = clock.after(childTime, () => {
      late = `it took longer than ${childTime} ms`;
      child.kill('SIGKILL');
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined && hopeless.has(error.code ?? '')) this.#missing(error);
      else complaint ||= error.message;
    });
    // Not `exit`: its complaint may come later than that.
    child.once('close', (code, signal) => {
      const reason = late || complaint.trim() || `exit code ${code ?? signal}`;
      if (this.state === 'busy') this.#over(note, words, code === 0 ? undefined : reason);
    });
  }

  #over(note: Note | undefined, words: readonly string[], reason: string | undefined): void {
    this.#child = undefined;
    this.#cancel();
    if (reason === undefined) {
      this.told += 1;
      this.#failures = 0;
      this.#machine.step('done');
      return this.#go();
    }
    this.failed += 1;
    this.#failures += 1;
    if (this.#failures === 1) this.#log('warn', `systemd was not told ${words.join(' ')}: ${reason}`);
    this.#machine.step('failed');
    if (this.#quiet !== undefined) return this.end();
    if (note !== undefined && !this.#states.some(({ state }) => state === note.state)) this.#states.unshift(note);
    const pause = Math.min(rest.most, rest.first * 2 ** (this.#failures - 1));
    this.#cancel = this.#settings.clock.after(pause, () => {
      this.#machine.step('again');
      this.#go();
    });
  }

  #log(severity: Severity, text: string): void {
    const { logger, name } = this.#settings;
    logger.log(severity, text, { connection: name });
  }

  #missing(error: Error): void {
    this.#child = undefined;
    this.#cancel();
    this.failed += 1;
    this.#machine.step('missing');
    const { program } = this.#settings;
    const advice = 'systemd is told nothing, the service goes on (systemd-notify is in the package systemd)';
    this.#log('error', `NOTIFY_SOCKET is set, but ${program} cannot be run: ${error.message}: ${advice}`);
    this.#go();
  }
}
