// The other side works more slowly than this one sends: everybody waits, nobody dies, nothing is lost.

import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export function slowReader(quick: boolean): Fault {
  return {
    name: 'a reader that takes 1 ms or more for each of 2,000 msg/s',
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, peak: 32, 'links lost': 0 },
    run: () =>
      Stage.with({ proxied: false, receiver: { slow: 1 } }, async stage => {
        await stage.mark();
        await stage.go(2_000);
        await pause(quick ? 2_000 : 15_000);
        const figures = await stage.settled();
        const { downs } = await stage.sent();
        return { ...figures, 'links lost': downs[0]?.length ?? 0 };
      }),
  };
}
