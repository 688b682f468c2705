// What a client of events can be told, and what becomes of it.

import type { Given } from '../../../base/options.ts';
import { inRange, refuseUnknown, withDefaults } from '../../../base/options.ts';
import type { QueueLimits } from '../../../base/queue.ts';
import { queueDefaults } from '../../../base/queue.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import { checkedHeartbeat, checkedQueue } from '../../../connection/parts/client-options.ts';
import { heartbeatDefaults } from '../../../session/index.ts';
import type { Place } from '../../../transport/zeromq/index.ts';
import { parsePlace } from '../../../transport/zeromq/index.ts';
import type { Curve, CurveOptions } from '../session/security.ts';
import { settledCurve } from '../session/security.ts';
import type { ContentForm, SettledForm } from '../wire.ts';
import { settledForm } from '../wire.ts';

/** Where the Python original has its server. */
export const usualAddresses = { emitAddress: 'tcp://127.0.0.1:9000', regAddress: 'tcp://127.0.0.1:9001' } as const;

export interface EventsClientLimits {
  /** Longest frame in bytes; who sends a longer one loses the connection. @default 1 MiB */
  readonly frame: number;
  /** Most events in ZeroMQ's own hands, in either direction; more wait in the outbox, or at the server. @default 1_000 */
  readonly kept: number;
  /** Silence in ms after which the server is asked for a sign of life. @default 5_000 */
  readonly ask: number;
  /** Silence in ms after which the connection is dropped, and made anew; 0: never. @default 15_000 */
  readonly dead: number;
}

export const eventsClientLimits: EventsClientLimits = { frame: 1024 * 1024, kept: 1_000, ...heartbeatDefaults };

export interface EventsClientOptions extends ConnectionOptions {
  /** Where the server takes events. @default tcp://127.0.0.1:9000 */
  readonly emitAddress?: string | undefined;
  /** Where the server publishes them. @default tcp://127.0.0.1:9001 */
  readonly regAddress?: string | undefined;
  /** How content is written; each form is read. `json` between our own only. @default 'pickle' */
  readonly content?: ContentForm | undefined;
  /** CURVE keys. @default on where an address is no loopback */
  readonly curve?: Curve | undefined;
  /** Limits of what waits for the server. @default as a client's outbox */
  readonly outbox?: Given<QueueLimits> | undefined;
  readonly limits?: Given<EventsClientLimits> | undefined;
}

const known: { [K in keyof Required<EventsClientOptions>]: 0 } = {
  name: 0,
  priority: 0,
  emitAddress: 0,
  regAddress: 0,
  content: 0,
  curve: 0,
  outbox: 0,
  limits: 0,
};

export interface EventsClientSettings {
  readonly emit: Place;
  readonly reg: Place;
  readonly content: SettledForm;
  readonly curve: CurveOptions | undefined;
  readonly outbox: QueueLimits;
  readonly limits: EventsClientLimits;
}

/** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function settleClient(options: EventsClientOptions): EventsClientSettings {
  refuseUnknown('eventsClient', known, options);
  const { emitAddress = usualAddresses.emitAddress, regAddress = usualAddresses.regAddress, curve } = options;
  const [emit, reg] = [parsePlace(emitAddress), parsePlace(regAddress)];
  const limits = checkedLimits(eventsClientLimits, options.limits);
  return {
    emit,
    reg,
    content: settledForm(options.content),
    // To connect without keys is for the server to refuse.
    curve: settledCurve(curve, curve === false, [emit, reg]),
    outbox: checkedQueue(queueDefaults, options.outbox),
    limits,
  };
}

/** @throws UsageError OUT_OF_RANGE, UNKNOWN_OPTION */
export function checkedLimits<L extends EventsClientLimits>(defaults: L, given: Given<L> | undefined): L {
  const limits = withDefaults('limits', defaults, given);
  for (const [name, value] of Object.entries(limits)) {
    inRange(`limit ${name}`, value as number, name === 'dead' ? 0 : 1, 2 ** 31 - 1);
  }
  checkedHeartbeat(limits);
  return limits;
}
