// PING and PONG, one at a time, on one connection: what a message costs when nothing can be done in batches.
//
// Each round has processes of its own, since two processes of one program differ by some percent for all their
// life. It is cut into short turns, ours and the bare server's in turn, so that a noisy neighbour hits both.
// Where `taskset` exists, client and servers share one processor: on a virtual machine, waking another one takes
// 15 to 60 µs, as it happens, and what is measured here would drown in that.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';
import type { Turn } from '../turns.ts';
import { compared, pinned, turnsOf } from '../turns.ts';

const turns = { quick: 4, full: 20 } as const;
const turnTime = { warm: 500, full: 100 } as const;

interface Round {
  readonly turns: readonly Turn<'ours' | 'bare', 'rate'>[];
  readonly place: string;
}

export async function ping(plan: Plan): Promise<Row[]> {
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const one = await round(plan.quick ? turns.quick : turns.full);
    rounds.push(one);
    const [{ ours, other }, ratios] = compared([one.turns], 'rate', 'ours', 'bare');
    const rates = `${ours.map(Math.round)} ours, ${other.map(Math.round)} bare`;
    plan.progress(`  round ${number}: ${rates}, ${ratios.map(ratio => ratio.toFixed(2))}`);
  }
  const bound = { on: 'ratio', is: 'at least', limit: 0.95 } as const;
  const what = `PING answered, one at a time, ${rounds[0]?.place}`;
  const compare = compared(
    rounds.map(one => one.turns),
    'rate',
    'ours',
    'bare',
  );
  return [row({ what, unit: '/s', against: 'node:net', bound }, ...compare)];
}

async function round(turns: number): Promise<Round> {
  const sides = [
    { side: 'ours', server: new Child('servers', 'our-ping') },
    { side: 'bare', server: new Child('servers', 'bare-ping') },
  ] as const;
  const client = new Child('clients', 'ping');
  const children = [...sides.map(({ server }) => server), client];
  const place = pinned(children);
  for (const { server } of sides) await rate(server, client, turnTime.warm);
  const all = await turnsOf(sides, turns, ({ server }) => rate(server, client, turnTime.full));
  await Promise.all(children.map(child => child.end()));
  return { turns: all, place };
}

async function rate(server: Child, client: Child, milliseconds: number): Promise<{ rate: number }> {
  const { port = 0 } = await server.ask('address');
  const { rate = Number.NaN } = await client.ask('ping', { port, milliseconds });
  return { rate };
}
