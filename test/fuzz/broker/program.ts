// The broker under the fuzzer, in a process of its own: small limits, so that each is met, and figures for the fuzzer.

import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { Broker } from '../../../lib/broker/index.ts';
import type { ListenOptions } from '../../../lib/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { serve } from '../../chaos/stage/child.ts';
import { CountedLog } from '../programs/log.ts';
import { measure, presentMemory } from '../programs/memory.ts';

export interface BrokerOpening {
  readonly socket: string;
  readonly store: string;
}

export interface BrokerPlaces {
  readonly unix: string;
  readonly tcp: string;
  readonly udp: string;
}

export interface BrokerFigures {
  readonly state: string;
  readonly status: Omit<BrokerStatus, 'services' | 'cluster'>;
  readonly services: number;
  readonly bytes: number;
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

const log = new CountedLog();
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
  return { unix, tcp, udp };
}

function figures(): BrokerFigures {
  const { services, cluster: _, ...status } = broker.status;
  const bytes = services.reduce((sum, one) => sum + one.bytes, 0);
  const { refused, faults } = log;
  return { state: broker.state, status, services: services.length, bytes, refused, rejections, faults };
}

serve({ open, figures, memory: presentMemory, measure: () => measure() });
