// How long a process has waited for a processor: on a busy machine that is nobody's slowness.

import { readFileSync } from 'node:fs';

/** In ms, since it was started; 0 where the system does not tell. */
export function runDelay(pid: number): number {
  try {
    const [, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    return waited / 1e6;
  } catch {
    return 0;
  }
}
