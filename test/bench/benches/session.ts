// What a session costs: the same messages from the same client, counted, kept and confirmed, or not.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';

const counts = { warm: 200_000, quick: 200_000, full: 1_500_000 } as const;
/** What each message adds to the server's sum: its id and the length of its text. */
const worth = 123 + 5;

export async function session(plan: Plan): Promise<Row[]> {
  const server = new Child('servers', 'our-events');
  const [counted, plain] = [new Child('senders', 'session'), new Child('senders', 'plain')];
  const count = plan.quick ? counts.quick : counts.full;
  const rates = { ours: [] as number[], other: [] as number[] };
  for (const sender of [counted, plain]) await rate(server, sender, counts.warm);
  for (let round = 1; round <= plan.rounds; round += 1) {
    rates.ours.push(await rate(server, counted, count));
    rates.other.push(await rate(server, plain, count));
    plan.progress(
      `  round ${round}: ${Math.round(rates.ours.at(-1) ?? 0)} with, ${Math.round(rates.other.at(-1) ?? 0)} without`,
    );
  }
  await Promise.all([server, counted, plain].map(child => child.end()));
  const bound = { on: 'ratio', is: 'at least', limit: 0.7 } as const;
  return [row({ what: 'messages sent and confirmed in a session', unit: '/s', against: 'without one', bound }, rates)];
}

/** Messages per second at the server, from the first to the last. */
async function rate(server: Child, sender: Child, count: number): Promise<number> {
  const { port = 0 } = await server.ask('address');
  const round = server.ask('round', { count });
  await sender.ask('flood', { port, count });
  const { milliseconds = Number.NaN, sum } = await round;
  if (sum !== count * worth) throw new Error(`the server counted ${sum} instead of ${count * worth}`);
  return (count / milliseconds) * 1000;
}
