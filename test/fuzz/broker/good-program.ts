// The good services, in a process of their own: the noise costs the fuzzer seconds at a stretch on a busy machine, and what would
// stand still with it cannot say how long a broker takes.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serve } from '../../chaos/stage/child.ts';
import type { GoodFigures } from './good.ts';
import { GoodServices } from './good.ts';
import type { BrokerPlaces } from './program.ts';

export interface GoodState extends GoodFigures {
  /** Deliveries of which is not known yet what became of them. */
  readonly unsettled: number;
  /** The longest time in ms that its loop did not turn since this was asked last. */
  readonly stall: number;
}

export interface GoodOpening extends BrokerPlaces {
  /** In each of their messages. */
  readonly word: string;
}

const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();
let good: GoodServices;

function figures(): GoodState {
  const stall = Math.round(loop.max / 1e6);
  loop.reset();
  return { ...good.figures, unsettled: good.unsettled, stall };
}

serve({
  open: ({ word, ...places }: GoodOpening) => {
    good = new GoodServices(word);
    return good.open(places);
  },
  pause: () => good.pause(),
  resume: () => good.resume(),
  ask: () => good.ask(),
  close: () => good.close(),
  figures,
});
