// The other side: takes messages by a wire and counts them, for each link apart.

import { openSync, writeSync } from 'node:fs';
import { wireOf } from '../peers/wires.ts';
import { serve } from '../stage/child.ts';
import { pause } from '../stage/pace.ts';
import type { Counts } from '../stage/tally.ts';
import { Tally } from '../stage/tally.ts';

export interface ReceiverOpening {
  readonly port: number;
  readonly dead?: number | undefined;
  /** Each number is written into this file before its message counts as handled. */
  readonly journal?: string | undefined;
  /** Handling one message takes so many ms. */
  readonly slow?: number | undefined;
}

export interface ReceiverFigures extends Counts {
  /** For each link, when something came. */
  readonly arrivals: readonly (readonly number[])[];
}

const tallies: Tally[] = [];

function tallyOf(link: number): Tally {
  const tally = tallies[link] ?? new Tally();
  tallies[link] = tally;
  return tally;
}

async function open({ port, dead, journal, slow = 0 }: ReceiverOpening): Promise<number> {
  const file = journal === undefined ? undefined : openSync(journal, 'a');
  const took = (link: number, number: number): void | Promise<void> => {
    if (file !== undefined) writeSync(file, `${link} ${number}\n`);
    tallyOf(link).take(number);
    return slow > 0 ? pause(slow) : undefined;
  };
  return wireOf(process.argv[2] ?? '').receive({ port, took, dead });
}

function figures(): ReceiverFigures {
  const sum = { received: 0, distinct: 0, duplicated: 0, reordered: 0 };
  for (const { counts } of tallies) {
    for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name];
  }
  return { ...sum, arrivals: tallies.map(({ arrivals }) => arrivals) };
}

serve({ open, figures });
