// Ten thousand connections that say nothing: what each costs the server.
//
// Where the limit of open files is too low there are fewer, and the row says how many. Each round has processes of
// its own, because memory that a process once had stays with it.

import { readFileSync } from 'node:fs';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';

const counts = { quick: 2_000, full: 10_000 } as const;
/** Files that node has open itself, and some to spare. */
const spareFiles = 100;

export async function memory(plan: Plan): Promise<Row[]> {
  const wanted = plan.quick ? counts.quick : counts.full;
  const count = Math.min(wanted, openFiles() - spareFiles);
  if (count < wanted) plan.progress(`  only ${openFiles()} open files are allowed: ${count} connections`);
  const rss = { ours: [] as number[], other: [] as number[] };
  const heap = { ours: [] as number[], other: [] as number[] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    const ours = await each('our-idle', count);
    const bare = await each('bare-idle', count);
    rss.ours.push(ours.rss);
    rss.other.push(bare.rss);
    heap.ours.push(ours.heap);
    heap.other.push(bare.heap);
    plan.progress(`  round ${round}: ${text(ours)} ours, ${text(bare)} bare`);
  }
  const bound = { on: 'ratio', is: 'at most', limit: 1.3 } as const;
  const of = `an idle connection (of ${count.toLocaleString('en-US')})`;
  const common = { unit: 'B', against: 'node:net, flowing', bound };
  return [row({ what: `memory (RSS) of ${of}`, ...common }, rss), row({ what: `heap of ${of}`, ...common }, heap)];
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

function openFiles(): number {
  const limits = fileText('/proc/self/limits');
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? 256 : Number(soft);
}

/** Addresses of this machine that clients come from: more than one where its ports run short. */
function sourcesFor(count: number): number {
  const [low = 0, high = 0] = fileText('/proc/sys/net/ipv4/ip_local_port_range').trim().split(/\s+/).map(Number);
  return high === 0 ? 1 : Math.ceil((2 * count) / (high - low));
}

function fileText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function text({ rss, heap }: Cost): string {
  return `${Math.round(rss)} B (${Math.round(heap)} B of heap)`;
}
