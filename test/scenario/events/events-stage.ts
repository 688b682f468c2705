// Servers and clients of events for tests, on ports of the system's choice, with a log that can be read.

import type { Test } from 'tap';
import { Communicator } from '../../../lib/index.ts';
import type {
  EventsAddresses,
  EventsClient,
  EventsClientOptions,
  EventsServer,
  EventsServerOptions,
} from '../../../lib/protocol/events/index.ts';
import { ensureServer, eventsClient } from '../../../lib/protocol/events/index.ts';
import { LogBook, until } from '../../support/world.ts';

export const anyPort = { emitAddress: 'tcp://127.0.0.1:0', regAddress: 'tcp://127.0.0.1:0' } as const;

/** A communicator that is stopped at the end of the test. */
export function owner(t: Test): { readonly communicator: Communicator; readonly log: LogBook } {
  const log = new LogBook();
  const communicator = new Communicator({ logger: log, drain: 2_000 });
  t.teardown(() => communicator.stop(200));
  return { communicator, log };
}

/** One process with events: its communicator, its server, its clients. */
export class Stage {
  readonly communicator: Communicator;
  readonly log: LogBook;
  addresses: EventsAddresses = { ...anyPort, reused: false };

  constructor(t: Test) {
    const { communicator, log } = owner(t);
    this.communicator = communicator;
    this.log = log;
  }

  /** A server that listens; clients that follow go there. */
  async serve(options: EventsServerOptions = {}): Promise<EventsServer> {
    const server = ensureServer({ ...anyPort, ...options });
    this.communicator.add(server);
    this.addresses = await server.ready;
    return server;
  }

  client(options: EventsClientOptions = {}): EventsClient {
    const { emitAddress, regAddress } = this.addresses;
    const client = eventsClient({ emitAddress, regAddress, ...options });
    this.communicator.add(client);
    return client;
  }

  /** Waits until a connection has ended. */
  async gone(connection: EventsServer | EventsClient): Promise<void> {
    await until(`${connection.name} has ended`, () => connection.state === 'closed');
  }
}

/** A count of a snapshot. */
export function count(connection: EventsServer | EventsClient, name: string): number {
  return Number(connection.snapshot()[name]);
}
