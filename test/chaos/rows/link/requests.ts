// Questions and their answers while the link is reset again and again: each question gets its answer, once.

import type { Fault } from '../../fault.ts';
import { quantile } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { randomOf } from '../../stage/seed.ts';
import { Stage } from '../../stage/stage.ts';

export function requests(quick: boolean): Fault {
  return {
    name: 'requests through RST every 150 ms on average',
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, 'slowest answer ms': 5_000 },
    run: () =>
      Stage.with({}, async stage => {
        const random = randomOf('requests');
        await stage.mark();
        await stage.go(200);
        const milliseconds = quick ? 2_000 : 20_000;
        const asking = stage.sender.ask<number[]>('asking', { perSecond: 200, milliseconds });
        let asked: 'going on' | 'over' = 'going on';
        const over = asking.finally(() => {
          asked = 'over';
        });
        over.catch(() => undefined); // it is awaited below
        while ((asked as string) === 'going on') {
          stage.proxy.reset();
          await pause(300 * random());
        }
        const waits = await over;
        return { ...(await stage.settled()), requests: waits.length, 'slowest answer ms': quantile(waits, 1) };
      }),
  };
}
