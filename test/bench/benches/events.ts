// Events from emit to callback against bare sockets of ZeroMQ that carry the same frames; to a hundred subscribers; and what
// one subscriber that does not read costs the server.
//
// Each side has all four sockets in one process. It is cut into short turns, ours and the bare one's in turn, so that a
// noisy neighbour hits both.

import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { median, row } from '../row.ts';

const turns = { quick: 4, full: 12 } as const;
const counts = { one: { quick: 5_000, full: 20_000 }, hundred: { quick: 500, full: 1_000 } } as const;
const floods = { quick: 20_000, full: 100_000 } as const;
/** 1,000 events of 1 KiB are kept for a subscriber; the rest is what the process needs for a flood of its own. */
const mostMemory = 48;

export async function events(plan: Plan): Promise<Row[]> {
  const size = plan.quick ? 'quick' : 'full';
  const speed = { on: 'ratio', is: 'at least', limit: 0.9 } as const;
  const against = 'zeromq, the same frames';
  const one = await compare(plan, 'ours', 'bare', counts.one[size]);
  const hundred = await compare(plan, 'ours-100', 'bare-100', counts.hundred[size]);
  const [kept, unlimited] = [
    await costs(plan, 'stuck', floods[size]),
    await costs(plan, 'stuck-unlimited', floods[size]),
  ];
  const memory = { on: 'value', is: 'at most', limit: mostMemory } as const;
  const what = `memory (RSS) by one stuck subscriber, ${floods[size].toLocaleString('en-US')} events of 1 kB`;
  return [
    row({ what: 'event of 100 B, emit to callback', unit: '/s', against, bound: speed }, one, one.ratios),
    row({ what: 'the same, heard by 100 subscribers', unit: '/s', against }, hundred, hundred.ratios),
    row(
      { what, unit: 'MiB', against: 'nothing limited, as the original', bound: memory },
      { ours: kept, other: unlimited },
    ),
  ];
}

interface Compared {
  readonly ours: number[];
  readonly other: number[];
  readonly ratios: number[];
}

async function compare(plan: Plan, our: string, bare: string, count: number): Promise<Compared> {
  const all: Compared = { ours: [], other: [], ratios: [] };
  for (let number = 1; number <= plan.rounds; number += 1) {
    const sides = [new Child('events', our), new Child('events', bare)] as const;
    for (const side of sides) await rate(side, count);
    const figures = { ours: [] as number[], other: [] as number[], ratios: [] as number[] };
    for (let turn = 0; turn < (plan.quick ? turns.quick : turns.full); turn += 1) {
      const first = turn % 2;
      const one = await rate(sides[first] as Child, count);
      const two = await rate(sides[1 - first] as Child, count);
      const [ours, other] = first === 0 ? [one, two] : [two, one];
      figures.ours.push(ours);
      figures.other.push(other);
      figures.ratios.push(ours / other);
    }
    for (const name of ['ours', 'other', 'ratios'] as const) all[name].push(median(figures[name]));
    const [ours = 0, other = 0, ratio = 0] = [all.ours.at(-1), all.other.at(-1), all.ratios.at(-1)];
    plan.progress(`  round ${number}, ${our}: ${Math.round(ours)}, bare ${Math.round(other)}, ${ratio.toFixed(2)}`);
    await Promise.all(sides.map(side => side.end()));
  }
  return all;
}

async function rate(side: Child, count: number): Promise<number> {
  const { rate: measured = Number.NaN } = await side.ask('pass', { count });
  return measured;
}

async function costs(plan: Plan, role: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let number = 1; number <= plan.rounds; number += 1) {
    const server = new Child('events', role, ['--expose-gc']);
    const subscriber = new Child('events', 'silent');
    const { port = 0 } = await server.ask('address');
    // What runs for the first time must not count.
    await server.ask('flood', { count: 5_000 });
    await subscriber.ask('subscribe', { port });
    const { grown = Number.NaN, passedOver } = await server.ask('flood', { count });
    plan.progress(`  round ${number}, ${role}: ${grown.toFixed(1)} MiB, passed over ${passedOver} times`);
    found.push(grown);
    await Promise.all([server.end(), subscriber.end()]);
  }
  return found;
}
