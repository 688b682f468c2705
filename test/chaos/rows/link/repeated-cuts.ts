// Short cuts one after the other, so that the way back is often broken again.

import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

const every = 300;
const length = 50;

export function repeatedCuts(quick: boolean): Fault {
  return {
    name: `a cut of ${length} ms every ${every} ms, 200 msg/s`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, recover: 5_000 },
    run: () =>
      Stage.with({}, async stage => {
        await stage.mark();
        await stage.go(200);
        await pause(500);
        const end = Date.now() + (quick ? 2_000 : 20_000);
        stage.begins();
        while (Date.now() < end) {
          await stage.proxy.cut();
          await pause(length);
          await stage.proxy.heal();
          await pause(every - length);
        }
        stage.ends();
        await pause(1_000);
        return stage.settled();
      }),
  };
}
