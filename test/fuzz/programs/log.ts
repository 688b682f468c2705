// The daemon's log: counted, not written. What is an error of the runtime itself is kept.

import { CommunicatorError, UsageError } from '../../../lib/base/errors.ts';
import type { Logger, Severity } from '../../../lib/index.ts';

/** Handlers that fail on purpose. */
const onPurpose = /^handler of (THROW|REJECT|ODD|OBS\w*) failed/;
/** An event of a link that is sent on to who takes nothing. */
const eventLost = /^\w+_event is lost: /;
const handlerFailed = /^handler of .* failed/;
const mostKept = 50;

export class CountedLog implements Logger {
  readonly counts: Partial<Record<Severity, number>> = {};
  /** Lines that were no messages, or not to be acted on. */
  refused = 0;
  /** Errors that nobody asked for. */
  readonly faults: string[] = [];

  log(severity: Severity, message: string, fields: object = {}): void {
    this.counts[severity] = (this.counts[severity] ?? 0) + 1;
    if (message.startsWith('refused: ')) this.refused += 1;
    if (severity !== 'error' && severity !== 'fatal') return;
    const { error } = fields as { error?: unknown };
    if (onPurpose.test(message)) return;
    // A handler of ours does not mind that its peer has gone, or takes nothing.
    const expected = error instanceof CommunicatorError && !(error instanceof UsageError);
    if ((handlerFailed.test(message) || eventLost.test(message)) && expected) return;
    if (this.faults.length < mostKept) this.faults.push(`${message} ${error instanceof Error ? error.stack : ''}`);
  }

  isLevelEnabled(): boolean {
    return true;
  }

  reopen(): void {
    this.counts.trace = (this.counts.trace ?? 0) + 1;
  }
}
