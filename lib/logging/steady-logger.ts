// The logger that a program gave, with its failures kept from everybody who logs, and its files from whoever floods them (often.ts).

import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { guarded } from '../base/guard.ts';
import { LogFailures } from './log-failures.ts';
import type { Logger, Severity } from './logger.ts';
import type { OftenFields } from './often.ts';
import { Often, often } from './often.ts';

/** A logger as programs give one. */
export interface GivenLogger extends Logger {
  reopen?(): void;
  /** Lines that it lost by itself. */
  readonly failures?: number;
}

export class SteadyLogger implements Logger {
  readonly #logger: GivenLogger;
  readonly #failures = new LogFailures();
  readonly #clock: Clock;
  readonly #often = new Often();
  readonly #failed = (error: unknown): void => this.#failures.note(error);

  constructor(logger: GivenLogger, clock: Clock = systemClock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** How often it failed. */
  get failures(): number {
    return this.#failures.count + (this.#logger.failures ?? 0);
  }

  log(severity: Severity, message: string, fields?: object): void {
    const kind = (fields as OftenFields | undefined)?.[often];
    if (kind === undefined || severity === 'debug' || severity === 'trace') return this.#log(severity, message, fields);
    const leftOut = this.#often.next(kind, this.#clock.now());
    if (leftOut !== undefined) this.#log(severity, message, leftOut === 0 ? fields : { ...fields, leftOut });
    else if (this.isLevelEnabled('debug')) this.#log('debug', message, fields);
  }

  #log(severity: Severity, message: string, fields?: object): void {
    guarded(() => this.#logger.log(severity, message, fields), this.#failed);
  }

  isLevelEnabled(severity: Severity): boolean {
    try {
      return this.#logger.isLevelEnabled(severity);
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** Goes on in new files, where it has any. @throws what the logger throws: whoever asked for it is told */
  reopen(): void {
    this.#logger.reopen?.();
  }
}
