// PING and PONG, one at a time, on one connection: what a message costs when nothing can be done in batches.
//
// Each round has processes of its own, since two processes of one program differ by some percent for all their
// life. It is cut into short turns, ours and the bare server's in turn, so that a noisy neighbour hits both.
// Where `taskset` exists, client and servers share one processor: on a virtual machine, waking another one takes
// 15 to 60 µs, as it happens, and what is measured here would drown in that.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const turns = { quick: 4, full: 20 } as const;
const turnTime = { warm: 500, full: 100 } as const;

interface Turn {
  readonly ours: number;
  readonly other: number;
  readonly ratio: number;
}

interface Round extends Turn {
  readonly place: 'on one processor' | 'on any processor';
}

export async function ping(plan: Plan): Promise<Row[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const one = await round(plan.quick ? turns.quick : turns.full);
    const { ours, other, ratio } = one;
    rounds.push(one);
    plan.progress(`  round ${number}: ${Math.round(ours)} ours, ${Math.round(other)} bare, ${ratio.toFixed(2)}`);
  }
  const bound = { on: 'ratio', is: 'at least', limit: 0.95 } as const;
  const what = `PING answered, one at a time, ${rounds[0]?.place}`;
  return [
    row(
      { what, unit: '/s', against: 'node:net', bound },
      { ours: rounds.map(({ ours }) => ours), other: rounds.map(({ other }) => other) },
      rounds.map(({ ratio }) => ratio),
    ),
  ];
}

/** Rates and their ratio, each the median of so many turns. */
async function round(turns: number): Promise<Round> {
  const sides = [new Child('servers', 'our-ping'), new Child('servers', 'bare-ping')] as const;
  const client = new Child('clients', 'ping');
  const pinned = [...sides, client].map(child => child.pin(0)).every(done => done);
  for (const side of sides) await rate(side, client, turnTime.warm);
  const [ours, other] = sides;
  const figures: Turn[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const first = turn % 2 === 0 ? ours : other;
    const one = await rate(first, client, turnTime.full);
    const two = await rate(first === ours ? other : ours, client, turnTime.full);
    const [our, their] = first === ours ? [one, two] : [two, one];
    figures.push({ ours: our, other: their, ratio: our / their });
  }
  await Promise.all([...sides, client].map(child => child.end()));
  const of = (name: keyof Turn): number => median(figures.map(figure => figure[name]));
  return {
    ours: of('ours'),
    other: of('other'),
    ratio: of('ratio'),
    place: pinned ? 'on one processor' : 'on any processor',
  };
}

async function rate(server: Child, client: Child, milliseconds: number): Promise<number> {
  const { port = 0 } = await server.ask('address');
  const { rate: measured = Number.NaN } = await client.ask('ping', { port, milliseconds });
  return measured;
}
