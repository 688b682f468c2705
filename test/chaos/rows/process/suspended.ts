// This process itself is stopped for longer than a silence of others may last, and wakes: it was away, they were not.
//
// The other side is told to be patient (else it would be right to drop this one); the links must be the same ones.

import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export function suspended(how: 'SIGSTOP' | 'a blocked loop', quick: boolean): Fault {
  const away = quick ? 3_000 : 20_000;
  const dead = quick ? 2_000 : 15_000;
  const name = how === 'SIGSTOP' ? 'suspended by SIGSTOP' : 'its loop blocked';
  return {
    name: `the sender ${name} for ${away / 1_000} s (dead after ${dead / 1_000} s)`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, 'links lost': 0 },
    run: () =>
      Stage.with({ links: 20, receiver: { dead: 10 * dead }, sender: { dead } }, async stage => {
        await stage.mark();
        await stage.go(200);
        await pause(1_000);
        if (how === 'SIGSTOP') {
          stage.sender.signal('SIGSTOP');
          await pause(away);
          stage.sender.signal('SIGCONT');
        } else {
          await stage.sender.ask('block', { milliseconds: away });
        }
        await pause(2_000);
        const figures = await stage.settled();
        const { downs } = await stage.sent();
        return { ...figures, 'links lost': downs.reduce((all, times) => all + times.length, 0) };
      }),
  };
}
