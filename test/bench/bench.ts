// What the library costs, measured against the least that node itself can do, on the same machine in the same run.
//
//   npm run bench                        everything, five rounds of each
//   node dist/test/bench/bench.js ping --rounds 9
//   node dist/test/bench/bench.js --quick --check
//
// Servers, clients and whatever else is measured run in processes of their own; this one starts them, asks them
// for figures, and prints medians. Progress goes to the standard error, the table to the standard output.

import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { codec } from './benches/codec.ts';
import { events } from './benches/events.ts';
import { idle } from './benches/idle.ts';
import { link } from './benches/link.ts';
import { memory } from './benches/memory.ts';
import { nodes } from './benches/nodes.ts';
import { ping } from './benches/ping.ts';
import { qioBroadcast } from './benches/qio-broadcast.ts';
import { qioIdle } from './benches/qio-idle.ts';
import { qioTrip } from './benches/qio-trip.ts';
import { service } from './benches/service.ts';
import { serviceCrowd } from './benches/service-crowd.ts';
import { session } from './benches/session.ts';
import { start } from './benches/start.ts';
import { throughput } from './benches/throughput.ts';
import { stopChildren } from './child.ts';
import { facts, factsText } from './facts.ts';
import type { Plan, Row } from './row.ts';
import { tableText } from './row.ts';

const benches: Readonly<Record<string, (plan: Plan) => Promise<readonly Row[]>>> = {
  throughput,
  session,
  service,
  'service-crowd': serviceCrowd,
  events,
  ping,
  link,
  memory,
  nodes,
  'qio-broadcast': qioBroadcast,
  'qio-idle': qioIdle,
  'qio-trip': qioTrip,
  idle,
  codec,
  start,
};
const names = Object.keys(benches);

function commandLine() {
  return yargs(hideBin(process.argv))
    .scriptName('bench')
    .usage(`$0 [bench…]\n\nMeasures the library. Benches: ${names.join(', ')} (all, unless some are named).`)
    .option('rounds', { type: 'number', default: 5, describe: 'Rounds of each; the table has their medians' })
    .option('quick', { type: 'boolean', default: false, describe: 'One short round of each; the figures are rough' })
    .option('json', { type: 'boolean', default: false, describe: 'Print JSON, with the figure of every round' })
    .option('check', { type: 'boolean', default: false, describe: 'Exit with 1 when a bound is missed' })
    .check(({ _: words, rounds }) => {
      const wrong = words.filter(word => !names.includes(String(word)));
      if (wrong.length > 0) throw new Error(`there is no bench ${wrong.join(', ')} (there is ${names.join(', ')})`);
      if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds is a whole number from 1 on');
      return true;
    })
    .strictOptions()
    .version(false)
    .parseAsync();
}

async function main(): Promise<void> {
  const { _: words, rounds, quick, json, check } = await commandLine();
  const plan: Plan = {
    rounds: quick ? 1 : rounds,
    quick,
    progress: text => process.stderr.write(`${text}\n`),
  };
  const rows: Row[] = [];
  for (const name of words.length > 0 ? words.map(String) : names) {
    plan.progress(`— ${name}`);
    rows.push(...((await benches[name]?.(plan)) ?? []));
  }
  const machine = facts(plan);
  const text = json ? JSON.stringify({ machine, rows }, null, 2) : `${factsText(machine)}\n\n${tableText(rows)}`;
  process.stdout.write(`${text}\n`);
  if (check && rows.some(({ met }) => met === false)) process.exitCode = 1;
}

try {
  await main();
} finally {
  stopChildren();
}
