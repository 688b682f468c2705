// The other side is killed in the middle of the work, and comes back without a memory.
//
// It writes down each message before it counts as handled. What it confirmed must be written; the rest is sent
// again to the new process (and may so be handled twice) or reported, as the client was told.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bound, Fault, Figures } from '../../fault.ts';
import type { WireName } from '../../peers/wires.ts';
import { pause } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';
import { Tally } from '../../stage/tally.ts';

export interface Killed {
  readonly who?: WireName;
  readonly onSessionLost?: 'resend' | 'report';
  /** Whether each message waits for its receipt. */
  readonly deliver?: boolean;
  /** Ms from death to new life. */
  readonly away: number;
  /** Sending goes on for so many ms after that. @default 1_500 */
  readonly after?: number;
}

export function killed({ who = 'ours', onSessionLost, deliver = false, away, after = 1_500 }: Killed): Fault {
  const what = onSessionLost === undefined ? '' : `, ${onSessionLost}${deliver ? ', receipts' : ''}`;
  const bound: Bound = who === 'ours' ? { lost: 0, reordered: 0, recover: 5_000, 'confirmed but lost': 0 } : {};
  return {
    name: `SIGKILL, back after ${away / 1_000} s, 200 msg/s${what}`,
    who,
    bound,
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
      const journal = join(folder, 'journal');
      const options = { wire: who, proxied: false, receiver: { journal }, sender: { onSessionLost } };
      try {
        return await Stage.with(options, stage => run(stage, { deliver, away, after, journal }));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  };
}

interface Run {
  readonly deliver: boolean;
  readonly away: number;
  readonly after: number;
  readonly journal: string;
}

async function run(stage: Stage, { deliver, away, after, journal }: Run): Promise<Figures> {
  await stage.mark();
  await stage.go(200, { deliver });
  await pause(1_500);
  stage.begins();
  await stage.peer.kill();
  await pause(away);
  await stage.restart();
  stage.ends();
  await pause(after);
  const figures = await stage.settled(async () => tallyOf(journal).counts.distinct);
  const { accepted, rejected, reported } = await stage.sent();
  const tally = tallyOf(journal);
  const confirmed = await stage.sender.ask<number[]>('confirmed');
  if (deliver && confirmed.length === 0) throw new Error('nothing was confirmed');
  const { distinct, duplicated, reordered } = tally.counts;
  return {
    ...figures,
    lost: Math.max(0, accepted - distinct - Math.max(rejected, reported)),
    duplicated,
    reordered,
    'confirmed but lost': confirmed.filter(number => !tally.has(number)).length,
    confirmed: deliver ? confirmed.length : undefined,
    reported: Math.max(rejected, reported),
  };
}

function tallyOf(journal: string): Tally {
  const tally = new Tally();
  for (const line of readFileSync(journal, 'latin1').split('\n')) {
    if (line !== '') tally.take(Number(line.split(' ')[1]));
  }
  return tally;
}
