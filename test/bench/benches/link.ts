// Requests over a link, one after the other and 64 in flight, against socket.io with acknowledgement and a bare ws.
//
// Ours has what a user has: a deadline for each request, and schemas that are checked at both ends, for questions and
// answers. socket.io 4.8 has its websocket transport from the start, no compression, no deadline and no schemas; the
// bare ws has JSON and a map of what waits. Four pairs of a server and a client, each in a process of its own, take
// short turns, in another order each time, so that a noisy neighbour hits all. With one request in flight all share one
// processor where `taskset` exists, as in `ping`: waking another one would drown what is measured.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import type { Turn } from '../turns.ts';
import { compared, middle, pinned, turnsOf } from '../turns.ts';

const sides = ['session', 'seed', 'socket-io', 'ws'] as const;
type Side = (typeof sides)[number];

const flights = { one: 1, many: 64 } as const;
type Flight = keyof typeof flights;

/** In ms. */
const spans = { quick: { warm: 150, turn: 50, turns: 3 }, full: { warm: 1_000, turn: 150, turns: 12 } } as const;

interface Round {
  readonly turns: readonly Turn<Side, 'rate'>[];
  readonly place: string;
}

export async function link(plan: Plan): Promise<Row[]> {
  const rounds: Record<Flight, Round[]> = { one: [], many: [] };
  for (let number = 1; number <= plan.rounds; number += 1) {
    for (const flight of ['one', 'many'] as const) {
      const one = await round(flight, plan);
      rounds[flight].push(one);
      const shown = sides.map(side => `${Math.round(middle(one.turns, side, 'rate'))} ${side}`).join(', ');
      plan.progress(`  round ${number}, ${flights[flight]} in flight: ${shown}`);
    }
  }
  return [
    ...rows(rounds.one, `requests answered, one in flight, ${rounds.one[0]?.place}`, 1),
    ...rows(rounds.many, `requests answered, ${flights.many} in flight`, 1.3),
  ];
}

function rows(rounds: readonly Round[], what: string, limit: number): Row[] {
  const turns = rounds.map(one => one.turns);
  const bound = { on: 'ratio', is: 'at least', limit } as const;
  return (['session', 'seed'] as const).flatMap(dialect => {
    const common = { what: `${what}, ${dialect}`, unit: '/s' };
    return [
      row({ ...common, against: 'socket.io', bound }, ...compared(turns, 'rate', dialect, 'socket-io')),
      row({ ...common, what: 'the same', against: 'ws, JSON and a map' }, ...compared(turns, 'rate', dialect, 'ws')),
    ];
  });
}

interface Pair {
  readonly side: Side;
  readonly server: Child;
  readonly client: Child;
}

async function round(flight: Flight, plan: Plan): Promise<Round> {
  const span = plan.quick ? spans.quick : spans.full;
  const pairs = sides.map(side => ({
    side,
    server: new Child('link-servers', side),
    client: new Child('link-clients', side),
  }));
  const children = pairs.flatMap(({ server, client }) => [server, client]);
  const place = flight === 'one' ? pinned(children) : 'on any processor';
  for (const pair of pairs) await rate(pair, flight, span.warm);
  const turns = await turnsOf(pairs, span.turns, pair => rate(pair, flight, span.turn));
  await Promise.all(children.map(child => child.end()));
  return { turns, place };
}

async function rate({ server, client }: Pair, flight: Flight, milliseconds: number): Promise<{ rate: number }> {
  const { port = 0 } = await server.ask('address');
  const { rate = Number.NaN } = await client.ask('turn', { port, flight: flights[flight], milliseconds });
  return { rate };
}
