// The command line of cluster-status: exit code 0 where the cluster is up, 1 where it is not, or cannot be asked.

import type { BrokerStatus } from '../../lib/broker/index.ts';
import { PeerError, TimeoutError } from '../../lib/index.ts';
import { BrokerLine, brokerPlace } from '../broker-question.ts';
import { commandLine, exitCodes, milliseconds, runProgram } from '../command-line.ts';

const program = {
  name: 'cluster-status',
  summary: 'Say how the cluster of a broker is.',
  options: {
    ...brokerPlace,
    timeout: { type: 'string', default: '5', describe: 'Longest time for all, in seconds (or 500ms)' },
    json: { type: 'boolean', default: false, describe: 'JSON on one line' },
  },
  examples: [
    ['$0', 'Ask the broker of this machine'],
    ['$0 --broker tcp://127.0.0.1:4040 --json', 'For a script'],
  ],
} as const;

export function main(): Promise<void> {
  return runProgram(program.name, async () => {
    const given = await commandLine(program, process.argv.slice(2));
    if (given === undefined) return exitCodes.done;
    const line = new BrokerLine(given);
    try {
      const timeout = milliseconds('timeout', given.timeout);
      const answer = await line.ask('CLUSTER_STATUS', timeout);
      const computers = answer.integer('neighbors_count');
      const status = answer.command.replace('CLUSTER_', '');
      // The brokers of others say no more than that.
      const live = answer.has('_live') ? answer.integer('_live') : undefined;
      const quorum = answer.has('_quorum') ? answer.integer('_quorum') : Math.floor(computers / 2) + 1;
      const complete = live === undefined ? undefined : live === computers;
      const found = { status: status.toLowerCase(), complete, computers, live, quorum };
      const more = given.json || status !== 'UP' ? await statusOf(line, timeout) : undefined;
      const whole = given.json ? { ...found, brokers: more && brokersOf(more) } : found;
      process.stdout.write(given.json ? `${JSON.stringify(whole)}\n` : `${words(found)}${troubleOf(more)}`);
      return status === 'UP' ? exitCodes.done : exitCodes.failed;
    } finally {
      await line.close();
    }
  });
}

/** All that one of our brokers says of itself; undefined where the broker asked is one of C++. */
async function statusOf(line: BrokerLine, timeout: number): Promise<BrokerStatus | undefined> {
  try {
    return await line.status(timeout);
  } catch (error) {
    if (error instanceof PeerError || error instanceof TimeoutError) return undefined;
    throw error;
  }
}

/** All brokers with their services. */
function brokersOf({ server, services, cluster }: BrokerStatus): { server: string; services: number }[] {
  const here = { server, services: services.filter(({ status }) => status === 'up').length };
  return [here, ...cluster.others.map(({ server, services }) => ({ server, services: services.length }))];
}

/** Why the cluster is down. */
function troubleOf(status: BrokerStatus | undefined): string {
  const trouble = status?.cluster.trouble;
  return trouble === undefined ? '' : `    Trouble: ${trouble}\n`;
}

interface Found {
  readonly status: string;
  readonly complete: boolean | undefined;
  readonly computers: number;
  readonly live: number | undefined;
  readonly quorum: number;
}

function words({ status, complete, computers, live, quorum }: Found): string {
  const whole = complete === undefined ? 'unknown' : complete ? 'complete' : 'incomplete';
  const there = live === undefined ? '' : `${live} of `;
  return `     Status: ${status}\n   Complete: ${whole}\n  Computers: ${there}${computers}\n     Quorum: ${quorum}\n`;
}
