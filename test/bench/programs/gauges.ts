// What a process has used, as the servers tell it that do nothing else.

import { readFileSync } from 'node:fs';
import type { Figures } from '../child.ts';

/** After a collection of all that is garbage; the process was started with --expose-gc. */
export async function memoryInUse(): Promise<Figures> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

/**
 * How often the thread of the loop went to sleep, which is how often it was woken; NaN where there is no /proc.
 * V8's own threads are left out: they collect garbage of the start some seconds later, whatever the program does.
 */
function wakes(): number {
  try {
    const status = readFileSync('/proc/self/status', 'latin1');
    return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
  } catch {
    return Number.NaN;
  }
}

export function effort(): Figures {
  const { user, system } = process.cpuUsage();
  return { wakes: wakes(), microseconds: user + system };
}
