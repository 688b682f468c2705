// A thousand services with one broker, beside a thousand subscribers of nats.js with one nats-server: the time until all are
// there, what each costs the one in the middle, one more that comes, and news for all of them.
//
// Each has a connection of its own (Unix sockets for ours and, as nats-server has none, tcp for both), in four processes.
// Sides take turns, in another order each round.

import { Child } from '../child.ts';
import type { Bound, Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const sides = ['unix', 'tcp', 'nats'] as const;
type Side = (typeof sides)[number];

/** Processes that they are spread over. */
const processes = 4;

interface Size {
  readonly services: number;
  /** News before it is measured. */
  readonly warm: number;
  /** Those that come one after the other when all are there. */
  readonly late: number;
  /** News one by one, and at once. */
  readonly turns: number;
  readonly together: number;
}

const sizes = {
  quick: { services: 100, warm: 3, late: 5, turns: 5, together: 10 },
  full: { services: 1_000, warm: 20, late: 30, turns: 15, together: 50 },
} as const;

/** Seconds until all are there, kB of the middle for each, µs of one more, ms until the last has news, deliveries a second. */
const figures = ['opened', 'memory', 'late', 'last', 'rate', 'effort'] as const;
type Measured = { readonly [figure in (typeof figures)[number]]: number };
type Round = { readonly [side in Side]: Measured };

export async function serviceCrowd(plan: Plan): Promise<Row[]> {
  const size = plan.quick ? sizes.quick : sizes.full;
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const found: Partial<Record<Side, Measured>> = {};
    const first = number % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      const one = await measured(side, size);
      found[side] = one;
      const shown = figures.map(figure => `${figure} ${one[figure].toFixed(2)}`).join(', ');
      plan.progress(`  round ${number}, ${side}: ${shown}`);
    }
    rounds.push(found as Round);
  }
  return rowsOf(rounds, size.services.toLocaleString('en-US'));
}

function rowsOf(rounds: readonly Round[], services: string): Row[] {
  const compared = (what: string, unit: string, figure: keyof Measured, bound?: Bound): Row[] =>
    (['unix', 'tcp'] as const).map(side =>
      row(
        { what: `${what}, ${side}`, unit, against: 'nats.js', ...(bound && { bound }) },
        { ours: rounds.map(one => one[side][figure]), other: rounds.map(one => one.nats[figure]) },
      ),
    );
  return [
    ...compared(`${services} services registered`, 's', 'opened'),
    ...compared('memory (RSS) of the broker for each', 'kB', 'memory'),
    ...compared('one more registered, p50', 'µs', 'late'),
    ...compared(`news for ${services}, until the last has it`, 'ms', 'last'),
    ...compared('deliveries of many news at once', '/s', 'rate'),
    ...compared('processor time of the broker for one of them', 'µs', 'effort'),
  ];
}

async function measured(side: Side, { services, warm, late, turns, together }: Size): Promise<Measured> {
  const role = side === 'nats' ? 'nats' : 'ours';
  const broker = new Child('service-brokers', role, role === 'ours' ? ['--expose-gc'] : []);
  const { port = 0 } = await broker.ask('open', { tcp: side === 'tcp' ? 1 : 0 });
  const speaker = new Child('service-crowds', role === 'ours' ? 'our-speaker' : 'nats-speaker');
  await speaker.ask('open', { port });
  const crowds = Array.from({ length: processes }, () => new Child('service-crowds', role));
  const all = [broker, speaker, ...crowds];
  await Promise.all(crowds.map(crowd => crowd.ask('effort')));
  const { rss: before = Number.NaN } = await broker.ask('memory');
  const count = services / processes;
  const opened = await time(() =>
    Promise.all(crowds.map((crowd, at) => crowd.ask('open', { port, count, first: at * count }))),
  );
  const { rss: after = Number.NaN } = await broker.ask('memory');
  const say = (news: number) =>
    time(() =>
      Promise.all([
        ...crowds.map(crowd => crowd.ask('expect', { count: news * count })),
        speaker.ask('say', { count: news }),
      ]),
    );
  for (let turn = 0; turn < warm; turn += 1) await say(turn % 2 === 0 ? 1 : 5);
  const waits: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) waits.push(await say(1));
  const { microseconds: from = 0 } = await broker.ask('effort');
  const flood = await say(together);
  const { microseconds: to = 0 } = await broker.ask('effort');
  const { p50 = Number.NaN } = await speaker.ask('join', { port, count: late });
  if (role === 'nats') await broker.ask('end');
  await Promise.all(all.map(child => child.end()));
  return {
    opened: opened / 1_000,
    memory: (after - before) / services / 1_024,
    late: p50,
    last: median(waits),
    rate: (services * together * 1_000) / flood,
    effort: (to - from) / (services * together),
  };
}

/** In ms. */
async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
