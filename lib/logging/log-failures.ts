// What becomes of a logger that fails: it must disturb nobody, and where a log is lost there is no log to say so. So its
// failures are counted, and the first is told as a warning of the process (on the standard error, unless the program
// listens to `warning` of its process or was started with --no-warnings).

import { reasonOf } from '../base/errors.ts';

export class LogFailures {
  count = 0;

  note(error: unknown): void {
    this.count += 1;
    if (this.count > 1) return;
    process.emitWarning(`the logger failed: ${reasonOf(error)} (told once, then counted)`);
  }
}
