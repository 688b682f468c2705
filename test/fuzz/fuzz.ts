// Throws mutated lines and packets at a running daemon of ours, and sees that it lives on, forgets nobody else's
// messages, and gives its memory back.
//
//   npm run fuzz                                   the long form: 1,000,000 inputs
//   node dist/test/fuzz/fuzz.js --quick
//   node dist/test/fuzz/fuzz.js --seed 7 --first 120 --inputs 2000
//
// The daemon runs in a process of its own. Progress goes to the standard error, the table to the standard output; the
// exit code is 1 when a bound was missed.

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { Campaign } from './campaign.ts';
import { rowsOf, tableText } from './verdict.ts';

const sizes = { quick: { inputs: 20_000, warmUp: 80_000 }, long: { inputs: 1_000_000, warmUp: 500_000 } } as const;

function commandLine() {
  return yargs(hideBin(process.argv))
    .scriptName('fuzz')
    .usage('$0\n\nThrows mutated lines and packets at a running daemon.')
    .option('seed', { type: 'number', describe: 'Of everything random here, to repeat a run' })
    .option('quick', { type: 'boolean', default: false, describe: '20,000 inputs' })
    .option('inputs', { type: 'number', describe: 'How many lines and packets' })
    .option('first', { type: 'number', default: 0, describe: 'Number of the first script, to come sooner to a fault' })
    .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
    .strict()
    .version(false)
    .parseAsync();
}

async function main(): Promise<void> {
  const { seed = Date.now() % 2 ** 31, quick, first, json, inputs } = await commandLine();
  const size = quick ? sizes.quick : sizes.long;
  const plan = { ...size, inputs: inputs ?? size.inputs, seed, first };
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  progress(`seed ${seed}, ${plan.inputs} inputs after ${plan.warmUp} to warm up`);
  const outcome = await new Campaign({ ...plan, progress }).run();
  const rows = rowsOf(outcome);
  process.stdout.write(`${json ? JSON.stringify({ ...plan, rows, outcome }, null, 2) : tableText(rows)}\n`);
  process.exitCode = rows.some(({ verdict }) => verdict === 'MISSED') ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
}
await main();
