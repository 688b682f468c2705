// What a client of events can be told, and what becomes of it.

import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { QueueLimits } from '../../../base/queue.ts';
import { checkedQueue, queueDefaults } from '../../../base/queue.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { Place } from '../../../transport/zeromq/index.ts';
import { parsePlace } from '../../../transport/zeromq/index.ts';
import type { EventsLimits } from '../session/limits.ts';
import { settledLimits } from '../session/limits.ts';
import type { Curve, CurveOptions } from '../session/security.ts';
import { settledCurve } from '../session/security.ts';
import type { ContentForm, SettledForm } from '../wire.ts';
import { settledForm } from '../wire.ts';

/** Where the Python original has its server. */
export const usualAddresses = { emitAddress: 'tcp://127.0.0.1:9000', regAddress: 'tcp://127.0.0.1:9001' } as const;

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
  readonly limits?: Given<EventsLimits> | undefined;
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
  readonly limits: EventsLimits;
}

/** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function settleClient(options: EventsClientOptions): EventsClientSettings {
  refuseUnknown('eventsClient', known, options);
  const { emitAddress = usualAddresses.emitAddress, regAddress = usualAddresses.regAddress, curve } = options;
  const [emit, reg] = [parsePlace(emitAddress), parsePlace(regAddress)];
  return {
    emit,
    reg,
    content: settledForm(options.content),
    // To connect without keys is for the server to refuse.
    curve: settledCurve(curve, curve === false, [emit, reg]),
    outbox: checkedQueue(queueDefaults, options.outbox),
    limits: settledLimits(options.limits),
  };
}
