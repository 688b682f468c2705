// What a cluster over NATS can be told.

import type { Clock } from '../../base/clock.ts';
import { systemClock } from '../../base/clock.ts';
import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { inRange, refuseUnknown, wholeInRange, withDefaults } from '../../base/options.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { queueDefaults } from '../../base/queue.ts';
import { isPrefix } from '../../connection/index.ts';
import type { PresenceTimes } from './presence/others.ts';

export interface KeptLimits {
  /** Most messages. @default 100_000 */
  readonly count: number;
  /** Most bytes. @default 256 MiB */
  readonly bytes: number;
  /** Longest time in ms. @default 86_400_000, a day */
  readonly age: number;
  /** Servers of NATS that hold a copy. @default 1 */
  readonly copies: number;
}

export interface NatsClusterOptions {
  /** What all subjects begin with: brokers with another prefix are another cluster. @default 'ed' */
  readonly prefix?: string | undefined;
  /** Private broadcasts (`?`) reach brokers of the same network alone. @default '' */
  readonly network?: string | undefined;
  /** One that is silent for `silent` ms is not there, after `forget` ms more it is forgotten. @default 5_000, 3_600_000 */
  readonly presence?: Given<PresenceTimes> | undefined;
  /** Limits of what waits for each of the other brokers; its age counts until the other side has told what became of it. */
  readonly outbox?: Given<QueueLimits> | undefined;
  /** Limits of what is kept for absent services. */
  readonly kept?: Given<KeptLimits> | undefined;
  /** @default the system's, monotonic */
  readonly clock?: Clock | undefined;
}

export interface ClusterSettings {
  readonly prefix: string;
  readonly network: string;
  readonly presence: PresenceTimes;
  readonly outbox: QueueLimits;
  readonly kept: KeptLimits;
  readonly clock: Clock;
}

const known = { prefix: 0, network: 0, presence: 0, outbox: 0, kept: 0, clock: 0 };
const day = 86_400_000;
const presenceDefaults: PresenceTimes = { beat: 1_000, silent: 5_000, forget: 3_600_000 };
const keptDefaults: KeptLimits = { count: 100_000, bytes: 256 * 1024 * 1024, age: day, copies: 1 };

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_NAME */
export function settleCluster(options: NatsClusterOptions): ClusterSettings {
  refuseUnknown('a cluster', known, options);
  const { prefix = 'ed', network = '', clock = systemClock } = options;
  if (!isPrefix(prefix)) throw new UsageError('INVALID_NAME', `"${prefix}" cannot be the prefix of subjects`);
  const presence = withDefaults('presence', presenceDefaults, options.presence);
  inRange('beat', presence.beat, 10, day);
  inRange('silent', presence.silent, presence.beat, day);
  inRange('forget', presence.forget, 0, Number.MAX_SAFE_INTEGER);
  const kept = withDefaults('kept', keptDefaults, options.kept);
  wholeInRange('kept count', kept.count, 1, Number.MAX_SAFE_INTEGER);
  wholeInRange('kept bytes', kept.bytes, 1, Number.MAX_SAFE_INTEGER);
  inRange('kept age', kept.age, 1_000, 365 * day);
  wholeInRange('kept copies', kept.copies, 1, 5);
  const outbox = withDefaults('outbox', queueDefaults, options.outbox);
  inRange('outbox count', outbox.count, 1, Number.MAX_SAFE_INTEGER);
  inRange('outbox bytes', outbox.bytes, 1, Number.MAX_SAFE_INTEGER);
  inRange('outbox age', outbox.age, 1, Number.MAX_SAFE_INTEGER);
  return { prefix, network, presence, outbox, kept, clock };
}
