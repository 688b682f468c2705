// Sides that are compared take short turns, in another order each time, so that a noisy neighbour hits all.

import type { Child } from './child.ts';
import type { Rounds } from './row.ts';
import { median } from './row.ts';

/** What each side showed when all had had a turn. */
export type Turn<S extends string, F extends string> = { readonly [side in S]: { readonly [figure in F]: number } };

/** Each has a turn, one after another; which is first goes by the number. */
export async function turnOf<P extends { readonly side: string }, F extends string>(
  parties: readonly P[],
  number: number,
  play: (party: P) => Promise<{ readonly [figure in F]: number }>,
): Promise<Turn<P['side'], F>> {
  const first = number % parties.length;
  const shown: [P['side'], { readonly [figure in F]: number }][] = [];
  for (const party of [...parties.slice(first), ...parties.slice(0, first)]) {
    shown.push([party.side, await play(party)]);
  }
  return Object.fromEntries(shown) as Turn<P['side'], F>;
}

/** So many turns of each. */
export async function turnsOf<P extends { readonly side: string }, F extends string>(
  parties: readonly P[],
  count: number,
  play: (party: P) => Promise<{ readonly [figure in F]: number }>,
): Promise<Turn<P['side'], F>[]> {
  const turns: Turn<P['side'], F>[] = [];
  for (let number = 0; number < count; number += 1) turns.push(await turnOf(parties, number, play));
  return turns;
}

/** A figure of a side: the median of its turns. */
export function middle<S extends string, F extends string>(turns: readonly Turn<S, F>[], side: S, figure: F): number {
  return median(turns.map(turn => turn[side][figure]));
}

/** For a row: a figure of two sides, round by round, and the medians of what the turns had between the two. */
export function compared<S extends string, F extends string>(
  rounds: readonly (readonly Turn<S, F>[])[],
  figure: F,
  ours: S,
  other: S,
): [Rounds, number[]] {
  return [
    {
      ours: rounds.map(turns => middle(turns, ours, figure)),
      other: rounds.map(turns => middle(turns, other, figure)),
    },
    rounds.map(turns => median(turns.map(turn => turn[ours][figure] / turn[other][figure]))),
  ];
}

/** Keeps them all on the first processor, where the system has `taskset`; says where they are. */
export function pinned(children: readonly Child[]): 'on one processor' | 'on any processor' {
  return children.map(child => child.pin(0)).every(done => done) ? 'on one processor' : 'on any processor';
}
