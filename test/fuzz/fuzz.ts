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
import { BrokerCampaign } from './broker/campaign.ts';
import type { Plan } from './campaign.ts';
import { Campaign } from './campaign.ts';
import type { Row } from './verdict.ts';
import { rowsOf, tableText } from './verdict.ts';

const targets = ['daemon', 'broker'] as const;
type Target = (typeof targets)[number];
type Size = Pick<Plan, 'inputs' | 'warmUp'>;

/** Messages go through a broker twice, and others hear them. */
const sizes: { readonly [T in Target]: { readonly quick: Size; readonly long: Size } } = {
  daemon: { quick: { inputs: 20_000, warmUp: 80_000 }, long: { inputs: 1_000_000, warmUp: 500_000 } },
  broker: { quick: { inputs: 3_000, warmUp: 15_000 }, long: { inputs: 400_000, warmUp: 200_000 } },
};

function commandLine() {
  return yargs(hideBin(process.argv))
    .scriptName('fuzz')
    .usage('$0\n\nThrows mutated lines and packets at a running daemon.')
    .option('seed', { type: 'number', describe: 'Of everything random here, to repeat a run' })
    .option('target', { choices: targets, describe: 'Who is thrown at (default: one after the other)' })
    .option('quick', { type: 'boolean', default: false, describe: '20,000 inputs, 3,000 at the broker' })
    .option('inputs', { type: 'number', describe: 'How many lines and packets' })
    .option('first', { type: 'number', default: 0, describe: 'Number of the first script, to come sooner to a fault' })
    .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
    .strict()
    .version(false)
    .parseAsync();
}

async function main(): Promise<void> {
  const { seed = Date.now() % 2 ** 31, quick, first, json, inputs, target } = await commandLine();
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  for (const one of target === undefined ? targets : [target]) {
    const size = sizes[one][quick ? 'quick' : 'long'];
    const plan = { ...size, inputs: inputs ?? size.inputs, seed, first };
    progress(`${one}: seed ${seed}, ${plan.inputs} inputs after ${plan.warmUp} to warm up`);
    const rows = await run(one, { ...plan, progress });
    process.stdout.write(`${json ? JSON.stringify({ target: one, ...plan, rows }, null, 2) : tableText(rows)}\n`);
    if (rows.some(({ verdict }) => verdict === 'MISSED')) process.exitCode = 1;
  }
}

async function run(target: Target, plan: Plan): Promise<Row[]> {
  return target === 'broker' ? new BrokerCampaign(plan).run() : rowsOf(await new Campaign(plan).run());
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143));
}
await main();
