// No queue grows without end: its limits, and what happens at each.

import type { Given } from './options.ts';
import { inRange, oneOf, withDefaults } from './options.ts';

/** What happens to a message when the queue is full. */
export type FullPolicy = 'reject' | 'drop-oldest' | 'drop-newest';

export interface QueueLimits {
  /** Most entries. @default 10_000 */
  readonly count: number;
  /** Most bytes of all entries. @default 16 MiB */
  readonly bytes: number;
  /** Longest wait of an entry in ms. @default 300_000 */
  readonly age: number;
  /** What happens when full: the caller gets a LimitError, or the oldest or the newest is dropped. @default 'reject' */
  readonly whenFull: FullPolicy;
}

/** The limits of an outbox: 10,000 messages, 16 MiB, 5 minutes, and `reject`. */
export const queueDefaults: QueueLimits = {
  count: 10_000,
  bytes: 16 * 1024 * 1024,
  age: 300_000,
  whenFull: 'reject',
};

const policies: readonly FullPolicy[] = ['reject', 'drop-oldest', 'drop-newest'];

/** Limits of an outbox. @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function checkedQueue<Q extends QueueLimits>(defaults: Q, given: Given<Q> | undefined): Q {
  const queue = withDefaults('outbox', defaults, given);
  inRange('outbox count', queue.count, 0, Number.MAX_SAFE_INTEGER);
  inRange('outbox bytes', queue.bytes, 0, Number.MAX_SAFE_INTEGER);
  oneOf('whenFull', queue.whenFull, policies);
  inRange('outbox age', queue.age, 1, Number.MAX_SAFE_INTEGER);
  return queue;
}
