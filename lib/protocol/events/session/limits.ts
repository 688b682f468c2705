// The limits that servers and clients have, the same for both.

import type { Given } from '../../../base/options.ts';
import { inRange, withDefaults } from '../../../base/options.ts';
import { checkedHeartbeat } from '../../../connection/link/link-role.ts';
import { heartbeatDefaults } from '../../../session/index.ts';

export interface EventsLimits {
  /** Longest frame in bytes; who sends a longer one loses the connection. @default 1 MiB */
  readonly frame: number;
  /**
   * Most events that ZeroMQ keeps for each other side, in either direction. A client's others wait in its outbox; a server
   * waits a little for a subscriber without room, and then passes it over. @default 1_000
   */
  readonly kept: number;
  /** Silence in ms after which another side is asked for a sign of life. @default 5_000 */
  readonly ask: number;
  /** Silence in ms after which its connection is dropped; 0: never. @default 15_000 */
  readonly dead: number;
}

export const eventsLimits: EventsLimits = { frame: 1024 * 1024, kept: 1_000, ...heartbeatDefaults };

/** @throws UsageError OUT_OF_RANGE, UNKNOWN_OPTION */
export function settledLimits(given: Given<EventsLimits> | undefined): EventsLimits {
  const limits = withDefaults('limits', eventsLimits, given);
  for (const [name, value] of Object.entries(limits)) {
    inRange(`limit ${name}`, value, name === 'dead' ? 0 : 1, 2 ** 31 - 1);
  }
  checkedHeartbeat(limits);
  return limits;
}
