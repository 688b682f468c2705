// Ten thousand nodes that are connected and say nothing but that they live: what they cost a controller, and what as
// many connections cost socket.io and a bare ws with pings.
//
// All have the same interval; both sides of a link say a heartbeat in each, the others a ping and its answer. The
// nodes are scripted WebSockets of another process. Sides take turns, with processes of their own, as in `memory`.

import type { Cost } from '../crowd-cost.ts';
import { costText, crowdCost } from '../crowd-cost.ts';
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

export async function nodes(plan: Plan): Promise<Row[]> {
  const wanted = plan.quick ? sizes.quick : sizes.full;
  const size = { ...wanted, count: openable(wanted.count, plan.progress) };
  const costs: Record<Side, Cost[]> = { link: [], ws: [], 'socket-io': [] };
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const side of sides) {
      const { heartbeat } = size;
      const cost = await crowdCost({
        ...size,
        server: ['node-servers', side],
        crowd: ['node-crowds', side],
        given: { heartbeat },
      });
      costs[side].push(cost);
      plan.progress(`  round ${round}, ${side}: ${costText(cost)}`);
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
