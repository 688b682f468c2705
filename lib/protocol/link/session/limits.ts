// The limits that servers and clients have, the same for both.

import type { Given } from '../../../base/options.ts';
import { inRange, wholeInRange, withDefaults } from '../../../base/options.ts';

/** Of each link. */
export interface EndLimits {
  /**
   * Longest frame in bytes: a longer one that comes ends the link, one that is to go is refused (OUTBOX_FULL). Past the
   * 16 MiB of the transport only with a `websocket({ longest })` of one's own. @default 1 MiB
   */
  readonly frame: number;
  /** Unsent bytes on the socket; more ends the link. @default 16 MiB */
  readonly unsent: number;
  /** Handlers of one link whose promises run at the same time; then nothing is read from it. @default 1_000 */
  readonly handlers: number;
}

/** Of what a session keeps. */
export interface KeptLimits {
  /** Messages kept until the other side has them; more are refused (OUTBOX_FULL). @default 10_000 */
  readonly count: number;
  /** Their bytes. @default 16 MiB */
  readonly bytes: number;
}

export const endLimits: EndLimits = { frame: 1024 * 1024, unsent: 16 * 1024 * 1024, handlers: 1_000 };
export const keptLimits: KeptLimits = { count: 10_000, bytes: 16 * 1024 * 1024 };

/** What is in ms, and need not be whole. */
const times: ReadonlySet<string> = new Set(['dial', 'handshake', 'timeout', 'heartbeat']);

/** Each is 1 or more. @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function settledLimits<L extends { readonly [K in keyof L]: number }>(
  what: string,
  defaults: L,
  given: Given<L> | undefined,
): L {
  const limits = withDefaults(what, defaults, given);
  for (const [name, value] of Object.entries<number>(limits)) {
    const ranged = times.has(name) ? inRange : wholeInRange;
    ranged(`limit ${name}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  return limits;
}
