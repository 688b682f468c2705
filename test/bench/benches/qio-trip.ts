// An event that asks for a callback, and the callback, one at a time: how long the middle one takes and how long the
// slowest of a hundred, beside socket.io with acknowledgement and a bare ws with JSON and a map of what waits.
//
// Ours is a client of ours with its callback; 100 bytes of JSON go both ways. Three pairs of a server and a client, each
// in a process of its own, take short turns, in another order each time; all share one processor where `taskset` exists,
// as in `ping`.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const sides = ['qio', 'socket-io', 'ws'] as const;
type Side = (typeof sides)[number];
type Other = Exclude<Side, 'qio'>;

/** In ms. */
const spans = { quick: { warm: 150, turn: 50, turns: 3 }, full: { warm: 1_000, turn: 200, turns: 9 } } as const;

/** In µs. */
interface Times {
  readonly p50: number;
  readonly p99: number;
}
type Turns = { readonly [side in Side]: Times };

interface Round {
  /** Medians of the turns. */
  readonly own: Turns;
  /** Medians of ours divided by the others'. */
  readonly to: { readonly [other in Other]: Times };
  readonly place: 'on one processor' | 'on any processor';
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
    const shown = sides.map(side => `${one.own[side].p50.toFixed(0)}, ${one.own[side].p99.toFixed(0)} µs ${side}`);
    plan.progress(`  round ${number}: ${shown.join('; ')}`);
  }
  const what = (figure: string): string => `an event and its callback, ${figure}, ${rounds[0]?.place}`;
  const pair = (figure: keyof Times, other: Other) =>
    [
      { ours: rounds.map(({ own }) => own.qio[figure]), other: rounds.map(({ own }) => own[other][figure]) },
      rounds.map(({ to }) => to[other][figure]),
    ] as const;
  return (['p50', 'p99'] as const).flatMap(figure => [
    row({ what: what(figure), unit: 'µs', against: 'socket.io' }, ...pair(figure, 'socket-io')),
    row({ what: 'the same', unit: 'µs', against: 'ws, JSON and a map' }, ...pair(figure, 'ws')),
  ]);
}

async function round(plan: Plan): Promise<Round> {
  const { warm, turn, turns } = plan.quick ? spans.quick : spans.full;
  const servers = sides.map(side => new Child('qio-servers', side));
  const clients = sides.map(side => new Child('qio-askers', side));
  const pinned = [...servers, ...clients].map(child => child.pin(0)).every(done => done);
  const pairs: Pair[] = [];
  for (const [at, side] of sides.entries()) {
    const { port = 0 } = (await servers[at]?.ask('open')) ?? {};
    pairs.push({ side, port, client: clients[at] as Child });
  }
  for (const pair of pairs) await times(pair, warm);
  const all: Turns[] = [];
  for (let number = 0; number < turns; number += 1) {
    const first = number % pairs.length;
    const figures: Partial<Record<Side, Times>> = {};
    for (const pair of [...pairs.slice(first), ...pairs.slice(0, first)]) figures[pair.side] = await times(pair, turn);
    all.push(figures as Turns);
  }
  await Promise.all([...servers, ...clients].map(child => child.end()));
  const each = (of: (turns: Turns, figure: keyof Times) => number): Times => ({
    p50: median(all.map(one => of(one, 'p50'))),
    p99: median(all.map(one => of(one, 'p99'))),
  });
  const own = (side: Side): Times => each((one, figure) => one[side][figure]);
  const to = (other: Other): Times => each((one, figure) => one.qio[figure] / one[other][figure]);
  return {
    own: { qio: own('qio'), 'socket-io': own('socket-io'), ws: own('ws') },
    to: { 'socket-io': to('socket-io'), ws: to('ws') },
    place: pinned ? 'on one processor' : 'on any processor',
  };
}

async function times({ port, client }: Pair, milliseconds: number): Promise<Times> {
  const { p50 = Number.NaN, p99 = Number.NaN } = await client.ask('turn', { port, milliseconds });
  return { p50, p99 };
}
