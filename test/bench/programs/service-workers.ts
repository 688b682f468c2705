// Those who are sent to in `service`: they count the items of a round, and answer questions with the same text.

import { connect } from '@nats-io/transport-node';
import moleculer from 'moleculer';
import { Communicator, Dispatcher } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { effort } from './gauges.ts';
import { Round } from './round.ts';
import { addressOf } from './service-places.ts';

type Open = (given: Figures, round: Round) => Promise<Figures>;

function worker(open: Open): Abilities {
  const round = new Round();
  return { open: given => open(given, round), round: ({ count = 0 }) => round.of(count), effort };
}

function counted(round: Round, length: number): void {
  round.begin();
  round.count(length);
}

const ours: Open = async ({ port = 0 }, round) => {
  const service = new Service('worker', { broker: addressOf(port), communicator: new Communicator() })
    .on('ITEM', message => counted(round, message.string('text').length))
    .on('ASK', (message, peer) => peer.send(message.reply('ANSWER', { text: message.string('text') })));
  const started = new Promise(resolve => service.when('started', () => resolve(0)));
  void service.run();
  await started;
  return { port };
};

/** No broker: the one who asks dials this process. */
const direct: Open = async ({ tcp = 0 }, round) => {
  const dispatcher = new Dispatcher()
    .on('ITEM', message => counted(round, message.string('text').length))
    .on('ASK', (message, peer) => peer.send(message.reply('ANSWER', { text: message.string('text') })));
  const listener = new Communicator().listen(tcp > 0 ? 'tcp://127.0.0.1:0' : `${addressOf(0)}.direct`, { dispatcher });
  const address = await listener.ready;
  return { port: tcp > 0 ? Number(new URL(address.replace('tcp:', 'http:')).port) : 0 };
};

const nats: Open = async ({ port = 0 }, round) => {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  connection.subscribe('item', { callback: (_error, message) => counted(round, message.data.length) });
  connection.subscribe('ask', { callback: (_error, message) => void message.respond(message.data) });
  await connection.flush();
  return { port };
};

interface TcpTransporter {
  readonly opts: { readonly port: number };
}

const moleculerTcp: Open = async (_given, round) => {
  const broker = new moleculer.ServiceBroker({
    nodeID: 'worker',
    logger: false,
    transporter: { type: 'TCP', options: { udpDiscovery: false, useHostname: false } },
  });
  broker.createService({
    name: 'worker',
    events: { item: (context: moleculer.Context<{ text: string }>) => counted(round, context.params.text.length) },
    actions: { ask: (context: moleculer.Context<{ text: string }>) => ({ text: context.params.text }) },
  });
  await broker.start();
  const transporter = broker.transit?.tx as unknown as TcpTransporter;
  return { port: transporter.opts.port };
};

serve({
  ours: () => worker(ours),
  direct: () => worker(direct),
  nats: () => worker(nats),
  moleculer: () => worker(moleculerTcp),
});
