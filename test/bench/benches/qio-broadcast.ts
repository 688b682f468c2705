// One server says news to a thousand who have subscribed: deliveries a second, beside the rooms of socket.io and a loop
// of bare ws.
//
// All say the same 100 bytes of JSON, one event in each turn of the loop, then five, which ours sends in one write. The clients are scripted WebSockets, the same
// for all sides, a thousand in one process; they count what comes. Ours makes an event to bytes once and ws gets bytes
// that were made once, socket.io does as it does. Sides take turns, in another order each time.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

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
interface Turn {
  readonly rate: number;
  readonly effort: number;
}
type Turns = { readonly [side in Side]: Turn };

/** How many events are said in one turn of the loop: where many speak at once, some are. */
const counts = { one: 1, five: 5 } as const;
type Way = keyof typeof counts;
const ways = ['one', 'five'] as const;

/** Medians of the turns. */
interface Medians {
  readonly own: Turns;
  /** Ours to the others'. */
  readonly to: { readonly [other in 'socket-io' | 'ws']: Turn };
}

type Round = { readonly [way in Way]: Medians };

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
      const shown = sides.map(side => `${Math.round(one[way].own[side].rate)} ${side}`).join(', ');
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

function rowsOf(rounds: readonly Medians[], way: Way, clients: number): Row[] {
  const bound = (limit: number) => ({ on: 'ratio', is: 'at least', limit }) as const;
  const pair = (figure: keyof Turn, other: 'socket-io' | 'ws') =>
    [
      { ours: rounds.map(({ own }) => own.qio[figure]), other: rounds.map(({ own }) => own[other][figure]) },
      rounds.map(({ to }) => to[other][figure]),
    ] as const;
  const what = `deliveries to ${clients.toLocaleString('en-US')} subscribers, ${way} a turn of the loop`;
  const effort = { what: 'processor time of the server for one of them', unit: 'µs' };
  return [
    row({ what, unit: '/s', against: 'ws, a loop', bound: bound(0.9) }, ...pair('rate', 'ws')),
    row(
      { what: 'the same', unit: '/s', against: 'socket.io, a room', bound: bound(1.5) },
      ...pair('rate', 'socket-io'),
    ),
    row({ ...effort, against: 'ws, a loop' }, ...pair('effort', 'ws')),
    row({ ...effort, what: 'the same', against: 'socket.io, a room' }, ...pair('effort', 'socket-io')),
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
  for (const pair of pairs) await turn(pair, clients, warm, 1);
  const all: Record<Way, Turns[]> = { one: [], five: [] };
  for (let number = 0; number < turns; number += 1) {
    const first = number % pairs.length;
    const order = [...pairs.slice(first), ...pairs.slice(0, first)];
    for (const way of ways) {
      const figures: Partial<Record<Side, Turn>> = {};
      for (const pair of order) figures[pair.side] = await turn(pair, clients, events, counts[way]);
      all[way].push(figures as Turns);
    }
  }
  await Promise.all(pairs.flatMap(({ server, crowd }) => [server.end(), crowd.end()]));
  return { one: mediansOf(all.one), five: mediansOf(all.five) };
}

function mediansOf(all: readonly Turns[]): Medians {
  const each = (of: (turns: Turns, figure: keyof Turn) => number): Turn => ({
    rate: median(all.map(one => of(one, 'rate'))),
    effort: median(all.map(one => of(one, 'effort'))),
  });
  const own = (side: Side): Turn => each((one, figure) => one[side][figure]);
  const to = (side: Side): Turn => each((one, figure) => one.qio[figure] / one[side][figure]);
  return {
    own: { qio: own('qio'), 'socket-io': own('socket-io'), ws: own('ws') },
    to: { 'socket-io': to('socket-io'), ws: to('ws') },
  };
}

/** From the word to begin until the last delivery was counted. */
async function turn({ server, crowd }: Pair, clients: number, events: number, together: number): Promise<Turn> {
  const count = clients * events;
  const microseconds = ({ microseconds: used = Number.NaN }: Figures): number => used;
  const before = microseconds(await server.ask('effort'));
  const start = performance.now();
  await Promise.all([crowd.ask('expect', { count }), server.ask('say', { count: events, together })]);
  const time = performance.now() - start;
  const used = microseconds(await server.ask('effort')) - before;
  return { rate: (count / time) * 1_000, effort: used / count };
}
