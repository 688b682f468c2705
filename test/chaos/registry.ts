// All rows, in the order of the table.

import type { Fault } from './fault.ts';
import { cut } from './rows/link/cut.ts';

const short = { recover: 500 } as const;
const long = { recover: 5_000 } as const;

export function faults(quick: boolean): Fault[] {
  return [
    cut({ length: quick ? 1_000 : 3_000, perSecond: 200, links: 50, times: quick ? 1 : 4, ...short }),
    cut({ length: quick ? 1_000 : 3_000, perSecond: 20_000, times: quick ? 1 : 5, ...short }),
    cut({ length: quick ? 4_000 : 30_000, perSecond: 200, ...long }),
    cut({ length: quick ? 4_000 : 30_000, perSecond: 20_000, ...long }),
  ];
}
