// A signal of the operating system.
//
//   idle ─start▶ listening ─stop▶ closed        idle ─stop▶ closed
//
// Once it is stopped, the system's own way with the signal holds again: after
// `communicator.stop()` a second SIGTERM or SIGINT therefore ends the process at once.
//
// What can be caught is all that the system has, but for those that `refusals` has a reason for. Two are node's own:
// SIGUSR1 starts its inspector, until it is caught here, and SIGPIPE it ignores, also after it was caught here.

import { constants } from 'node:os';
import { reasonOf, UsageError } from '../base/errors.ts';
import { guarded } from '../base/guard.ts';
import { refuseUnknown } from '../base/options.ts';
import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { ConnectionOptions, Owner, Unfinished } from './connection.ts';
import { Connection, nothingUnfinished } from './connection.ts';

export type SignalState = 'idle' | 'listening' | 'closed';
type SignalEvent = 'start' | 'stop';

export const signalTable: StateTable<SignalState, SignalEvent> = {
  idle: { start: 'listening', stop: 'closed' },
  listening: { stop: 'closed' },
  closed: {},
};

/** Node does not stay alive for a signal; this timer, of 24 days, is what keeps it. */
const longestInterval = 2 ** 31 - 1;
const nobody = 'the system lets nobody catch it';
const fault = 'it tells of a fault of the process, to which a handler would return for ever';
/** Why a signal cannot be handled. */
const refusals: { readonly [signal: string]: string } = {
  SIGKILL: nobody,
  SIGSTOP: nobody,
  SIGBUS: fault,
  SIGFPE: fault,
  SIGILL: fault,
  SIGSEGV: fault,
};

/** Without a listener the system's own way would hold again, which ends the process that writes to who is gone. */
const stillIgnored = (): void => undefined;

export class Signal extends Connection<{ close: [] }> {
  readonly #signal: NodeJS.Signals;
  readonly #handler: (signal: NodeJS.Signals) => unknown;
  readonly #machine = new StateMachine(signalTable, 'idle');
  readonly #received = (): void => this.#handle();
  #count = 0;
  #awake: NodeJS.Timeout | undefined;

  /** @throws UsageError INVALID_VALUE, UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => unknown, options: ConnectionOptions = {}) {
    super('signal', { name: options.name ?? signal, priority: options.priority });
    refuseUnknown('signal', { name: 0, priority: 0 }, options);
    checkSignal(signal);
    this.#signal = signal;
    this.#handler = handler;
  }

  get state(): SignalState {
    return this.#machine.state;
  }

  get unfinished(): Unfinished {
    return nothingUnfinished;
  }

  stop(): void {
    if (!this.#machine.attempt('stop')) return;
    if (this.#signal === 'SIGPIPE') process.off('SIGPIPE', stillIgnored).on('SIGPIPE', stillIgnored);
    process.off(this.#signal, this.#received);
    clearInterval(this.#awake);
    this.over();
  }

  destroy(): void {
    this.stop();
  }

  protected override begin(_owner: Owner): void {
    this.#machine.step('start');
    if (this.#signal === 'SIGUSR1') {
      this.log('warn', 'SIGUSR1 no longer starts the inspector of node');
    }
    process.on(this.#signal, this.#received);
    this.#awake = setInterval(() => undefined, longestInterval);
  }

  protected override details(): object {
    return { count: this.#count };
  }

  #handle(): void {
    if (!this.enabled) return;
    this.#count += 1;
    const failed = (error: unknown): void => {
      this.owner?.logger.log('error', `handler of ${this.#signal} failed: ${reasonOf(error)}`, { error });
    };
    guarded(() => this.#handler(this.#signal), failed);
  }
}

function checkSignal(signal: string): void {
  const reason = Object.hasOwn(constants.signals, signal) ? refusals[signal] : 'this system has no such signal';
  if (reason !== undefined) throw new UsageError('INVALID_VALUE', `${signal} cannot be caught: ${reason}`);
}
