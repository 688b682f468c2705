// Faults against the runtime, one after the other, and a table of what each did to the messages.
//
//   npm run chaos                         the long form: cuts of 3 s and 30 s
//   node dist/test/chaos/chaos.js --quick --only cut
//   node dist/test/chaos/chaos.js --peers --modules /where/the/peers/are
//
// Senders and receivers run in processes of their own, so that they can be killed and stopped. Progress goes to the
// standard error, the table to the standard output; the exit code is 1 when a bound was missed.

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import type { Fault, Plan, Row } from './fault.ts';
import { countsAreKept, rowOf } from './fault.ts';
import { peers } from './peers/faults.ts';
import { lookIn } from './peers/modules.ts';
import { faults } from './registry.ts';
import { killAllAtExit } from './stage/child.ts';
import { sow } from './stage/seed.ts';
import { tableText } from './table.ts';

function commandLine() {
  return yargs(hideBin(process.argv))
    .scriptName('chaos')
    .usage('$0\n\nBreaks links and processes in every way it knows, and counts the messages.')
    .option('seed', { type: 'number', describe: 'Of everything random here, to repeat a run' })
    .option('quick', { type: 'boolean', default: false, describe: 'Shorter cuts, fewer repeats: four minutes' })
    .option('only', { type: 'string', array: true, describe: 'Only rows with this word in their name' })
    .option('peers', {
      type: 'boolean',
      default: false,
      describe: 'The same faults for other libraries, where installed',
    })
    .option('modules', { type: 'string', array: true, describe: 'Folders whose node_modules have the peers' })
    .option('again', {
      type: 'number',
      default: 0,
      describe: 'How often a row is measured again that missed a time or a memory, on a machine with neighbours',
    })
    .option('json', { type: 'boolean', default: false, describe: 'Print JSON' })
    .strict()
    .version(false)
    .parseAsync();
}

async function main(): Promise<void> {
  const { seed = Date.now() % 2 ** 31, quick, only, modules, again, json, peers: others } = await commandLine();
  lookIn([...(modules ?? []), process.cwd()]);
  sow(seed);
  const plan: Plan = { quick, seed, progress: text => process.stderr.write(`${text}\n`) };
  const { faults: all, missing } = others ? peers(quick) : { faults: faults(quick), missing: [] };
  const wanted = all.filter(({ name, who }) => only?.some(word => `${name} ${who}`.includes(word)) ?? true);
  plan.progress(`seed ${seed}, ${wanted.length} rows`);
  const rows: Row[] = [];
  for (const [at, fault] of wanted.entries()) {
    plan.progress(`${at + 1}/${wanted.length} ${fault.name} (${fault.who})`);
    const row = await judged(fault, plan, again);
    rows.push(row);
    plan.progress(`  ${wordsOf(row)}, ${row.seconds} s`);
  }
  const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const text = json
    ? JSON.stringify({ seed, quick, rows, missing }, null, 2)
    : [tableText(rows, colour), ...missing].join('\n');
  process.stdout.write(`${text}\n`);
  process.exitCode = rows.length === 0 || rows.some(({ missed }) => missed.length > 0) ? 1 : 0;
}

function wordsOf({ skipped, missed }: Row): string {
  if (skipped !== undefined) return `skipped: ${skipped}`;
  return missed.length === 0 ? 'ok' : `MISSED ${missed.join(', ')}`;
}

/** A count that was missed is missed; a time or a memory is measured again, as often as that is allowed. */
async function judged(fault: Fault, plan: Plan, again: number): Promise<Row> {
  let row = await rowOf(fault, plan);
  for (let left = again; left > 0 && row.missed.length > 0 && countsAreKept(row); left -= 1) {
    plan.progress(`  again, it missed ${row.missed.join(', ')}`);
    row = await rowOf(fault, plan);
  }
  return row;
}

killAllAtExit();
await main();
