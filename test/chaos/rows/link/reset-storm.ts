// RST again and again, at odd moments, while messages flow.

import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { randomOf } from '../../stage/seed.ts';
import { Stage } from '../../stage/stage.ts';

const perSecond = 2_000;
/** Ms between two resets, at the most. */
const longestPeace = 200;

export function resetStorm(quick: boolean): Fault {
  return {
    name: `RST every ${longestPeace / 2} ms on average, ${perSecond.toLocaleString('en-US')} msg/s`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, recover: 5_000 },
    run: () =>
      Stage.with({}, async stage => {
        const random = randomOf('resets');
        await stage.mark();
        await stage.go(perSecond);
        await pause(500);
        const end = Date.now() + (quick ? 2_000 : 15_000);
        stage.begins();
        while (Date.now() < end) {
          stage.proxy.reset();
          await pause(random() * longestPeace);
        }
        stage.ends();
        await pause(1_000);
        return stage.settled();
      }),
  };
}
