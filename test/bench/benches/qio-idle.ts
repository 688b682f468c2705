// Ten thousand clients that are connected and say nothing: what they cost a server of ours, with a subscription and
// without, and what as many connections cost a bare ws with pings.
//
// Times of ours are a tenth of the defaults (a tick of 1 s in the place of 10, a heartbeat after 5.1 s of silence in the
// place of 51), so that each client hears some heartbeats while it is measured: one each 6 s, as ws has its pings. Memory
// is looked at after that. Sides take turns, with processes of their own, as in `nodes`.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import { openable } from '../system.ts';

interface Size {
  readonly count: number;
  readonly warm: number;
  /** In ms. */
  readonly tick: number;
  readonly heartbeat: number;
  /** Two heartbeats. */
  readonly span: number;
}

const sizes = {
  quick: { count: 200, warm: 20, tick: 200, heartbeat: 1_020, span: 2_400 },
  full: { count: 10_000, warm: 200, tick: 1_000, heartbeat: 5_100, span: 12_000 },
} as const;

const sides = ['qio-idle', 'qio', 'ws'] as const;
type Side = (typeof sides)[number];

/** Bytes of one client, and processor time for all, in ms a second. */
interface Cost {
  readonly rss: number;
  readonly heap: number;
  readonly effort: number;
}

export async function qioIdle(plan: Plan): Promise<Row[]> {
  const wanted = plan.quick ? sizes.quick : sizes.full;
  const size = { ...wanted, count: openable(wanted.count, plan.progress) };
  const costs: Record<Side, Cost[]> = { 'qio-idle': [], qio: [], ws: [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const side of sides) {
      const cost = await each(side, size);
      costs[side].push(cost);
      const shown = `${Math.round(cost.rss)} B, ${Math.round(cost.heap)} B of it on the heap`;
      plan.progress(`  round ${round}, ${side}: ${shown}, ${cost.effort.toFixed(1)} ms/s`);
    }
  }
  const pair = (figure: keyof Cost, side: Side) => ({
    ours: costs[side].map(cost => cost[figure]),
    other: costs.ws.map(cost => cost[figure]),
  });
  const of = `an idle client of ${size.count.toLocaleString('en-US')}`;
  const bound = { on: 'ratio', is: 'at most', limit: 1.3 } as const;
  const kinds = [
    { figure: 'rss', unit: 'B', what: `memory (RSS) of ${of}`, bound },
    { figure: 'heap', unit: 'B', what: `heap of ${of}`, bound },
    { figure: 'effort', unit: 'ms/s', what: `processor time for heartbeats of all, each ${size.span / 2_000} s` },
  ] as const;
  return kinds.flatMap(({ figure, ...common }) => [
    row({ ...common, against: 'ws with pings' }, pair(figure, 'qio-idle')),
    row({ ...common, what: 'the same, with a subscription', against: 'ws with pings' }, pair(figure, 'qio')),
  ]);
}

async function each(side: Side, { count, warm, tick, heartbeat, span }: Size): Promise<Cost> {
  const server = new Child('qio-servers', side === 'ws' ? 'ws' : 'qio', ['--expose-gc']);
  const { port = 0 } = await server.ask('open', { tick, heartbeat });
  // Code that runs for the first clients only must not count as theirs.
  const first = new Child('qio-crowds', side);
  await first.ask('open', { port, count: warm });
  await until(server, warm);
  await first.ask('close');
  await until(server, 0);
  await first.end();
  const before = await server.ask('memory');
  const crowd = new Child('qio-crowds', side);
  await crowd.ask('open', { port, count });
  await until(server, count);
  await pause(span / 2);
  const effort = await during(server, crowd, span, count);
  const after = await server.ask('memory');
  if ((await server.ask('held')).count !== count) throw new Error(`${side}: clients were lost`);
  await Promise.all([crowd.end(), server.end()]);
  const per = (name: string): number => ((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN)) / count;
  return { rss: per('rss'), heap: per('heap'), effort };
}

/** Processor time of the server, in ms a second, while each client hears heartbeats. */
async function during(server: Child, crowd: Child, span: number, count: number): Promise<number> {
  const figures = async (): Promise<Figures> => ({
    ...(await server.ask('effort')),
    ...(await crowd.ask('counts')),
    at: performance.now(),
  });
  const { microseconds: from = Number.NaN, beats: heard = 0, at: start = 0 } = await figures();
  await pause(span);
  const { microseconds: to = Number.NaN, beats = 0, at: end = 0 } = await figures();
  if (beats - heard < count) throw new Error(`${count} clients heard ${beats - heard} heartbeats in ${span} ms`);
  return (to - from) / (end - start);
}

async function until(server: Child, count: number): Promise<void> {
  while ((await server.ask('held')).count !== count) await pause(20);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
