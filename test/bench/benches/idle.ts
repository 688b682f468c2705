// A service with nothing to do must do nothing. All rounds run side by side: sleepers do not disturb each other.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';

/**
 * Milliseconds. Some seconds after the start, V8 collects the garbage of it once; the long run waits until that is
 * over. The bound is the worst of the bare servers, since a wake-up or two come from the system.
 */
const spans = { quick: { settle: 1_000, sleep: 3_000 }, full: { settle: 15_000, sleep: 20_000 } } as const;

export async function idle(plan: Plan): Promise<Row[]> {
  const pairs = Array.from({ length: plan.rounds }, () => ({
    ours: new Child('idlers', 'our-idle'),
    other: new Child('idlers', 'bare-idle'),
  }));
  const all = pairs.flatMap(({ ours, other }) => [ours, other]);
  await Promise.all(all.map(child => child.ask('address')));
  const { settle, sleep: span } = plan.quick ? spans.quick : spans.full;
  await pause(settle);
  const before = await Promise.all(all.map(child => child.ask('effort')));
  plan.progress(`  ${all.length} processes sleep for ${span / 1000} s`);
  await pause(span);
  const after = await Promise.all(all.map(child => child.ask('effort')));
  await Promise.all(all.map(child => child.end()));
  const spent = (name: string): number[] => after.map((figures, at) => difference(figures, before[at] ?? {}, name));
  const sides = (figures: readonly number[]) => ({
    ours: figures.filter((_, at) => at % 2 === 0),
    other: figures.filter((_, at) => at % 2 === 1),
  });
  const common = { against: 'node:net' };
  const wakes = sides(spent('wakes'));
  const limit = Math.max(...wakes.other);
  return [
    row(
      {
        what: `wake-ups in ${span / 1000} idle seconds`,
        unit: '',
        ...common,
        bound: { on: 'value', is: 'at most', limit },
      },
      wakes,
    ),
    row({ what: `processor time in ${span / 1000} idle seconds`, unit: 'µs', ...common }, sides(spent('microseconds'))),
  ];
}

function difference(after: Figures, before: Figures, name: string): number {
  return (after[name] ?? Number.NaN) - (before[name] ?? Number.NaN);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
