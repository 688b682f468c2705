// Messages of a client that wait for its link, within stated limits. What leaves without being sent is reported.

import type { Cancel, Clock } from '../../base/clock.ts';
import type { CommunicatorError, LimitError } from '../../base/errors.ts';
import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { inRange, withDefaults } from '../../base/options.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { BoundedQueue, queueDefaults } from '../../base/queue.ts';
import type { Message } from '../../message/index.ts';
import { encode } from '../../message/index.ts';

export type OutboxLimits = QueueLimits;

const fullPolicies: ReadonlySet<string> = new Set(['reject', 'drop-oldest', 'drop-newest']);

export class Outbox {
  dropped = 0;
  expired = 0;
  readonly #queue: BoundedQueue<Message<unknown>>;
  readonly #clock: Clock;
  readonly #lost: (message: Message<unknown>, reason: CommunicatorError) => void;
  #expiry: Cancel | undefined;

  /** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
  constructor(
    given: Given<OutboxLimits> | undefined,
    clock: Clock,
    lost: (message: Message<unknown>, reason: CommunicatorError) => void,
  ) {
    const limits = checkedLimits(given);
    this.#clock = clock;
    this.#lost = lost;
    this.#queue = new BoundedQueue(limits, clock, (message, reason: LimitError) => {
      if (reason.code === 'EXPIRED') this.expired += 1;
      else this.dropped += 1;
      lost(message, reason);
    });
  }

  get length(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** @throws LimitError OUTBOX_FULL */
  push(message: Message<unknown>): void {
    this.#queue.push(message, Buffer.byteLength(encode(message)) + 1);
    this.#watch();
  }

  /** Takes a message back; false where it has gone already. */
  withdraw(message: Message<unknown>): boolean {
    return this.#queue.remove(message);
  }

  /** The oldest, taken out. */
  shift(): Message<unknown> | undefined {
    this.#queue.expire();
    return this.#queue.shift();
  }

  /** Throws all away, tells of each, and says how much it was. */
  clear(reason: CommunicatorError): number {
    this.#expiry?.();
    this.#expiry = undefined;
    let count = 0;
    for (let message = this.#queue.shift(); message !== undefined; message = this.#queue.shift()) {
      count += 1;
      this.#lost(message, reason);
    }
    return count;
  }

  /** One timer at the most, and none while nothing waits. */
  #watch(): void {
    const next = this.#queue.nextExpiry;
    if (this.#expiry !== undefined || next === undefined) return;
    this.#expiry = this.#clock.after(Math.max(next, 1), () => {
      this.#expiry = undefined;
      this.#queue.expire();
      this.#watch();
    });
  }
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function checkedLimits(given: Given<OutboxLimits> | undefined): OutboxLimits {
  const limits = withDefaults('outbox', queueDefaults, given);
  inRange('outbox count', limits.count, 0, Number.MAX_SAFE_INTEGER);
  inRange('outbox bytes', limits.bytes, 0, Number.MAX_SAFE_INTEGER);
  if (!fullPolicies.has(limits.whenFull)) {
    throw new UsageError(
      'INVALID_VALUE',
      `whenFull is ${limits.whenFull}, it must be one of ${[...fullPolicies].join(', ')}`,
    );
  }
  inRange('outbox age', limits.age, 1, Number.MAX_SAFE_INTEGER);
  return limits;
}
