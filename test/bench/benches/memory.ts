// Ten thousand connections that say nothing: what each costs the server.
//
// Where the limit of open files is too low there are fewer, and the row says how many. Each round has processes of
// its own, because memory that a process once had stays with it.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import { openable, sourcesFor } from '../system.ts';

const counts = { quick: 2_000, full: 10_000 } as const;

/** Ours; sockets with the least that anyone needs; sockets that could read lines, each with what waits for its end. */
const roles = { ours: 'our-idle', least: 'bare-idle', lines: 'bare-lines-idle' } as const;
type Role = keyof typeof roles;

export async function memory(plan: Plan): Promise<Row[]> {
  const count = openable(plan.quick ? counts.quick : counts.full, plan.progress);
  const costs: Record<Role, Cost[]> = { ours: [], least: [], lines: [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const role of Object.keys(roles) as Role[]) {
      const cost = await each(roles[role], count);
      costs[role].push(cost);
      plan.progress(
        `  round ${round}, ${role}: ${Math.round(cost.rss)} B, ${Math.round(cost.heap)} B of it on the heap`,
      );
    }
  }
  const bound = { on: 'ratio', is: 'at most', limit: 1.3 } as const;
  const of = `an idle connection (of ${count.toLocaleString('en-US')})`;
  const pair = (figure: keyof Cost, other: Role) => ({
    ours: costs.ours.map(cost => cost[figure]),
    other: costs[other].map(cost => cost[figure]),
  });
  const least = { unit: 'B', against: 'node:net, flowing, 3 shared listeners', bound };
  const lines = { unit: 'B', against: 'node:net, reading lines' };
  return [
    row({ what: `memory (RSS) of ${of}`, ...least }, pair('rss', 'least')),
    row({ what: 'the same', ...lines }, pair('rss', 'lines')),
    row({ what: `heap of ${of}`, ...least }, pair('heap', 'least')),
    row({ what: 'the same', ...lines }, pair('heap', 'lines')),
  ];
}

/** Bytes of one connection. */
interface Cost {
  readonly rss: number;
  readonly heap: number;
}

async function each(role: string, count: number): Promise<Cost> {
  const server = new Child('idlers', role, ['--expose-gc']);
  const crowd = new Child('clients', 'crowd');
  const { port = 0 } = await server.ask('address');
  // Code that runs for the first connections only must not count as theirs.
  const warm = new Child('clients', 'crowd');
  await warm.ask('open', { port, count: 100 });
  await until(server, 100);
  await warm.end();
  await until(server, 0);
  const before = await server.ask('memory');
  await crowd.ask('open', { port, count, sources: sourcesFor(count) });
  await until(server, count);
  const after = await server.ask('memory');
  await Promise.all([crowd.end(), server.end()]);
  const per = (name: string): number => ((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN)) / count;
  return { rss: per('rss'), heap: per('heap') };
}

async function until(server: Child, count: number): Promise<void> {
  while ((await server.ask('held')).count !== count) await new Promise(resolve => setTimeout(resolve, 20));
}
