// The logger that a program gave, with its failures kept from everybody who logs.

import { guarded } from '../base/guard.ts';
import { LogFailures } from './log-failures.ts';
import type { Logger, Severity } from './logger.ts';

/** A logger as programs give one. */
export interface GivenLogger extends Logger {
  reopen?(): void;
  /** Lines that it lost by itself. */
  readonly failures?: number;
}

export class SteadyLogger implements Logger {
  readonly #logger: GivenLogger;
  readonly #failures = new LogFailures();
  readonly #failed = (error: unknown): void => this.#failures.note(error);

  constructor(logger: GivenLogger) {
    this.#logger = logger;
  }

  /** How often it failed. */
  get failures(): number {
    return this.#failures.count + (this.#logger.failures ?? 0);
  }

  log(severity: Severity, message: string, fields?: object): void {
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
