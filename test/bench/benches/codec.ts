// Text to message and back, against JSON of the same data.

import type { Figures } from '../child.ts';
import { Child } from '../child.ts';
import type { Plan, Row } from '../row.ts';
import { row } from '../row.ts';

const kinds = { two: '2 parameters', eight: '8 parameters', quoted: 'a value of 1 kB in quotes' } as const;
const steps = [
  { ours: 'decode', other: 'parse' },
  { ours: 'encode', other: 'stringify' },
] as const;
const spans = { quick: 100, full: 300 } as const;

export async function codec(plan: Plan): Promise<Row[]> {
  const child = new Child('codec', 'codec');
  const milliseconds = plan.quick ? spans.quick : spans.full;
  await child.ask('round', { milliseconds: spans.quick });
  const rounds: Figures[] = [];
  for (let round = 1; round <= plan.rounds; round += 1) {
    rounds.push(await child.ask('round', { milliseconds }));
    plan.progress(`  round ${round}`);
  }
  await child.end();
  const all = (name: string): number[] => rounds.map(figures => figures[name] ?? Number.NaN);
  return Object.entries(kinds).flatMap(([kind, text]) =>
    steps.map(({ ours, other }) => {
      const rounds = { ours: all(`${kind}-${ours}`), other: all(`${kind}-${other}`) };
      return row({ what: `${ours}, ${text}`, unit: 'ns', against: `JSON.${other}` }, rounds);
    }),
  );
}
