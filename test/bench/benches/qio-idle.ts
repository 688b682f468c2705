// Ten thousand clients that are connected and say nothing: what they cost a server of ours, with a subscription and
// without, and what as many connections cost a bare ws with pings.
//
// Times of ours are a tenth of the defaults (a tick of 1 s in the place of 10, a heartbeat after 5.1 s of silence in the
// place of 51), so that each client hears some heartbeats while it is measured: one each 6 s, as ws has its pings. Memory
// is looked at after that. Sides take turns, with processes of their own, as in `nodes`. What V8 keeps in reserve from the
// start is filled first: RSS flatters a server that has more code, the heap flatters nobody.

import type { Cost } from '../crowd-cost.ts';
import { costText, crowdCost } from '../crowd-cost.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import { openable } from '../system.ts';

/** Times in ms; two heartbeats are measured. */
const sizes = {
  quick: { count: 200, warm: 20, tick: 200, heartbeat: 1_020, span: 2_400 },
  full: { count: 10_000, warm: 200, tick: 1_000, heartbeat: 5_100, span: 12_000 },
} as const;

const sides = ['qio-idle', 'qio', 'ws'] as const;
type Side = (typeof sides)[number];

export async function qioIdle(plan: Plan): Promise<Row[]> {
  const wanted = plan.quick ? sizes.quick : sizes.full;
  const size = { ...wanted, count: openable(wanted.count, plan.progress) };
  const { tick, heartbeat } = size;
  const costs: Record<Side, Cost[]> = { 'qio-idle': [], qio: [], ws: [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const side of sides) {
      const cost = await crowdCost({
        ...size,
        server: ['qio-servers', side === 'ws' ? 'ws' : 'qio'],
        crowd: ['qio-crowds', side],
        given: { tick, heartbeat },
        heartbeat: size.span / 2,
      });
      costs[side].push(cost);
      plan.progress(`  round ${round}, ${side}: ${costText(cost)}`);
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
