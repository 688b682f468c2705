// A communicator for tests: memory transport, a log that can be read, and waits for conditions.

import type { CommunicatorOptions, Logger, Severity, Transports } from '../../lib/index.ts';
import { Communicator, memory } from '../../lib/index.ts';

export interface LogLine {
  readonly severity: Severity;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class LogBook implements Logger {
  readonly lines: LogLine[] = [];
  reopened = 0;

  log(severity: Severity, message: string, fields: object = {}): void {
    this.lines.push({ severity, message, fields: { ...fields } });
  }

  isLevelEnabled(): boolean {
    return true;
  }

  reopen(): void {
    this.reopened += 1;
  }

  /** The messages of one severity, or all. */
  texts(severity?: Severity): string[] {
    return this.lines
      .filter(line => severity === undefined || line.severity === severity)
      .map(({ message }) => message);
  }
}

export interface World {
  readonly communicator: Communicator;
  readonly log: LogBook;
  readonly transports: Transports;
}

/** A communicator with a network of its own; give `transports` of another world to be in the same network. */
export function world(options: CommunicatorOptions = {}): World {
  const log = new LogBook();
  const transports = options.transports ?? { memory: memory() };
  return { communicator: new Communicator({ logger: log, ...options, transports }), log, transports };
}

/** Waits until the condition holds; fails after 30 s with the words. */
export async function until(words: string, condition: () => boolean, deadline = 30_000): Promise<void> {
  const end = performance.now() + deadline;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain: ${words}`);
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}
