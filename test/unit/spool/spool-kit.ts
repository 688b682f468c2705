// A spool on a disk in memory, and waits for what it says.

import type { SpoolOptions } from '../../../lib/spool/index.ts';
import { Spool } from '../../../lib/spool/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';
import { MemoryDisk } from '../../support/memory-disk.ts';

export interface Stage {
  readonly spool: Spool;
  readonly disk: MemoryDisk;
  readonly clock: VirtualClock;
}

export const session = { id: 'key', secret: 'quiet', epoch: undefined };

export async function stage(disk = new MemoryDisk(), options: Partial<SpoolOptions> = {}): Promise<Stage> {
  const clock = new VirtualClock();
  return { spool: await Spool.open({ directory: '/spool', ...options }, { disk, clock }), disk, clock };
}

/** Waits until it says that it moved and the condition holds. */
export function moved(spool: Spool, condition: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const look = (): void => {
      if (!condition()) return;
      spool.onMoved = undefined;
      resolve();
    };
    spool.onMoved = look;
    look();
  });
}

/** Waits until nothing that must be known is only in memory. */
export function safe(spool: Spool): Promise<void> {
  return moved(spool, () => spool.settled);
}

/** The ids of what the last life left. */
export function idsOf(spool: Spool): number[] {
  return spool.recovered.messages.map(({ id }) => id);
}

/** Lets everything happen that needs no time. */
export async function rounds(count = 200): Promise<void> {
  for (let round = 0; round < count; round += 1) await new Promise(resolve => setImmediate(resolve));
}
