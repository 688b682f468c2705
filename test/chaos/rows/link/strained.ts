// A link that works, but badly: in single bytes, late, or narrow. It is slow, not dead: nothing may be dropped.

import type { FaultProxy } from '../../../../lib/testkit/index.ts';
import type { Fault } from '../../fault.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

interface Strain {
  readonly name: string;
  readonly perSecond: number;
  strain(proxy: FaultProxy): void;
}

export const splitEverywhere: Strain = {
  name: 'split at every byte, 100 msg/s',
  perSecond: 100,
  strain: proxy => proxy.split(1),
};

export const late: Strain = {
  name: 'each byte 100 ms late, 200 msg/s',
  perSecond: 200,
  strain: proxy => proxy.delay(100),
};

/** About 100 bytes a message: half of what comes goes through at once. */
export const narrow: Strain = {
  name: '20 kB/s for 400 msg/s of 100 B',
  perSecond: 400,
  strain: proxy => proxy.rate(20_000),
};

export function strained({ name, perSecond, strain }: Strain, quick: boolean): Fault {
  return {
    name,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, 'links lost': 0 },
    run: () =>
      Stage.with({}, async stage => {
        await stage.mark();
        strain(stage.proxy);
        await stage.go(perSecond);
        await pause(quick ? 2_000 : 20_000);
        const figures = await stage.settled();
        const { downs } = await stage.sent();
        return { ...figures, 'links lost': downs[0]?.length ?? 0 };
      }),
  };
}
