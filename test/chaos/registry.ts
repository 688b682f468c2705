// All rows, in the order of the table.

import type { Fault } from './fault.ts';
import { brokerFrozen } from './rows/broker/frozen.ts';
import { brokerKilled } from './rows/broker/killed.ts';
import { natsKilled } from './rows/broker/nats-killed.ts';
import { slowBeside } from './rows/broker/slow.ts';
import { split } from './rows/broker/split.ts';
import { twins } from './rows/broker/twins.ts';
import { twinsKilled } from './rows/broker/twins-killed.ts';
import { cut } from './rows/link/cut.ts';
import { frozenTwice } from './rows/link/frozen-twice.ts';
import { oneWay } from './rows/link/one-way.ts';
import { repeatedCuts } from './rows/link/repeated-cuts.ts';
import { requests } from './rows/link/requests.ts';
import { resetStorm } from './rows/link/reset-storm.ts';
import { secondCut } from './rows/link/second-cut.ts';
import { storm } from './rows/link/storm.ts';
import { late, narrow, splitEverywhere, strained } from './rows/link/strained.ts';
import { datagrams } from './rows/packets/datagrams.ts';
import { crowd } from './rows/process/crowd.ts';
import { flood } from './rows/process/flood.ts';
import { frozen } from './rows/process/frozen.ts';
import { killed } from './rows/process/killed.ts';
import { slowReader } from './rows/process/slow-reader.ts';
import { suspended } from './rows/process/suspended.ts';

/** The way back may take so many ms: after a short cut at the 99th percentile, after a long one the longest pause. */
const recover = { short: 500, long: 5_000 } as const;
/** Rows about silence take seconds of it; the short form has less patience. */
const dead = { quick: 2_000, full: 15_000 } as const;

export function faults(quick: boolean): Fault[] {
  const short = { length: quick ? 1_000 : 3_000, recover: recover.short };
  const long = { length: quick ? 3_000 : 30_000, recover: recover.long };
  const away = quick ? 1_000 : 3_000;
  return [
    cut({ ...short, perSecond: 200, links: 50, times: quick ? 1 : 4 }),
    cut({ ...short, perSecond: 20_000, times: quick ? 1 : 5 }),
    cut({ ...long, perSecond: 200 }),
    cut({ ...long, perSecond: 20_000 }),
    resetStorm(quick),
    repeatedCuts(quick),
    secondCut(quick),
    storm(quick),
    requests(quick),
    oneWay('to server', quick),
    oneWay('to client', quick),
    frozenTwice('to server', quick),
    frozenTwice('to client', quick),
    strained(splitEverywhere, quick),
    strained(late, quick),
    strained(narrow, quick),
    killed({ away, onSessionLost: 'resend', deliver: true }),
    ...(quick ? [] : [killed({ away, onSessionLost: 'resend' })]),
    killed({ away, onSessionLost: 'report' }),
    frozen(quick ? { dead: dead.quick, flood: 2_000 } : { dead: dead.full }),
    suspended('SIGSTOP', quick),
    ...(quick ? [] : [suspended('a blocked loop', quick)]),
    slowReader(quick),
    flood(quick),
    crowd(),
    datagrams(quick),
    brokerKilled('broker', quick),
    brokerKilled('broker and service', quick),
    brokerKilled('broker and service with a memory', quick),
    natsKilled(quick),
    brokerFrozen(quick),
    split('between two NATS servers, in namespaces', quick),
    ...(quick ? [] : [split('between two NATS servers that both know, in namespaces', quick)]),
    split('between two NATS servers, by a proxy', quick),
    split('before NATS, by a proxy', quick),
    twins(quick),
    twinsKilled(quick),
    slowBeside(quick),
  ];
}
