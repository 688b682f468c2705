// What a link is given: its limits, and the role whose link it is.

import type { Clock } from '../../base/clock.ts';
import type { Correspondent, Dispatcher } from '../../dispatcher/index.ts';
import type { Message } from '../../message/index.ts';
import type { Turns } from '../connection.ts';

/** Unsent bytes at which the other side counts as too slow, unless told otherwise: 16 MiB. */
export const unsentLimit: number = 16 * 1024 * 1024;

export interface LinkSettings {
  readonly dispatcher: Dispatcher;
  /** Handlers whose promises may run at the same time. */
  readonly concurrency: number;
  /** Longest line in bytes. */
  readonly longestLine: number;
  /** Unsent bytes at which the other side counts as too slow. */
  readonly unsentLimit: number;
  readonly drainTime: number;
  readonly clock: Clock;
  readonly turns: Turns;
}

/** Whose link it is. */
export interface LinkRole extends Correspondent {
  readonly priority: number;
  readonly enabled: boolean;
  /** Requests that wait for an answer. */
  readonly awaiting: number;
  /** Takes a message that answers a request. */
  answered(message: Message): boolean;
  /** The backlog is gone. */
  linkDrained(): void;
  /** Once, last. */
  linkClosed(reason: Error | undefined): void;
}
