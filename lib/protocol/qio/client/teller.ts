// Code of the program is run here: what it throws goes to `/error`, and disturbs nobody else.

import { reasonOf } from '../../../base/errors.ts';
import { guarded } from '../../../base/guard.ts';
import { codes } from '../wire.ts';
import type { Timing } from './options.ts';
import { QioError } from './types.ts';

export class Teller {
  readonly #clock: Timing;
  readonly #tellError: (error: QioError) => void;
  readonly #untold: (() => void)[] = [];

  constructor(clock: Timing, tellError: (error: QioError) => void) {
    this.#clock = clock;
    this.#tellError = tellError;
  }

  /** Runs it. Whoever listens to errors is not told its own. */
  run(path: string, code: () => unknown): void {
    guarded(code, cause => {
      if (path !== '/error') this.report(codes.failed, reasonOf(cause), path, { cause });
    });
  }

  report(code: number, errMsg: string | null, path = '', more?: { cause: unknown }): void {
    this.#tellError(new QioError(code, errMsg, path, more));
  }

  /** A turn later, because the program is in a call of its own now. */
  later(tell: () => void): void {
    if (this.#untold.push(tell) === 1) this.#clock.after(0, () => this.tellUntold());
  }

  /** What waits for its turn, now. */
  tellUntold(): void {
    for (const tell of this.#untold.splice(0)) tell();
  }
}
