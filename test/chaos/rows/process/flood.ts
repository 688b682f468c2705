// Somebody floods the server with lines as fast as it takes them; somebody else asks a question now and then.

import type { Fault } from '../../fault.ts';
import { quantile } from '../../fault.ts';
import { Child } from '../../stage/child.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

export function flood(quick: boolean): Fault {
  return {
    name: 'a flooding peer beside a quiet one',
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, 'quiet p99 ms': 20 },
    run: () =>
      Stage.with({ proxied: false }, async stage => {
        const milliseconds = quick ? 2_000 : 15_000;
        const quietly = (): Promise<number[]> => stage.sender.ask<number[]>('asking', { perSecond: 100, milliseconds });
        const flooder = new Child('flooder', 'flooder');
        try {
          await stage.mark();
          await stage.go(20);
          await flooder.ask('flood', { port: stage.port });
          await pause(500);
          const waits = await quietly();
          const lines = await flooder.ask<number>('lines');
          await flooder.kill();
          const figures = await stage.settled();
          const p99 = quantile(waits, 0.99);
          return { ...figures, 'quiet p99 ms': p99, 'quiet p50 ms': quantile(waits, 0.5), 'flood lines': lines };
        } finally {
          await flooder.kill();
        }
      }),
  };
}
