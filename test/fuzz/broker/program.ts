// The broker under the fuzzer, in a process of its own: small limits, so that each is met, and figures for the fuzzer.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { Broker } from '../../../lib/broker/index.ts';
import type { ListenOptions, Severity } from '../../../lib/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { serve } from '../../chaos/stage/child.ts';
import { CountedLog } from '../programs/log.ts';
import type { Memory } from '../programs/memory.ts';
import { measure, presentMemory } from '../programs/memory.ts';
import { broadcast } from './good.ts';

export interface BrokerOpening {
  readonly socket: string;
  readonly store: string;
}

export interface BrokerPlaces {
  readonly unix: string;
  readonly tcp: string;
  readonly udp: string;
  readonly pid: number;
}

export interface BrokerFigures {
  readonly state: string;
  readonly status: Omit<BrokerStatus, 'services' | 'cluster'>;
  readonly services: number;
  readonly bytes: number;
  /** Broadcasts of the good services that one of them missed, as the broker says, each with its reason. */
  readonly missed: readonly string[];
  /** The links that are there, in words: the first of them. */
  readonly links: readonly string[];
  readonly refused: number;
  readonly rejections: readonly string[];
  readonly faults: readonly string[];
}

export const limits = {
  services: 200,
  count: 4_000,
  bytes: 256 * 1024,
  pair: 3_000,
  window: 500,
  probe: 3_000,
} as const;

/** As many links are told in words. */
const mostLinks = 12;

const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();
const missed: string[] = [];

class Log extends CountedLog {
  override log(severity: Severity, message: string, fields?: object): void {
    if (message.startsWith(`${broadcast} to all was missed by `)) missed.push(message);
    super.log(severity, message, fields);
  }
}

const log = new Log();
const rejections: string[] = [];
process.on('unhandledRejection', reason => {
  rejections.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
});

/** Who has gone without a word is found out soon, and forgotten soon. */
class Hurried extends Communicator {
  override listen(address: string, options: ListenOptions = {}): ReturnType<Communicator['listen']> {
    return super.listen(address, { ...options, limits: { ...options.limits, remember: 300, ask: 300, dead: 10_000 } });
  }
}

const communicator = new Hurried({ logger: log, drain: 1_000 });
let broker: Broker;

async function open({ socket, store }: BrokerOpening): Promise<BrokerPlaces> {
  broker = new Broker({
    communicator,
    server: 'fuzzed',
    listen: [`unix:${socket}`, 'tcp://127.0.0.1:0', 'udp://127.0.0.1:0'],
    access: { users: { admin: { secret: 'nobody in the fuzzer knows', may: ['control'] } } },
    limits,
    store: { directory: store, bytes: 4 * 1024 * 1024 },
    services: ['absent'],
  });
  const [unix = '', tcp = '', udp = ''] = await broker.start();
  return { unix, tcp, udp, pid: process.pid };
}

function figures(): BrokerFigures {
  const { services, cluster: _, ...status } = broker.status;
  const bytes = services.reduce((sum, one) => sum + one.bytes, 0);
  const { refused, faults } = log;
  return {
    state: broker.state,
    status,
    services: services.length,
    bytes,
    missed,
    links: links(),
    refused,
    rejections,
    faults,
  };
}

function links(): string[] {
  const peers = communicator.snapshot().connections.filter(({ kind }) => kind === 'peer');
  return peers.slice(0, mostLinks).map(peer => JSON.stringify(peer));
}

/** Memory, and the longest time in ms that the loop did not turn since this was asked last. */
function present(): Memory & { readonly stall: number } {
  const stall = Math.round(loop.max / 1e6);
  loop.reset();
  return { ...presentMemory(), stall };
}

serve({ open, figures, memory: present, measure: () => measure() });
