// The memory of the process under the fuzzer.

import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface Memory {
  readonly rss: number;
  readonly heap: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** As it is. */
export function presentMemory(): Memory {
  return { rss: process.memoryUsage.rss(), heap: 0 };
}

/** The least of several looks: what a collection leaves behind. */
export async function measure(tries = 6): Promise<Memory> {
  let [rss, heap] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let left = tries; left > 0; left -= 1) {
    collect();
    await pause(60);
    collect();
    const { rss: now, heapUsed, external } = process.memoryUsage();
    rss = Math.min(rss, now);
    heap = Math.min(heap, heapUsed + external);
  }
  return { rss, heap };
}
