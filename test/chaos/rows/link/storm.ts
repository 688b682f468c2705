// Everything that can happen to a link, in an order that nobody thought of: the seed chooses faults and lengths.

import type { FaultProxy } from '../../../../lib/testkit/index.ts';
import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { randomOf } from '../../stage/seed.ts';
import { Stage } from '../../stage/stage.ts';

type Random = () => number;

/** Ms that a fault lasts at the most; longer than silence may last, so that links die of it now and then. */
const longest = 1_500;
const dead = 1_000;

const nemeses: readonly ((proxy: FaultProxy, random: Random) => unknown)[] = [
  proxy => proxy.cut(),
  proxy => proxy.reset(),
  proxy => proxy.refuse(),
  proxy => proxy.freeze('to server'),
  proxy => proxy.freeze('to client'),
  proxy => proxy.freeze('both'),
  (proxy, random) => proxy.delay(Math.ceil(200 * random())),
  (proxy, random) => proxy.rate(5_000 + 100_000 * random()),
  (proxy, random) => proxy.split(1 + Math.floor(20 * random())),
];

export function storm(quick: boolean): Fault {
  const seconds = quick ? 5 : 60;
  return {
    name: `${seconds} s of faults by chance, 1,000 msg/s`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, recover: 5_000 },
    run: ({ progress }) =>
      Stage.with({ links: 4, receiver: { dead }, sender: { dead } }, async stage => {
        const random = randomOf('storm');
        await stage.mark();
        await stage.go(1_000);
        await pause(500);
        const end = Date.now() + 1_000 * seconds;
        stage.begins();
        for (let count = 1; Date.now() < end; count += 1) {
          await nemeses[Math.floor(random() * nemeses.length)]?.(stage.proxy, random);
          await pause(longest * random() ** 2);
          if (random() < 0.7) await stage.proxy.heal();
          await pause(300 * random());
          if (count % 20 === 0) progress(`  ${count} faults`);
        }
        await stage.proxy.heal();
        stage.ends();
        await pause(1_000);
        return stage.settled();
      }),
  };
}
