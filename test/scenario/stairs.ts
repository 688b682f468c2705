// The rules of the example daemon, and a world whose end no test forgets.

import type { Test } from 'tap';
import type { Communicator, CommunicatorOptions, ListenOptions } from '../../lib/index.ts';
import { Dispatcher, systemCommands } from '../../lib/index.ts';
import type { World } from '../support/world.ts';
import { world } from '../support/world.ts';
import { Raw } from './raw.ts';

/** A world that is stopped with its test. */
export function worldOf(t: Test, options: CommunicatorOptions = {}): World {
  const made = world(options);
  t.teardown(() => {
    for (const connection of made.communicator.connections) connection.destroy();
  });
  return made;
}

/** DAD → CLIMB, TOP → WHO, MOM → BYE, QUIT stops, all else is UNKNOWN. */
export function stairsDispatcher(communicator: Communicator): Dispatcher {
  return new Dispatcher()
    .on('DAD', (message, peer) => peer.send(message.reply('CLIMB')))
    .on('TOP', (message, peer) => peer.send(message.reply('WHO')))
    .on('MOM', (message, peer) => peer.send(message.reply('BYE')))
    .on('QUIT', () => communicator.stop())
    .otherwiseUnknown();
}

export interface Stairs extends World {
  readonly address: string;
  /** A raw client that was greeted. */
  readonly client: () => Promise<Raw>;
}

export interface StairsOptions {
  readonly system?: boolean;
  readonly listen?: ListenOptions;
  /** More rules. */
  readonly rules?: (dispatcher: Dispatcher, communicator: Communicator) => void;
  readonly communicator?: CommunicatorOptions;
}

/** The daemon, listening on a free port of loopback; it greets with HI. */
export async function stairs(t: Test, { system, listen, rules, communicator }: StairsOptions = {}): Promise<Stairs> {
  const made = worldOf(t, communicator);
  const dispatcher = stairsDispatcher(made.communicator);
  if (system) dispatcher.use(systemCommands());
  rules?.(dispatcher, made.communicator);
  const listener = made.communicator.listen('tcp://127.0.0.1:0', {
    dispatcher,
    accepted: peer => peer.send('HI'),
    ...listen,
  });
  const address = await listener.ready;
  const client = async (): Promise<Raw> => {
    const raw = await Raw.dial(address);
    t.teardown(() => raw.destroy());
    if (listen?.accepted === undefined) t.equal(await raw.line(), 'HI\n');
    return raw;
  };
  return { ...made, address, client };
}

/** A promise that others settle. */
export function gate<T = void>(): { readonly promise: Promise<T>; readonly open: (value: T) => void } {
  let open: (value: T) => void = () => undefined;
  const promise = new Promise<T>(resolve => {
    open = resolve;
  });
  return { promise, open };
}
