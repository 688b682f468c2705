// What a server of events can be told, and what becomes of it.

import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import type { Place } from '../../../transport/zeromq/index.ts';
import { parsePlace } from '../../../transport/zeromq/index.ts';
import { usualAddresses } from '../client/options.ts';
import type { EventsLimits } from '../session/limits.ts';
import { settledLimits } from '../session/limits.ts';
import type { Curve, CurveOptions } from '../session/security.ts';
import { settledCurve } from '../session/security.ts';

export interface EventsServerOptions extends ConnectionOptions {
  /** Where events are taken; port 0 asks the system for one. @default tcp://127.0.0.1:9000 */
  readonly emitAddress?: string | undefined;
  /** Where they are published. @default tcp://127.0.0.1:9001 */
  readonly regAddress?: string | undefined;
  /** CURVE keys. @default on where an address is no loopback */
  readonly curve?: Curve | undefined;
  /** Allows an address that others can reach without keys. @default false */
  readonly insecure?: boolean | undefined;
  readonly limits?: Given<EventsLimits> | undefined;
}

const known: { [K in keyof Required<EventsServerOptions>]: 0 } = {
  name: 0,
  priority: 0,
  emitAddress: 0,
  regAddress: 0,
  curve: 0,
  insecure: 0,
  limits: 0,
};

export interface EventsServerSettings {
  readonly emit: Place;
  readonly reg: Place;
  readonly curve: CurveOptions | undefined;
  readonly limits: EventsLimits;
}

/** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function settleServer(options: EventsServerOptions): EventsServerSettings {
  refuseUnknown('ensureServer', known, options);
  const { emitAddress = usualAddresses.emitAddress, regAddress = usualAddresses.regAddress } = options;
  const [emit, reg] = [parsePlace(emitAddress), parsePlace(regAddress)];
  return {
    emit,
    reg,
    limits: settledLimits(options.limits),
    curve: settledCurve(options.curve, options.insecure === true, [emit, reg]),
  };
}
