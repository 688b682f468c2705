// Events through PUSH, PULL, PUB and SUB: ours, and the same frames through bare sockets of the zeromq package.

import * as zmq from 'zeromq';
import { Communicator } from '../../../lib/index.ts';
import type { EventsClient } from '../../../lib/protocol/events/index.ts';
import { ensureServer, eventsClient } from '../../../lib/protocol/events/index.ts';
import { encodeEvent } from '../../../lib/protocol/events/wire.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';

const name = 'CLIENT_UID';
/** 100 bytes of content, pickled: what both send. */
const text = 'x'.repeat(100);
const frame = encodeEvent(name, [text]);
/** So many are under way at the same time: fewer than what ZeroMQ keeps, so that bare PUB drops nothing either. */
const batch = 500;

interface Way {
  /** Sends one. */
  emit(): unknown;
  /** Calls this for each that any subscriber hears. */
  heard: () => void;
}

/** Sends in batches, each when the one before has been heard by all. */
async function pass(way: Way, subscribers: number, { count = 0 }: Figures): Promise<Figures> {
  let left = 0;
  let done = (): void => undefined;
  way.heard = () => {
    left -= 1;
    if (left === 0) done();
  };
  const start = performance.now();
  for (let sent = 0; sent < count; sent += batch) {
    left = batch * subscribers;
    const all = new Promise<void>(resolve => {
      done = resolve;
    });
    for (let one = 0; one < batch; one += 1) await way.emit();
    await all;
  }
  return { rate: ((count * subscribers) / (performance.now() - start)) * 1_000 };
}

async function ours(subscribers: number): Promise<Abilities> {
  const communicator = new Communicator();
  const server = ensureServer({ emitAddress: 'tcp://127.0.0.1:0', regAddress: 'tcp://127.0.0.1:0' });
  communicator.add(server);
  const { emitAddress, regAddress } = await server.ready;
  const clients: EventsClient[] = [];
  const way: Way = { emit: () => clients[0]?.emit(name, text), heard: () => undefined };
  for (let one = 0; one < subscribers; one += 1) {
    const client = eventsClient({ emitAddress, regAddress });
    client.register(name, () => way.heard());
    communicator.add(client);
    clients.push(client);
    await client.ready();
  }
  return { pass: given => pass(way, subscribers, given) };
}

async function bare(subscribers: number): Promise<Abilities> {
  const [pull, pub, push] = [new zmq.Pull(), new zmq.Publisher(), new zmq.Push()];
  await pull.bind('tcp://127.0.0.1:*');
  await pub.bind('tcp://127.0.0.1:*');
  push.connect(pull.lastEndpoint as string);
  const forward = async (): Promise<void> => {
    for await (const [taken] of pull) await pub.send(taken as Buffer);
  };
  void forward();
  const way: Way = { emit: () => push.send(frame), heard: () => undefined };
  for (let one = 0; one < subscribers; one += 1) {
    const sub = new zmq.Subscriber();
    sub.subscribe(name);
    sub.connect(pub.lastEndpoint as string);
    const first = new Promise<void>(resolve => {
      const read = async (): Promise<void> => {
        for await (const _ of sub) {
          resolve();
          way.heard();
        }
      };
      void read();
    });
    const probing = setInterval(() => void pub.send(frame), 5);
    await first;
    clearInterval(probing);
  }
  // What was sent to find out whether they are there must not be counted.
  await new Promise(resolve => setTimeout(resolve, 200));
  return { pass: given => pass(way, subscribers, given) };
}

/** Publishes to one subscriber that reads and one that does not, and says what that costs in MiB. */
async function stuck(kept: number | undefined): Promise<Abilities> {
  const communicator = new Communicator();
  const limits = kept === undefined ? {} : { limits: { kept } };
  const server = ensureServer({ emitAddress: 'tcp://127.0.0.1:0', regAddress: 'tcp://127.0.0.1:0', ...limits });
  communicator.add(server);
  const { emitAddress, regAddress } = await server.ready;
  const client = eventsClient({ emitAddress, regAddress });
  communicator.add(client);
  return {
    address: () => ({ port: Number(new URL(regAddress.replace('tcp:', 'http:')).port) }),
    flood: async ({ count = 0 }) => {
      await client.ready();
      const content = 'x'.repeat(1_000);
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      for (let sent = 1; sent <= count; sent += 1) {
        if (client.emit(name, content) === 'queued')
          await new Promise(resolve => client.once('drain', () => resolve(0)));
        if (sent % batch === 0) await client.ready();
      }
      globalThis.gc?.();
      const { passedOver } = server.snapshot();
      return { grown: (process.memoryUsage().rss - before) / 2 ** 20, passedOver: Number(passedOver) };
    },
  };
}

/** Subscribes, reads one, and never again. */
function silent(): Abilities {
  return {
    subscribe: async ({ port = 0 }) => {
      const sub = new zmq.Subscriber({ receiveHighWaterMark: 1 });
      sub.subscribe();
      sub.connect(`tcp://127.0.0.1:${port}`);
      await new Promise(resolve => sub.events.on('handshake', resolve));
      return {};
    },
  };
}

/** Abilities of these names that wait for what takes a while to set up. */
function setUp(making: Promise<Abilities>, ...names: readonly string[]): Abilities {
  const able = (ability: string) => async (given: Figures) => (await making)[ability]?.(given) ?? {};
  return Object.fromEntries(names.map(ability => [ability, able(ability)]));
}

serve({
  ours: () => setUp(ours(1), 'pass'),
  bare: () => setUp(bare(1), 'pass'),
  'ours-100': () => setUp(ours(100), 'pass'),
  'bare-100': () => setUp(bare(100), 'pass'),
  stuck: () => setUp(stuck(undefined), 'address', 'flood'),
  'stuck-unlimited': () => setUp(stuck(2 ** 31 - 1), 'address', 'flood'),
  silent,
});
