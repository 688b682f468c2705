// How long to wait before the next attempt: pure, so that a test can list the waits.

import type { Given } from './options.ts';
import { inRange, withDefaults } from './options.ts';

export interface Pause {
  /** Longest pause after the first failure, in ms. @default 50 */
  readonly first: number;
  /** Longest pause of all, in ms. @default 5_000 */
  readonly most: number;
  /** Each pause may be this many times the one before. @default 2 */
  readonly factor: number;
  /** The share of each pause that is random, 0 to 1; 1 is full jitter, also at the cap. @default 1 */
  readonly jitter: number;
  /** A list of longest pauses in ms to use instead; its last entry stays in force. @default none */
  readonly list: readonly number[] | undefined;
  /** A link that lived this long, in ms, starts the pauses anew. @default 10_000 */
  readonly stable: number;
  /**
   * While a session waits at the other side, which remembers it for a limited time, no pause is longer than this share
   * of the outage so far (but `first` is always allowed): after a cut of 3 s the client is back within 0.5 s. Not with
   * a `list`. @default 1/8
   */
  readonly hurry: number;
}

/** The defaults: 50 ms to 5 s, doubling, full jitter, anew after 10 s of a stable link. */
export const pauseDefaults: Pause = {
  first: 50,
  most: 5_000,
  factor: 2,
  jitter: 1,
  list: undefined,
  stable: 10_000,
  hurry: 1 / 8,
};

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE */
export function checkedPause(given: Given<Pause> | undefined): Pause {
  const pause = withDefaults('pause', pauseDefaults, given);
  inRange('pause first', pause.first, 0, Number.MAX_SAFE_INTEGER);
  inRange('pause most', pause.most, 0, Number.MAX_SAFE_INTEGER);
  inRange('pause factor', pause.factor, 1, 1_000);
  inRange('pause jitter', pause.jitter, 0, 1);
  inRange('pause hurry', pause.hurry, 0, 1);
  inRange('pause stable', pause.stable, 0, Number.MAX_SAFE_INTEGER);
  for (const entry of pause.list ?? []) inRange('an entry of the pause list', entry, 0, Number.MAX_SAFE_INTEGER);
  return pause;
}

/**
 * The pause in ms after `failures` failures in a row (at least 1). `random` gives 0 up to 1; `outage` is how long the
 * link has been away, in ms, where a session waits.
 */
export function pauseAfter(failures: number, pause: Pause, random: () => number, outage?: number): number {
  const { first, most, factor, jitter, list, hurry } = pause;
  if (list !== undefined && list.length > 0) {
    return (list[Math.min(failures, list.length) - 1] ?? most) * (1 - jitter * random());
  }
  const doubled = Math.min(most, first * factor ** Math.min(failures - 1, 60));
  const longest = outage === undefined ? doubled : Math.min(doubled, Math.max(first, outage * hurry));
  return longest * (1 - jitter * random());
}
