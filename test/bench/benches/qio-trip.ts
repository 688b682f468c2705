// An event that asks for a callback, and the callback, one at a time: how long the middle one takes and how long the
// slowest of a hundred, beside socket.io with acknowledgement and a bare ws with JSON and a map of what waits.
//
// Ours is a client of ours with its callback; 100 bytes of JSON go both ways. Three pairs of a server and a client, each
// in a process of its own, take short turns, in another order each time; all share one processor where `taskset` exists,
// as in `ping`.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import type { Turn } from '../turns.ts';
import { compared, middle, pinned, turnsOf } from '../turns.ts';

const sides = ['qio', 'socket-io', 'ws'] as const;
type Side = (typeof sides)[number];
/** In µs. */
type Figure = 'p50' | 'p99';

/** In ms. */
const spans = { quick: { warm: 150, turn: 50, turns: 3 }, full: { warm: 1_000, turn: 200, turns: 9 } } as const;

interface Round {
  readonly turns: readonly Turn<Side, Figure>[];
  readonly place: string;
}

interface Pair {
  readonly side: Side;
  readonly port: number;
  readonly client: Child;
}

export async function qioTrip(plan: Plan): Promise<Row[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const one = await round(plan);
    rounds.push(one);
    const of = (side: Side, figure: Figure): string => middle(one.turns, side, figure).toFixed(0);
    const shown = sides.map(side => `${of(side, 'p50')}, ${of(side, 'p99')} µs ${side}`);
    plan.progress(`  round ${number}: ${shown.join('; ')}`);
  }
  const what = (figure: string): string => `an event and its callback, ${figure}, ${rounds[0]?.place}`;
  const turns = rounds.map(one => one.turns);
  return (['p50', 'p99'] as const).flatMap(figure => [
    row({ what: what(figure), unit: 'µs', against: 'socket.io' }, ...compared(turns, figure, 'qio', 'socket-io')),
    row({ what: 'the same', unit: 'µs', against: 'ws, JSON and a map' }, ...compared(turns, figure, 'qio', 'ws')),
  ]);
}

async function round(plan: Plan): Promise<Round> {
  const span = plan.quick ? spans.quick : spans.full;
  const servers = sides.map(side => new Child('qio-servers', side));
  const clients = sides.map(side => new Child('qio-askers', side));
  const place = pinned([...servers, ...clients]);
  const pairs: Pair[] = [];
  for (const [at, side] of sides.entries()) {
    const { port = 0 } = (await servers[at]?.ask('open')) ?? {};
    pairs.push({ side, port, client: clients[at] as Child });
  }
  for (const pair of pairs) await times(pair, span.warm);
  const turns = await turnsOf(pairs, span.turns, pair => times(pair, span.turn));
  await Promise.all([...servers, ...clients].map(child => child.end()));
  return { turns, place };
}

async function times({ port, client }: Pair, milliseconds: number): Promise<{ p50: number; p99: number }> {
  const { p50 = Number.NaN, p99 = Number.NaN } = await client.ask('turn', { port, milliseconds });
  return { p50, p99 };
}
