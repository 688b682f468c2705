// ed-signal from its start to its end, a message sent and answered in between, against a program that only reads
// its command line, and against node doing nothing.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const runs = { quick: 5, full: 7 } as const;
const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export async function start(plan: Plan): Promise<Row[]> {
  const server = new Child('servers', 'our-ping');
  const { port = 0 } = await server.ask('address');
  const signal = [at('../../../tools/ed-signal.js'), '--server', `127.0.0.1:${port}`, '--type', 'tcp'];
  const programs = {
    ours: [...signal, '--message', 'PING'],
    yargs: [at('../programs/empty-yargs.js')],
    node: ['-e', '0'],
  };
  const figures = { ours: [] as number[], yargs: [] as number[], node: [] as number[] };
  await medians(programs, 1);
  for (let round = 1; round <= plan.rounds; round += 1) {
    const { ours, yargs, node } = await medians(programs, plan.quick ? runs.quick : runs.full);
    figures.ours.push(ours);
    figures.yargs.push(yargs);
    figures.node.push(node);
    plan.progress(`  round ${round}: ${[ours, yargs, node].map(ms => ms.toFixed(1)).join(' ms, ')} ms`);
  }
  await server.end();
  const above = (list: readonly number[]): number[] => list.map((ms, round) => ms - (figures.node[round] ?? 0));
  const bound = { on: 'ratio', is: 'at most', limit: 1.2 } as const;
  const against = 'an empty yargs program';
  const rounds = { ours: figures.ours, other: figures.yargs };
  const rest = { ours: above(figures.ours), other: above(figures.yargs) };
  return [
    row({ what: 'ed-signal, from start to end', unit: 'ms', against, bound }, rounds),
    row({ what: 'the same, above an empty node', unit: 'ms', against }, rest),
  ];
}

type Programs = Readonly<Record<'ours' | 'yargs' | 'node', readonly string[]>>;

/** The median of so many runs of each, one of each in turn. */
async function medians(programs: Programs, count: number): Promise<Record<keyof Programs, number>> {
  const times = { ours: [] as number[], yargs: [] as number[], node: [] as number[] };
  for (let run = 0; run < count; run += 1) {
    for (const name of ['ours', 'yargs', 'node'] as const) times[name].push(await timed(programs[name]));
  }
  return { ours: median(times.ours), yargs: median(times.yargs), node: median(times.node) };
}

async function timed(words: readonly string[]): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  const time = performance.now() - begin;
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}`);
  return time;
}
