// `EVENT id=123;text=hello`, as many as the socket takes: decoded, dispatched, and both parameters read.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';

const counts = { warm: 500_000, quick: 500_000, full: 6_000_000 } as const;
/** What each message adds to the sum at a server: its id and the length of its text, or the length of its line. */
const worth = { ours: 123 + 5, bare: 23 } as const;

export async function throughput(plan: Plan): Promise<Row[]> {
  const ours = new Child('servers', 'our-events');
  const bare = new Child('servers', 'bare-events');
  const client = new Child('clients', 'flood');
  const count = plan.quick ? counts.quick : counts.full;
  const rates = { ours: [] as number[], other: [] as number[] };
  await rate(ours, client, counts.warm, worth.ours);
  await rate(bare, client, counts.warm, worth.bare);
  for (let round = 1; round <= plan.rounds; round += 1) {
    rates.ours.push(await rate(ours, client, count, worth.ours));
    rates.other.push(await rate(bare, client, count, worth.bare));
    plan.progress(`  round ${round}: ${shown(rates.ours.at(-1))} ours, ${shown(rates.other.at(-1))} bare`);
  }
  await Promise.all([ours, bare, client].map(child => child.end()));
  return [
    row(
      {
        what: 'messages decoded, read and handled',
        unit: '/s',
        against: 'node:net, lines only counted',
        bound: { on: 'value', is: 'at least', limit: 2_500_000 },
      },
      rates,
    ),
  ];
}

/** Messages per second at the server, from the first to the last. */
async function rate(server: Child, client: Child, count: number, each: number): Promise<number> {
  const { port = 0 } = await server.ask('address');
  const round = server.ask('round', { count });
  await client.ask('flood', { port, count });
  const { milliseconds = Number.NaN, sum } = await round;
  if (sum !== count * each) throw new Error(`the server counted ${sum} instead of ${count * each}`);
  return (count / milliseconds) * 1000;
}

function shown(figure: number | undefined): string {
  return `${((figure ?? 0) / 1e6).toFixed(2)} M/s`;
}
