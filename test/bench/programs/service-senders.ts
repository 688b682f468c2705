// Those who send and ask in `service`. A flood of ours ends when each message is confirmed: the worker has handled it.

import { connect } from '@nats-io/transport-node';
import moleculer from 'moleculer';
import type { PermanentClient, Receipt } from '../../../lib/index.ts';
import { Communicator, Dispatcher, Message } from '../../../lib/index.ts';
import { Service } from '../../../lib/protocol/service/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { effort } from './gauges.ts';
import { addressOf, asking, pipelined, text } from './service-places.ts';

/** After so many messages the loop goes round. */
const stride = 512;
/** Receipts that are waited for at the same time. */
const receipts = 2_000;

const round = (): Promise<void> => new Promise(setImmediate);

interface Sender {
  /** Sends so many as fast as it can; resolves when all have gone, of ours: are confirmed. */
  flood(count: number): Promise<Figures>;
  /** Each with a receipt. */
  deliver?(count: number): Promise<Figures>;
  ask(): Promise<{ readonly length: number }>;
}

function sender(open: (port: number) => Promise<Sender>): Abilities {
  let opened: Sender | undefined;
  const use = (): Sender => opened ?? fail('it is not open');
  return {
    open: async ({ port = 0 }) => {
      opened = await open(port);
      return {};
    },
    flood: ({ count = 0 }) => use().flood(count),
    deliver: ({ count = 0 }) => use().deliver?.(count) ?? fail('nobody gives it receipts'),
    ask: given => asking(given, () => use().ask()),
    effort,
  };
}

function fail(reason: string): never {
  throw new Error(reason);
}

const confirmedOf = (link: PermanentClient): number => {
  const { fates } = link.snapshot() as unknown as { readonly fates: { readonly confirmed: number } };
  return fates.confirmed;
};

/** Both ways of ours: with a broker, and straight to the other. */
function overLink(
  link: PermanentClient,
  { send, deliver }: { send(message: Message): string; deliver(message: Message): Promise<Receipt> },
): Omit<Sender, 'ask'> {
  const item = Message.of('ITEM', { text }, { to: { service: 'worker' } });
  return {
    async flood(count) {
      const before = confirmedOf(link);
      for (let sent = 1; sent <= count; sent += 1) {
        if (send(item) === 'queued') await new Promise(resolve => link.once('drain', () => resolve(0)));
        else if (sent % stride === 0) await round();
      }
      while (link.unfinished.messages > 0) await new Promise(resolve => setTimeout(resolve, 1));
      return { confirmed: confirmedOf(link) - before };
    },
    async deliver(count) {
      let confirmed = 0;
      await pipelined(count, receipts, async () => {
        const { guarantee } = await deliver(item);
        if (guarantee === 'exactly-once-per-session') confirmed += 1;
      });
      return { confirmed };
    },
  };
}

async function ours(port: number): Promise<Sender> {
  const service = new Service('sender', { broker: addressOf(port), communicator: new Communicator() });
  const started = new Promise(resolve => service.when('started', () => resolve(0)));
  void service.run();
  await started;
  const { link = fail('it has no link') } = service;
  const question = Message.of('ASK', { text }, { to: { service: 'worker' } });
  const ask = async (): Promise<string> => (await service.request(question)).string('text');
  return { ...overLink(link, { send: one => service.send(one), deliver: one => service.deliver(one) }), ask };
}

async function direct(port: number): Promise<Sender> {
  const address = port > 0 ? addressOf(port) : `${addressOf(0)}.direct`;
  const link = new Communicator().permanent(address, { dispatcher: new Dispatcher().otherwiseUnknown() });
  await new Promise(resolve => link.once('open', () => resolve(0)));
  const question = Message.of('ASK', { text });
  const ask = async (): Promise<string> => (await link.request(question)).string('text');
  return { ...overLink(link, { send: one => link.send(one), deliver: one => link.deliver(one) }), ask };
}

async function nats(port: number): Promise<Sender> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const bytes = new TextEncoder().encode(text);
  return {
    async flood(count) {
      for (let sent = 1; sent <= count; sent += 1) {
        connection.publish('item', bytes);
        if (sent % stride === 0) await round();
      }
      await connection.flush();
      return {};
    },
    ask: async () => (await connection.request('ask', bytes, { timeout: 5_000 })).data,
  };
}

async function moleculerTcp(port: number): Promise<Sender> {
  const broker = new moleculer.ServiceBroker({
    nodeID: 'sender',
    logger: false,
    transporter: {
      type: 'TCP',
      options: { udpDiscovery: false, useHostname: false, urls: [`127.0.0.1:${port}/worker`] },
    },
  });
  await broker.start();
  await broker.waitForServices('worker', 10_000);
  return {
    async flood(count) {
      for (let left = count; left > 0; left -= stride) {
        const some = Array.from({ length: Math.min(left, stride) }, () => broker.emit('item', { text }));
        await Promise.all(some);
      }
      return {};
    },
    ask: async () => (await broker.call<{ text: string }, { text: string }>('worker.ask', { text })).text,
  };
}

serve({
  ours: () => sender(ours),
  direct: () => sender(direct),
  nats: () => sender(nats),
  moleculer: () => sender(moleculerTcp),
});
