// Ten thousand nodes that are connected and say nothing but that they live: what they cost a controller, and what as
// many connections cost socket.io and a bare ws with pings.
//
// All have the same interval; both sides of a link say a heartbeat in each, the others a ping and its answer. The
// nodes are scripted WebSockets of another process. Sides take turns, with processes of their own, as in `memory`.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import { openable } from '../system.ts';

/** Times in ms. One heartbeat at the least is measured, three in the long form. */
const sizes = {
  quick: { count: 200, warm: 20, heartbeat: 2_000, span: 3_000 },
  full: { count: 10_000, warm: 200, heartbeat: 5_000, span: 15_000 },
} as const;

const sides = ['link', 'ws', 'socket-io'] as const;
type Side = (typeof sides)[number];

/** Bytes of one node, and processor time for all, in ms a second. */
interface Cost {
  readonly rss: number;
  readonly heap: number;
  readonly effort: number;
}

interface Size {
  readonly count: number;
  readonly warm: number;
  readonly heartbeat: number;
  readonly span: number;
}

export async function nodes(plan: Plan): Promise<Row[]> {
  const wanted = plan.quick ? sizes.quick : sizes.full;
  const size = { ...wanted, count: openable(wanted.count, plan.progress) };
  const costs: Record<Side, Cost[]> = { link: [], ws: [], 'socket-io': [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const side of sides) {
      const cost = await each(side, size);
      costs[side].push(cost);
      const shown = `${Math.round(cost.rss)} B, ${Math.round(cost.heap)} B of it on the heap`;
      plan.progress(`  round ${round}, ${side}: ${shown}, ${cost.effort.toFixed(1)} ms/s`);
    }
  }
  const pair = (figure: keyof Cost, other: Side) => ({
    ours: costs.link.map(cost => cost[figure]),
    other: costs[other].map(cost => cost[figure]),
  });
  const of = `a node (of ${size.count.toLocaleString('en-US')}, a heartbeat each ${size.heartbeat / 1_000} s)`;
  const kinds = [
    { figure: 'rss', what: `memory (RSS) of ${of}`, unit: 'B' },
    { figure: 'heap', what: `heap of ${of}`, unit: 'B' },
    { figure: 'effort', what: 'processor time for all of them', unit: 'ms/s' },
  ] as const;
  return kinds.flatMap(({ figure, what, unit }) => [
    row({ what, unit, against: 'ws with pings' }, pair(figure, 'ws')),
    row({ what: 'the same', unit, against: 'socket.io' }, pair(figure, 'socket-io')),
  ]);
}

async function each(side: Side, { count, warm, heartbeat, span }: Size): Promise<Cost> {
  const server = new Child('node-servers', side, ['--expose-gc']);
  const { port = 0 } = await server.ask('open', { heartbeat });
  // Code that runs for the first nodes only must not count as theirs.
  const first = new Child('node-crowds', side);
  await first.ask('open', { port, count: warm, heartbeat });
  await until(server, warm);
  await first.ask('close');
  await until(server, 0);
  await first.end();
  const before = await server.ask('memory');
  const crowd = new Child('node-crowds', side);
  await crowd.ask('open', { port, count, heartbeat });
  await until(server, count);
  await pause(heartbeat);
  const effort = await during(server, crowd, span, count);
  const after = await server.ask('memory');
  if ((await server.ask('held')).count !== count) throw new Error(`${side}: nodes were lost`);
  await Promise.all([crowd.end(), server.end()]);
  const per = (name: string): number => ((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN)) / count;
  return { rss: per('rss'), heap: per('heap'), effort };
}

/** Processor time of the server, in ms a second, while each node hears heartbeats. */
async function during(server: Child, crowd: Child, span: number, count: number): Promise<number> {
  const figures = async (): Promise<Figures> => ({
    ...(await server.ask('effort')),
    ...(await crowd.ask('beats')),
    at: performance.now(),
  });
  const { microseconds: from = Number.NaN, beats: heard = 0, at: start = 0 } = await figures();
  await pause(span);
  const { microseconds: to = Number.NaN, beats = 0, at: end = 0 } = await figures();
  if (beats - heard < count) throw new Error(`${count} nodes heard ${beats - heard} heartbeats in ${span} ms`);
  return (to - from) / (end - start);
}

async function until(server: Child, count: number): Promise<void> {
  while ((await server.ask('held')).count !== count) await pause(20);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
