// One direction is dead, and nothing says so: no byte arrives, no socket closes.

import type { Fault } from '../../fault.ts';
import { pause, until } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

/** For the beat of timers and for work under way, in ms. */
const patience = 500;

export function oneWay(direction: 'to server' | 'to client', quick: boolean): Fault {
  const dead = quick ? 2_000 : 15_000;
  return {
    name: `frozen ${direction} (dead after ${dead / 1_000} s)`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, detect: dead + patience, recover: 5_000 },
    run: () =>
      Stage.with({ receiver: { dead }, sender: { dead } }, async stage => {
        await stage.mark();
        await stage.go(200);
        await pause(1_000);
        stage.begins();
        stage.proxy.freeze(direction);
        await until(async () => ((await stage.sent()).downs[0]?.length ?? 0) > 0, 1.5 * dead);
        stage.ends();
        await stage.proxy.heal();
        await pause(1_000);
        return stage.settled();
      }),
  };
}
