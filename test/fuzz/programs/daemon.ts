// The daemon under the fuzzer: all roles of the runtime in one process, and figures about it for the fuzzer.

import type { ListenOptions, PermanentClient } from '../../../lib/index.ts';
import { Communicator, Message } from '../../../lib/index.ts';
import { serve } from '../../chaos/stage/child.ts';
import { openLinks } from './links.ts';
import { CountedLog } from './log.ts';
import { measure, presentMemory } from './memory.ts';
import { Ledger, rules } from './rules.ts';

export interface DaemonOpening {
  /** Marks the messages of the well-behaved connection. */
  readonly word: string;
  readonly socket: string;
  /** Where the fuzzer plays the server for the daemon's clients. */
  readonly servers: readonly string[];
}

export interface DaemonPlaces {
  readonly tcp: string;
  readonly strict: string;
  readonly unix: string;
  readonly packets: string;
  readonly rotate: string;
  readonly link: string;
}

export interface DaemonFigures {
  /** Messages that came to a handler, and lines that were refused before. */
  readonly handled: number;
  readonly refused: number;
  readonly received: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly rejections: readonly string[];
  readonly faults: readonly string[];
  readonly log: Readonly<Record<string, number>>;
  readonly rotations: number;
  /** Connections by kind. */
  readonly connections: Readonly<Record<string, number>>;
  /** Messages that the clients hold. */
  readonly held: number;
  /** Deliveries and requests of the clients whose promise has not settled. */
  readonly pending: number;
  readonly settled: number;
}

const log = new CountedLog();
const ledger = new Ledger();
const rejections: string[] = [];
const communicator = new Communicator({ logger: log, drain: 1_000 });
const clients: PermanentClient[] = [];
let rotations = 0;
const promises = { pending: 0, settled: 0 };
let feeding: 'on' | 'off' = 'off';

process.on('unhandledRejection', reason => {
  rejections.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
});

/** Everything is small here, so that each limit is met. */
const strict: ListenOptions['limits'] = {
  connections: 40,
  line: 4_096,
  unsent: 64 * 1024,
  sessions: 6,
  remember: 150,
  ask: 40,
  dead: 120,
};

/** Who has gone without a word is found out soon. */
const lively = { ask: 300, dead: 10_000 } as const;

async function open({ word, socket, servers }: DaemonOpening): Promise<DaemonPlaces> {
  const forward = (): PermanentClient => clients[0] as PermanentClient;
  const dispatcher = rules(word, ledger, forward, false);
  const traced = rules(word, ledger, forward, 'both');
  for (const [at, server] of servers.entries()) {
    const client = communicator.permanent(server, {
      dispatcher: at === 0 ? dispatcher : traced,
      concurrency: at + 1,
      opened: link => void (at === 1 && link.send('REGISTER')),
      outbox: {
        count: 100,
        bytes: 64 * 1024,
        age: 300,
        whenFull: at === 2 ? 'drop-newest' : 'drop-oldest',
        onSessionLost: at === 0 ? 'resend' : 'report',
      },
      limits: { line: 64 * 1024, unsent: 256 * 1024, ask: 40, dead: 150 },
      pause: { first: 1, most: 20 },
    });
    clients.push(client);
  }
  communicator.timer({ every: 2 }, feed);
  const accepted: ListenOptions['accepted'] = peer => peer.send('HI');
  const tcp = communicator.listen('tcp://127.0.0.1:0', { dispatcher, limits: { remember: 500, ...lively } });
  const narrow = communicator.listen('tcp://127.0.0.1:0', {
    dispatcher: traced,
    accepted,
    concurrency: 4,
    limits: strict,
  });
  const unix = communicator.listen(`unix:${socket}`, {
    dispatcher,
    accepted,
    limits: { remember: 300, sessions: 50, ...lively },
  });
  const packets = communicator.bind('udp://127.0.0.1:0', { dispatcher });
  const rotate = communicator.logRotate('udp://127.0.0.1:0', {
    secret: 'open',
    rotate: () => {
      rotations += 1;
    },
  });
  const link = openLinks(communicator);
  void communicator.run();
  return {
    tcp: await tcp.ready,
    strict: await narrow.ready,
    unix: await unix.ready,
    packets: await packets.ready,
    rotate: await rotate.ready,
    link: await link,
  };
}

/** The clients always have something to say. */
function feed(): void {
  if (feeding === 'off') return;
  for (const client of clients) {
    client.send(Message.of('NEWS', { text: 'x'.repeat(20) }));
    settles(client.deliver('ITEM', { ttl: 100 }));
    settles(client.request('QUESTION', { timeout: 150 }));
  }
}

function settles(promise: Promise<unknown>): void {
  promises.pending += 1;
  const settled = (): void => {
    promises.pending -= 1;
    promises.settled += 1;
  };
  promise.then(settled, settled);
}

function figures(): DaemonFigures {
  const connections: Record<string, number> = {};
  for (const { kind } of communicator.connections) connections[kind] = (connections[kind] ?? 0) + 1;
  const held = clients.reduce((sum, client) => sum + client.unfinished.messages, 0);
  const { received, duplicated, reordered } = ledger;
  const { counts, faults } = log;
  const counted = { handled: ledger.handled, refused: log.refused, received, duplicated, reordered };
  return { ...counted, rejections, faults, log: { ...counts }, rotations, connections, held, ...promises };
}

const turn = (to: 'on' | 'off') => (): void => {
  feeding = to;
};

serve({
  open,
  figures,
  memory: presentMemory,
  measure: () => measure(),
  feed: turn('on'),
  rest: turn('off'),
});
