// On what the figures were measured.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { Plan } from './row.ts';

export interface Facts {
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memory: string;
  readonly rounds: number;
  readonly quick: boolean;
}

export function facts({ rounds, quick }: Plan): Facts {
  return {
    node: process.version,
    system: `${type()} ${release()} ${process.arch}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    rounds,
    quick,
  };
}

export function factsText({ node, system, processor, cores, memory, rounds, quick }: Facts): string {
  const figures = quick ? 'one short round of each (rough)' : `medians of ${rounds} rounds`;
  return `node ${node}, ${system}, ${cores} cores of ${processor}, ${memory}; ${figures}`;
}
