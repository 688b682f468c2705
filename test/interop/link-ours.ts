// Our clients and servers, for tests with real programs: what they tell is kept.

import type { Test } from 'tap';
import { Communicator } from '../../lib/index.ts';
import type { LinkClient, LinkClientOptions, LinkServer, LinkServerOptions } from '../../lib/protocol/link/index.ts';
import { linkClient, linkServer } from '../../lib/protocol/link/index.ts';
import { LogBook, until } from '../support/world.ts';
import { definitions } from './link-alpha12.ts';

export interface OurClient {
  readonly client: LinkClient;
  /** What it told, in order. */
  readonly told: string[];
  /** Waits until it has told this so many times. */
  tells(what: string, times?: number): Promise<void>;
  reason: Error | undefined;
}

const pause = { first: 20, most: 200 };

/** Ours, on a communicator that is stopped at the end of the test. */
export class Ours {
  readonly log = new LogBook();
  readonly communicator = new Communicator({ logger: this.log, drain: 2_000 });

  constructor(t: Test) {
    t.teardown(() => this.communicator.stop());
  }

  client(address: string, options: Omit<LinkClientOptions, 'definitions'>): OurClient {
    const client = linkClient(address, { definitions, pause, ...options });
    const told: string[] = [];
    const tells = (what: string, times = 1): Promise<void> =>
      until(`${what} ${times} times in ${told.join(' ')}`, () => told.filter(one => one === what).length >= times);
    const ours: OurClient = { client, told, tells, reason: undefined };
    for (const what of ['connect', 'drop', 'resume', 'invalidate'] as const) client.on(what, () => told.push(what));
    client.on('close', reason => {
      ours.reason = reason;
      told.push('close');
    });
    this.communicator.add(client);
    return ours;
  }

  node(address: string, id: number, token: string): OurClient {
    return this.client(address, { role: 'node', id, name: `node ${id}`, token });
  }

  control(address: string, token: string): OurClient {
    return this.client(address, { role: 'control', token });
  }

  async server(options: Omit<LinkServerOptions, 'definitions'> = {}): Promise<{ server: LinkServer; address: string }> {
    const server = linkServer('ws://127.0.0.1:0', { definitions, ...options });
    this.communicator.add(server);
    return { server, address: await server.ready };
  }
}
