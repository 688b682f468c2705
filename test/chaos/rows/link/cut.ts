// The link is cut for a while, as by a cable: what was accepted arrives once and in order, and soon after the end.

import type { Bound, Fault, Figures } from '../../fault.ts';
import { together } from '../../fault.ts';
import type { WireName } from '../../peers/wires.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export interface Cut {
  readonly who?: WireName;
  /** Length of the cut in ms. */
  readonly length: number;
  readonly perSecond: number;
  /** Links at the same time, so that one cut shows many ways back. */
  readonly links?: number;
  /** Cuts, each with new links. */
  readonly times?: number;
  /** The way back may take so many ms. */
  readonly recover: number;
  /** Sending goes on for so many ms after the cut. @default 1_000 */
  readonly after?: number;
}

const rest = 1_000;

export function cut({ who = 'ours', length, perSecond, links = 1, times = 1, recover, after = rest }: Cut): Fault {
  const bound: Bound = who === 'ours' ? { lost: 0, duplicated: 0, reordered: 0, recover } : {};
  const once = (): Promise<Figures> =>
    Stage.with({ wire: who, links }, async stage => {
      await stage.mark();
      await stage.go(perSecond);
      await pause(rest);
      await stage.cut(length);
      await pause(after);
      return stage.settled();
    });
  const of = links > 1 ? ` on ${links} links` : '';
  return {
    name: `${length / 1_000} s cut, ${perSecond.toLocaleString('en-US')} msg/s${of}`,
    who,
    bound,
    run: async ({ progress }) => {
      const runs: Figures[] = [];
      for (let time = 1; time <= times; time += 1) {
        if (times > 1) progress(`  cut ${time} of ${times}`);
        runs.push(await once());
      }
      return together(runs);
    },
  };
}
