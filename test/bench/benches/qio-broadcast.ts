// One server says news to a thousand who have subscribed: deliveries a second, beside the rooms of socket.io and a loop
// of bare ws.
//
// All say the same 100 bytes of JSON, one event in each turn of the loop, then five, which ours sends in one write. The clients are scripted WebSockets, the same
// for all sides, a thousand in one process; they count what comes. Ours makes an event to bytes once and ws gets bytes
// that were made once, socket.io does as it does. Sides take turns, in another order each time.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import type { Turn } from '../turns.ts';
import { compared, middle, turnOf } from '../turns.ts';

const sides = ['qio', 'socket-io', 'ws'] as const;
type Side = (typeof sides)[number];

interface Size {
  readonly clients: number;
  /** Events before the first turn, and of each turn. */
  readonly warm: number;
  readonly events: number;
  readonly turns: number;
}

const sizes = {
  quick: { clients: 100, warm: 50, events: 100, turns: 3 },
  full: { clients: 1_000, warm: 100, events: 50, turns: 7 },
} as const;

/** Deliveries a second, and what one costs the server, in µs of processor time. */
type Figure = 'rate' | 'effort';
type Turns = readonly Turn<Side, Figure>[];

/** How many events are said in one turn of the loop: where many speak at once, some are. */
const counts = { one: 1, five: 5 } as const;
type Way = keyof typeof counts;
const ways = ['one', 'five'] as const;

type Round = { readonly [way in Way]: Turns };

interface Pair {
  readonly side: Side;
  readonly server: Child;
  readonly crowd: Child;
}

export async function qioBroadcast(plan: Plan): Promise<Row[]> {
  const size = plan.quick ? sizes.quick : sizes.full;
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const one = await round(size);
    rounds.push(one);
    for (const way of ways) {
      const shown = sides.map(side => `${Math.round(middle(one[way], side, 'rate'))} ${side}`).join(', ');
      plan.progress(`  round ${number}, ${way} a turn: ${shown}`);
    }
  }
  return ways.flatMap(way =>
    rowsOf(
      rounds.map(one => one[way]),
      way,
      size.clients,
    ),
  );
}

function rowsOf(rounds: readonly Turns[], way: Way, clients: number): Row[] {
  const bound = (limit: number) => ({ on: 'ratio', is: 'at least', limit }) as const;
  const what = `deliveries to ${clients.toLocaleString('en-US')} subscribers, ${way} a turn of the loop`;
  const effort = { what: 'processor time of the server for one of them', unit: 'µs' };
  return [
    row({ what, unit: '/s', against: 'ws, a loop', bound: bound(0.9) }, ...compared(rounds, 'rate', 'qio', 'ws')),
    row(
      { what: 'the same', unit: '/s', against: 'socket.io, a room', bound: bound(1.5) },
      ...compared(rounds, 'rate', 'qio', 'socket-io'),
    ),
    row({ ...effort, against: 'ws, a loop' }, ...compared(rounds, 'effort', 'qio', 'ws')),
    row(
      { ...effort, what: 'the same', against: 'socket.io, a room' },
      ...compared(rounds, 'effort', 'qio', 'socket-io'),
    ),
  ];
}

async function round({ clients, warm, events, turns }: Size): Promise<Round> {
  const pairs = sides.map(side => ({
    side,
    server: new Child('qio-servers', side),
    crowd: new Child('qio-crowds', side),
  }));
  for (const { server, crowd } of pairs) {
    const { port = 0 } = await server.ask('open');
    await crowd.ask('open', { port, count: clients });
  }
  for (const pair of pairs) await said(pair, clients, warm, 1);
  const all: Record<Way, Turn<Side, Figure>[]> = { one: [], five: [] };
  for (let number = 0; number < turns; number += 1) {
    for (const way of ways) {
      all[way].push(await turnOf(pairs, number, pair => said(pair, clients, events, counts[way])));
    }
  }
  await Promise.all(pairs.flatMap(({ server, crowd }) => [server.end(), crowd.end()]));
  return all;
}

/** From the word to begin until the last delivery was counted. */
async function said(
  { server, crowd }: Pair,
  clients: number,
  events: number,
  together: number,
): Promise<{ rate: number; effort: number }> {
  const count = clients * events;
  const microseconds = ({ microseconds: used = Number.NaN }: Figures): number => used;
  const before = microseconds(await server.ask('effort'));
  const start = performance.now();
  await Promise.all([crowd.ask('expect', { count }), server.ask('say', { count: events, together })]);
  const time = performance.now() - start;
  const used = microseconds(await server.ask('effort')) - before;
  return { rate: (count / time) * 1_000, effort: used / count };
}
