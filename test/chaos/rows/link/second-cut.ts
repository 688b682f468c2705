// A full outbox goes out, and in the middle of it the link is cut again.

import type { Fault } from '../../fault.ts';
import { pause, until } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

const perSecond = 4_000;

export function secondCut(quick: boolean): Fault {
  return {
    name: 'a second cut while the outbox of the first goes out',
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, recover: 5_000 },
    run: () =>
      Stage.with({}, async stage => {
        await stage.mark();
        await stage.go(perSecond);
        await pause(500);
        await stage.cut(quick ? 1_500 : 2_200);
        const { received } = await stage.received();
        await until(async () => (await stage.received()).received > received, 10_000);
        await stage.cut(300);
        return stage.settled();
      }),
  };
}
