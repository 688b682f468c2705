// Nothing passes for so long that the link dies of silence, and the next one too, before it could agree on anything.
//
// Then that one ends in a reset. Silence says nothing of what the other side knows: the session goes on.

import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export function frozenTwice(direction: 'to server' | 'to client', quick: boolean): Fault {
  const dead = quick ? 1_000 : 6_000;
  return {
    name: `frozen ${direction} past two silences of ${dead / 1_000} s, then RST`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, detect: dead + 500, recover: 5_000 },
    run: () =>
      Stage.with({ receiver: { dead }, sender: { dead } }, async stage => {
        await stage.mark();
        await stage.go(200);
        await pause(1_000);
        stage.begins();
        stage.proxy.freeze(direction);
        await pause(2.5 * dead);
        stage.proxy.reset();
        stage.ends();
        await stage.proxy.heal();
        await pause(1_000);
        return stage.settled();
      }),
  };
}
