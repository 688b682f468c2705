// The other side is stopped: its system still takes bytes and answers keepalives, it does not.
//
// Then somebody careless sends as fast as it goes. What the outbox cannot hold is refused, and the memory of the
// sender rises by twice the outbox at the most.

import type { Bound, Fault } from '../../fault.ts';
import type { WireName } from '../../peers/wires.ts';
import { pause, until } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export interface Frozen {
  readonly who?: WireName;
  /** Silence after which it counts as dead, in ms. */
  readonly dead: number;
  /** So long it is sent to, in ms. @default 5_000 */
  readonly flood?: number;
  /** Nobody waits for its detection longer than this, in ms. */
  readonly patience?: number;
}

const size = 1_024;
/** For the beat of timers and for work under way, in ms. */
const slack = 500;

export function frozen({ who = 'ours', dead, flood = 5_000, patience = 1.5 * dead }: Frozen): Fault {
  const limits = { lost: 0, duplicated: 0, reordered: 0, detect: dead + slack, recover: 5_000, peak: 32 };
  const bound: Bound = who === 'ours' ? limits : {};
  return {
    name: `SIGSTOP and ${flood / 1_000} s of unthrottled 1 KB sends (dead after ${dead / 1_000} s)`,
    who,
    bound,
    run: () =>
      Stage.with({ wire: who, proxied: false, receiver: { dead }, sender: { dead } }, async stage => {
        await warmUp(stage);
        await stage.mark();
        stage.begins();
        stage.peer.signal('SIGSTOP');
        await stage.sender.ask('flood', { milliseconds: flood, size });
        const noticed = async (): Promise<boolean> => ((await stage.sent()).downs[0]?.length ?? 0) > 0;
        await until(noticed, patience);
        stage.ends();
        stage.peer.signal('SIGCONT');
        return stage.settled();
      }),
  };
}

/** The first messages of a process cost memory that later ones do not. */
async function warmUp(stage: Stage): Promise<void> {
  await stage.go(5_000, { size });
  await pause(2_000);
  await stage.sender.ask('rest');
  await pause(500);
}
