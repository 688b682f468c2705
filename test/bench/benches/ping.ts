// PING and PONG, one at a time, on one connection: what a message costs when nothing can be done in batches.
// Rounds are cut into short turns, ours and the bare server's in turn, so that a noisy neighbour hits both.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const turns = { quick: 4, full: 8 } as const;
const turnTime = { warm: 1_000, quick: 100, full: 250 } as const;

export async function ping(plan: Plan): Promise<Row[]> {
  const ours = new Child('servers', 'our-ping');
  const bare = new Child('servers', 'bare-ping');
  const client = new Child('clients', 'ping');
  const rates = { ours: [] as number[], other: [] as number[] };
  await rate(ours, client, turnTime.warm);
  await rate(bare, client, turnTime.warm);
  const milliseconds = plan.quick ? turnTime.quick : turnTime.full;
  for (let round = 1; round <= plan.rounds; round += 1) {
    const figures = { ours: [] as number[], other: [] as number[] };
    for (let turn = 0; turn < (plan.quick ? turns.quick : turns.full); turn += 1) {
      const order = turn % 2 === 0 ? (['ours', 'other'] as const) : (['other', 'ours'] as const);
      for (const side of order) figures[side].push(await rate(side === 'ours' ? ours : bare, client, milliseconds));
    }
    rates.ours.push(median(figures.ours));
    rates.other.push(median(figures.other));
    plan.progress(
      `  round ${round}: ${Math.round(rates.ours.at(-1) ?? 0)} ours, ${Math.round(rates.other.at(-1) ?? 0)} bare`,
    );
  }
  await Promise.all([ours, bare, client].map(child => child.end()));
  const bound = { on: 'ratio', is: 'at least', limit: 0.95 } as const;
  return [row({ what: 'PING answered, one at a time', unit: '/s', against: 'node:net', bound }, rates)];
}

async function rate(server: Child, client: Child, milliseconds: number): Promise<number> {
  const { port = 0 } = await server.ask('address');
  return (await client.ask('ping', { port, milliseconds })).rate ?? Number.NaN;
}
