// A client on a stub transport and a virtual clock: the test is the network and the time. It offers no session unless
// the test asks for one.

import type { Test } from 'tap';
import type { Client, ClientOptions, Message, PermanentClient } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import type { World } from '../support/world.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';
import type { StubChannel } from './stub.ts';
import { StubTransport } from './stub.ts';

export interface Stage<C extends Client = PermanentClient> extends World {
  readonly client: C;
  readonly clock: VirtualClock;
  readonly stub: StubTransport;
  readonly states: string[];
  readonly pauses: number[];
  /** Commands and codes of what was dropped. */
  readonly dropped: string[];
  readonly closes: (Error | undefined)[];
  /** Makes the dial at this place succeed, and waits until the client is open. */
  readonly open: (index: number) => Promise<StubChannel>;
}

export interface StageOptions extends ClientOptions {
  readonly random?: () => number;
  readonly address?: string | readonly string[];
}

function watched<C extends Client>(made: World, client: C, clock: VirtualClock, stub: StubTransport): Stage<C> {
  const states: string[] = [client.state];
  const pauses: number[] = [];
  const dropped: string[] = [];
  const closes: (Error | undefined)[] = [];
  client.on('state', to => states.push(to));
  client.on('retry', (_, pause) => pauses.push(pause));
  client.on('dropped', (message: Message<unknown>, reason: Error & { readonly code?: string }) =>
    dropped.push(`${message.command} ${reason.code}`),
  );
  client.on('close', reason => closes.push(reason));
  const open = async (index: number): Promise<StubChannel> => {
    const channel = (await stub.at(index)).succeed();
    await until('the client is open', () => client.state === 'open');
    await settled();
    return channel;
  };
  return { ...made, client, clock, stub, states, pauses, dropped, closes, open };
}

/** Random 0, the default, makes each pause as long as it may be. */
export function permanentStage(
  t: Test,
  { random = () => 0, address = 'tcp://a:1', ...options }: StageOptions = {},
): Stage {
  const clock = new VirtualClock();
  const stub = new StubTransport();
  const made = worldOf(t, { clock, random, transports: { tcp: stub } });
  return watched(
    made,
    made.communicator.permanent(address, { ...options, outbox: { session: false, ...options.outbox } }),
    clock,
    stub,
  );
}

export function onceStage(t: Test, { address = 'tcp://a:1', ...options }: StageOptions = {}): Stage<Client> {
  const clock = new VirtualClock();
  const stub = new StubTransport();
  const made = worldOf(t, { clock, transports: { tcp: stub } });
  return watched(made, made.communicator.connect(address, options), clock, stub);
}

/** Fails the dial at this place and waits until the client waits. */
export async function failing({ client, stub }: Stage, index: number): Promise<void> {
  (await stub.at(index)).fail();
  await until('the client waits', () => client.state === 'waiting');
  await settled();
}
