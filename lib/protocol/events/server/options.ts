// What a server of events can be told, and what becomes of it.

import type { Given } from '../../../base/options.ts';
import { refuseUnknown } from '../../../base/options.ts';
import type { ConnectionOptions } from '../../../connection/index.ts';
import { heartbeatDefaults } from '../../../session/index.ts';
import type { Place } from '../../../transport/zeromq/index.ts';
import { parsePlace } from '../../../transport/zeromq/index.ts';
import { checkedLimits, usualAddresses } from '../client/options.ts';
import type { Curve, CurveOptions } from '../session/security.ts';
import { settledCurve } from '../session/security.ts';

export interface EventsServerLimits {
  /** Longest frame in bytes; who sends a longer one loses the connection. @default 1 MiB */
  readonly frame: number;
  /**
   * Most events that are kept for one subscriber, and most that wait from one emitter. Past it everybody waits for a short
   * time, then that subscriber misses events. @default 1_000
   */
  readonly kept: number;
  /** Silence in ms after which another side is asked for a sign of life. @default 5_000 */
  readonly ask: number;
  /** Silence in ms after which its connection is dropped; 0: never. @default 15_000 */
  readonly dead: number;
}

export const eventsServerLimits: EventsServerLimits = { frame: 1024 * 1024, kept: 1_000, ...heartbeatDefaults };

export interface EventsServerOptions extends ConnectionOptions {
  /** Where events are taken; port 0 asks the system for one. @default tcp://127.0.0.1:9000 */
  readonly emitAddress?: string | undefined;
  /** Where they are published. @default tcp://127.0.0.1:9001 */
  readonly regAddress?: string | undefined;
  /** CURVE keys. @default on where an address is no loopback */
  readonly curve?: Curve | undefined;
  /** Allows an address that others can reach without keys. @default false */
  readonly insecure?: boolean | undefined;
  readonly limits?: Given<EventsServerLimits> | undefined;
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
  readonly limits: EventsServerLimits;
}

/** @throws UsageError INVALID_ADDRESS, INVALID_VALUE, OUT_OF_RANGE, UNKNOWN_OPTION */
export function settleServer(options: EventsServerOptions): EventsServerSettings {
  refuseUnknown('ensureServer', known, options);
  const { emitAddress = usualAddresses.emitAddress, regAddress = usualAddresses.regAddress } = options;
  const [emit, reg] = [parsePlace(emitAddress), parsePlace(regAddress)];
  const limits = checkedLimits(eventsServerLimits, options.limits);
  return { emit, reg, limits, curve: settledCurve(options.curve, options.insecure === true, [emit, reg]) };
}
