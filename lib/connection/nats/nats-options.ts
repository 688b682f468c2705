// What a connection to NATS can be told, and what becomes of it.

import type { Pause } from '../../base/backoff.ts';
import { checkedPause } from '../../base/backoff.ts';
import type { Given } from '../../base/options.ts';
import { inRange, refuseUnknown, withDefaults } from '../../base/options.ts';
import type { QueueLimits } from '../../base/queue.ts';
import { checkedQueue, queueDefaults } from '../../base/queue.ts';
import { heartbeatDefaults } from '../../session/index.ts';
import type { LoginSource, NatsDial } from '../../transport/nats/index.ts';
import { checkDial } from '../../transport/nats/index.ts';
import type { ConnectionOptions } from '../connection.ts';
import { dialTime } from '../parts/dial.ts';

export interface NatsLimits {
  /** Longest attempt at one server, in ms. @default 10_000 */
  readonly dial: number;
  /** Silence in ms before the server is asked for a sign of life; at three times this it is left. @default 5_000 */
  readonly ask: number;
  /** How long what a server in its lame duck time still has for us is waited for, in ms. @default 2_000 */
  readonly move: number;
}

const natsLimits: NatsLimits = { dial: dialTime, ask: heartbeatDefaults.ask, move: 2_000 };

export interface NatsOptions extends ConnectionOptions {
  /** Who we are, in one of the ways of `NatsLogin`; a function is asked at each dial. */
  readonly login?: LoginSource | undefined;
  /** Authorities and our certificate. Given, the way must be secure; without it, it is where the server wants it. */
  readonly tls?: NatsDial['tls'];
  /** Limits of what waits for the connection, or for the server to confirm it, and what happens when it is full. */
  readonly outbox?: Given<QueueLimits> | undefined;
  /** Pauses between attempts. */
  readonly pause?: Given<Pause> | undefined;
  readonly limits?: Given<NatsLimits> | undefined;
}

const known: { [K in keyof Required<NatsOptions>]: 0 } = {
  name: 0,
  priority: 0,
  login: 0,
  tls: 0,
  outbox: 0,
  pause: 0,
  limits: 0,
};

export interface NatsSettings {
  readonly outbox: QueueLimits;
  readonly pause: Pause;
  readonly limits: NatsLimits;
}

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function settleNats(options: NatsOptions): NatsSettings {
  refuseUnknown('nats', known, options);
  checkDial(options.login, options.tls);
  const limits = withDefaults('limits', natsLimits, options.limits);
  for (const [name, value] of Object.entries(limits)) inRange(`limit ${name}`, value, 1, 2 ** 31 - 1);
  return { outbox: checkedQueue(queueDefaults, options.outbox), pause: checkedPause(options.pause), limits };
}
