// Service to service on one machine: through our broker (over Unix sockets, and over tcp), through nats-server with nats.js,
// and with moleculer's TCP transporter, which has nothing in the middle.
//
// Each side has a sender, a worker, and what stands between them, in processes of their own. Messages have 100 bytes. A
// flood of ours is over when the sender knows of each message that the worker has handled it; the others have no such
// knowledge, theirs is over when the worker has counted all. Sides take turns, in another order each round. All live
// through all rounds, as services do.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import { text } from '../programs/service-places.ts';
import type { Bound, Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const sides = ['unix', 'tcp', 'nats', 'moleculer', 'direct-unix', 'direct-tcp'] as const;
type Side = (typeof sides)[number];

interface Size {
  /** Messages of a flood, before it is measured and while it is. */
  readonly warm: number;
  readonly flood: number;
  /** Questions for so many ms. */
  readonly ask: number;
  readonly turns: number;
}

const sizes = {
  quick: { warm: 5_000, flood: 10_000, ask: 150, turns: 1 },
  full: { warm: 400_000, flood: 200_000, ask: 300, turns: 2 },
} as const;

/** What is measured of a side. Rates are per second, waits in µs, processor time in µs of all processes for one message. */
const figures = ['send', 'effort', 'sender', 'broker', 'worker', 'deliver', 'p50', 'p99', 'many'] as const;
type Figure = (typeof figures)[number];
type Measured = { readonly [figure in Figure]: number };
type Round = { readonly [side in Side]: Measured };

interface Parties {
  readonly side: Side;
  readonly sender: Child;
  readonly broker: Child | undefined;
  readonly worker: Child;
}

export async function service(plan: Plan): Promise<Row[]> {
  const size = plan.quick ? sizes.quick : sizes.full;
  const all = await Promise.all(sides.map(opened));
  for (const parties of all) await measured(parties, { ...size, flood: size.warm });
  const rounds: Round[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const one = await round(all, size, number);
    rounds.push(one);
    for (const side of sides) plan.progress(`  round ${number}, ${side}: ${shown(one[side])}`);
  }
  await Promise.all(all.map(ended));
  return rowsOf(rounds);
}

function rowsOf(rounds: readonly Round[]): Row[] {
  const [half, less]: Bound[] = [
    { on: 'ratio', is: 'at least', limit: 0.5 },
    { on: 'ratio', is: 'at most', limit: 1 },
  ];
  const names = { nats: 'nats.js', moleculer: 'moleculer TCP' } as const;
  const compared = (
    what: string,
    unit: string,
    [figure, other]: readonly [Figure, Figure],
    to: 'nats' | 'moleculer',
    bound?: Bound,
  ): Row[] =>
    (['unix', 'tcp'] as const).map(side =>
      row(
        { what: `${what}, ${side}`, unit, against: names[to], ...(bound && { bound }) },
        { ours: rounds.map(one => one[side][figure]), other: rounds.map(one => one[to][other]) },
      ),
    );
  return [
    ...compared('messages sent, handled and confirmed', '/s', ['send', 'send'], 'nats', half),
    ...compared('the same', '/s', ['send', 'send'], 'moleculer'),
    ...compared('messages with a receipt for each', '/s', ['deliver', 'send'], 'nats'),
    ...compared('processor time of all processes for one', 'µs', ['effort', 'effort'], 'nats'),
    ...compared('a request, p50', 'µs', ['p50', 'p50'], 'nats', less),
    ...compared('the same', 'µs', ['p50', 'p50'], 'moleculer'),
    ...compared('a request, p99', 'µs', ['p99', 'p99'], 'nats'),
    ...compared('requests, 64 in flight', '/s', ['many', 'many'], 'nats'),
    ...compared('the same', '/s', ['many', 'many'], 'moleculer'),
    ...(['unix', 'tcp'] as const).map(side =>
      row(
        { what: `added to a request by the broker, p50, ${side}`, unit: 'µs', against: 'all of one without it' },
        {
          ours: rounds.map(one => one[side].p50 - one[`direct-${side}`].p50),
          other: rounds.map(one => one[`direct-${side}`].p50),
        },
      ),
    ),
  ];
}

async function round(all: readonly Parties[], size: Size, number: number): Promise<Round> {
  const found: Partial<Record<Side, Measured[]>> = {};
  for (let turn = 0; turn < size.turns; turn += 1) {
    const first = (number + turn) % all.length;
    for (const parties of [...all.slice(first), ...all.slice(0, first)]) {
      const list = found[parties.side] ?? [];
      list.push(await measured(parties, size));
      found[parties.side] = list;
    }
  }
  const medians = (side: Side) =>
    Object.fromEntries(figures.map(figure => [figure, median((found[side] ?? []).map(one => one[figure]))]));
  return Object.fromEntries(sides.map(side => [side, medians(side)])) as Round;
}

async function opened(side: Side): Promise<Parties> {
  const tcp = side.endsWith('tcp') ? 1 : 0;
  const role = side.startsWith('direct') ? 'direct' : side === 'unix' || side === 'tcp' ? 'ours' : side;
  const broker = role === 'ours' || role === 'nats' ? new Child('service-brokers', role) : undefined;
  const [worker, sender] = [new Child('service-workers', role), new Child('service-senders', role)];
  const middle = await broker?.ask('open', { tcp });
  const { port = 0 } = await worker.ask('open', { port: middle?.port ?? 0, tcp });
  await sender.ask('open', { port });
  return { side, sender, broker, worker };
}

async function ended({ side, sender, broker, worker }: Parties): Promise<void> {
  if (side === 'nats') await broker?.ask('end');
  await Promise.all([sender, broker, worker].map(child => child?.end()));
}

async function measured(parties: Parties, { flood, ask }: Size): Promise<Measured> {
  const { side, sender } = parties;
  const sent = await flooded(parties, 'flood', flood);
  const hasReceipts = side !== 'nats' && side !== 'moleculer';
  const { rate: deliver } = hasReceipts ? await flooded(parties, 'deliver', flood) : { rate: Number.NaN };
  const { p50 = Number.NaN, p99 = Number.NaN } = await sender.ask('ask', { flight: 1, milliseconds: ask });
  const { rate: many = Number.NaN } = await sender.ask('ask', { flight: 64, milliseconds: ask });
  return { ...sent.efforts, send: sent.rate, deliver, p50, p99, many };
}

interface Flooded {
  readonly rate: number;
  readonly efforts: Pick<Measured, 'effort' | 'sender' | 'broker' | 'worker'>;
}

/** From the word to begin until the worker has counted all, and the sender knows of it where it can. */
async function flooded(parties: Parties, way: 'flood' | 'deliver', count: number): Promise<Flooded> {
  const { side, sender, worker } = parties;
  const before = await used(parties);
  const start = performance.now();
  const [{ sum }, { confirmed }] = await Promise.all([worker.ask('round', { count }), sender.ask(way, { count })]);
  const time = performance.now() - start;
  const after = await used(parties);
  if (sum !== count * text.length) throw new Error(`${side}: the worker counted ${sum} of ${count * text.length}`);
  if (confirmed !== undefined && confirmed !== count) throw new Error(`${side}: ${confirmed} of ${count} confirmed`);
  const [one = 0, two = 0, three = 0] = after.map((value, at) => (value - (before[at] ?? 0)) / count);
  return {
    rate: (count / time) * 1_000,
    efforts: { effort: one + two + three, sender: one, broker: two, worker: three },
  };
}

/** Processor time so far, in µs. */
function used({ sender, broker, worker }: Parties): Promise<number[]> {
  const of = async (child: Child | undefined): Promise<number> => {
    const { microseconds = 0 }: Figures = (await child?.ask('effort')) ?? {};
    return microseconds;
  };
  return Promise.all([sender, broker, worker].map(of));
}

function shown({ send, effort, sender, broker, worker, deliver, p50, p99, many }: Measured): string {
  const parts = [sender, broker, worker].map(one => one.toFixed(2)).join(' + ');
  const receipts = Number.isNaN(deliver) ? '' : `, ${Math.round(deliver)} with receipts`;
  const waits = `p50 ${Math.round(p50)} µs, p99 ${Math.round(p99)} µs, ${Math.round(many)} with 64 in flight`;
  return `${Math.round(send)}/s (${effort.toFixed(2)} = ${parts} µs)${receipts}; ${waits}`;
}
