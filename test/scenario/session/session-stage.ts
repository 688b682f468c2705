// One side of a session, on stub channels and a virtual clock: the test is the network, the other side and the time.

import type { Test } from 'tap';
import type {
  Address,
  Channel,
  ClientOptions,
  CommunicatorOptions,
  ListenEvents,
  Listener,
  Listening,
  ListenOptions,
  Message,
  Peer,
  Transport,
} from '../../../lib/index.ts';
import { NetworkError, PermanentClient } from '../../../lib/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import type { World } from '../../support/world.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';
import { StubChannel, StubTransport } from '../stub.ts';

/** A listening place in the hand of the test. */
export class StubPlace implements Transport {
  #events: ListenEvents | undefined;

  dial(): Promise<Channel> {
    return Promise.reject(new NetworkError('DIAL_FAILED', 'a stub place does not dial'));
  }

  listen(address: Address, events: ListenEvents): Promise<Listening> {
    this.#events = events;
    return Promise.resolve({ address, close: () => undefined });
  }

  /** A client connects. */
  connect(name: string): StubChannel {
    const channel = new StubChannel(name);
    this.#events?.accept(channel);
    return channel;
  }
}

export interface ServerStage extends World {
  readonly clock: VirtualClock;
  readonly listener: Listener;
  readonly connect: (name?: string) => StubChannel;
  /** The peers that the communicator owns at present. */
  readonly peers: () => Peer[];
  /** The first line of a session, and what the server said to it. */
  readonly agree: (channel: StubChannel, line?: string) => Promise<Agreed>;
  /** Comes back on another channel. */
  readonly comeBack: (epoch: string, received: number | string) => Promise<StubChannel>;
}

export interface Agreed {
  readonly epoch: string;
  readonly id: string;
  readonly received: string;
}

export const key = { id: '0123456789abcdef', secret: 'f'.repeat(32) } as const;
export const offer = (carrier: 0 | 1 | 2): string => `${key.id}.${key.secret}.${carrier}`;

/** The parameters of the SESSION line in a text. */
export function agreementIn(text: string): Agreed {
  const [, epoch = '', id = '', received = ''] = /SESSION epoch=(\w+);id=(\w+);received=(\w+)/.exec(text) ?? [];
  return { epoch, id, received };
}

export async function serverStage(
  t: Test,
  listen: ListenOptions = {},
  options: CommunicatorOptions = {},
): Promise<ServerStage> {
  const clock = new VirtualClock();
  const place = new StubPlace();
  const made = worldOf(t, { clock, transports: { tcp: place }, ...options });
  const listener = made.communicator.listen('tcp://a:1', listen);
  await listener.ready;
  let connected = 0;
  const connect = (name = `link ${++connected}`): StubChannel => place.connect(name);
  const peers = (): Peer[] => made.communicator.connections.filter(({ kind }) => kind === 'peer') as Peer[];
  const agree = async (channel: StubChannel, line = `HELLO _session=${offer(1)}`): Promise<Agreed> => {
    channel.says(`${line}\n`);
    await settled();
    return agreementIn(channel.text);
  };
  const comeBack = async (epoch: string, received: number | string): Promise<StubChannel> => {
    const channel = connect();
    await agree(channel, `ALIVE _session=${offer(0)}`);
    channel.says(`SESSION epoch=${epoch};id=${key.id};received=${received}\n`);
    await settled();
    return channel;
  };
  return { ...made, clock, listener, connect, peers, agree, comeBack };
}

export interface ClientStage extends World {
  readonly client: PermanentClient;
  readonly clock: VirtualClock;
  readonly stub: StubTransport;
  /** Commands and codes of what was dropped. */
  readonly dropped: string[];
  readonly lost: string[];
  readonly open: (index: number) => Promise<StubChannel>;
  /** Answers the offer that stands on the channel. */
  readonly agree: (channel: StubChannel, received: number | string, epoch?: string) => Promise<string>;
  /** The link breaks; gives the next one, on which the client has come back. */
  readonly cut: (channel: StubChannel, next: number) => Promise<StubChannel>;
}

/** Whose session the client offers on this channel. */
export function offered(channel: StubChannel): { readonly id: string; readonly carrier: string } {
  const [, id = '', carrier = ''] = /_session=(\w{16})\.\w{32}\.(\d)/.exec(channel.text) ?? [];
  return { id, carrier };
}

/** A permanent client whose pauses are as long as they may be: 50 ms the first. */
export function clientStage(t: Test, options: ClientOptions = {}): ClientStage {
  const clock = new VirtualClock();
  const stub = new StubTransport();
  const made = worldOf(t, { clock, random: () => 0, transports: { tcp: stub } });
  const client = new PermanentClient('tcp://a:1', options);
  const dropped: string[] = [];
  const lost: string[] = [];
  client.on('dropped', (message: Message<unknown>, reason: Error & { readonly code?: string }) =>
    dropped.push(`${message.command} ${reason.code}`),
  );
  client.on('session lost', choice => lost.push(choice));
  made.communicator.add(client);
  const open = async (index: number): Promise<StubChannel> => {
    const channel = (await stub.at(index)).succeed();
    await until('the client is open', () => client.state === 'open');
    await settled();
    return channel;
  };
  const agree = async (channel: StubChannel, received: number | string, epoch = 'e1'): Promise<string> => {
    const { id } = offered(channel);
    channel.says(`SESSION epoch=${epoch};id=${id};received=${received}\n`);
    await settled();
    return id;
  };
  const cut = async (channel: StubChannel, next: number): Promise<StubChannel> => {
    channel.gone();
    await settled();
    await clock.advance(5_000);
    return open(next);
  };
  return { ...made, client, clock, stub, dropped, lost, open, agree, cut };
}
