// What is wrong with the way between a client and a server, as one value that is replaced whole.

import type { Address } from '../base/address.ts';

/** Which way bytes go through a proxy. */
export type Direction = 'to server' | 'to client';

export interface Faults {
  /** Directions in which nothing passes. */
  readonly frozen: ReadonlySet<Direction>;
  /** Each chunk passes so many ms after it came. */
  readonly delay: number;
  /** Most bytes per second, for each link and direction. */
  readonly rate: number;
  /** Most bytes in one piece. */
  readonly split: number;
}

/** Longest delay: one day, in ms. */
export const longestDelay = 86_400_000;

/** A way on which all is well. */
export const noFaults: Faults = {
  frozen: new Set(),
  delay: 0,
  rate: Number.POSITIVE_INFINITY,
  split: Number.POSITIVE_INFINITY,
};

/** Both directions, or the one given. */
export function directions(which: Direction | 'both'): readonly Direction[] {
  return which === 'both' ? ['to server', 'to client'] : [which];
}

/** Where a proxy listens that was not told where: on a free port, or on a path of its own. */
export function beside({ scheme, path }: Address): Address {
  if (path !== '') return { scheme, host: '', port: 0, path: `${path}-proxy` };
  return { scheme, host: '127.0.0.1', port: 0, path };
}
