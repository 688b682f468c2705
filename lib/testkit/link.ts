// One client, and the connection to the server that was made for it.
//
//   dialling ─dialled▶ open ─side closed▶ half ─side closed▶ closed
//      └──────end───────┴────────end───────┴─────end────────────▲
//
// While half, one side is closed, and what it said before is still on its way to the other.

import type { StateTable } from '../base/state-table.ts';
import { StateMachine } from '../base/state-table.ts';
import type { Channel, ChannelEvents } from '../transport/index.ts';
import type { PumpWorld } from './pump.ts';
import { Pump } from './pump.ts';

type LinkState = 'dialling' | 'open' | 'half' | 'closed';
type LinkEvent = 'dialled' | 'side closed' | 'end';

export const linkTable: StateTable<LinkState, LinkEvent> = {
  dialling: { dialled: 'open', end: 'closed' },
  open: { 'side closed': 'half', end: 'closed' },
  half: { 'side closed': 'closed', end: 'closed' },
  closed: {},
};

export interface LinkWorld extends PumpWorld {
  readonly dial: (signal: AbortSignal) => Promise<Channel>;
  /** Told once, last. */
  readonly ended: (link: FaultLink) => void;
}

/** How a link is ended from here. */
export type Ending = 'destroy' | 'reset';

export class FaultLink {
  readonly #client: Channel;
  readonly #world: LinkWorld;
  readonly #machine = new StateMachine(linkTable, 'dialling');
  readonly #dialling = new AbortController();
  #server: Channel | undefined;
  #pumps: readonly Pump[] = [];

  constructor(client: Channel, world: LinkWorld) {
    this.#client = client;
    this.#world = world;
    world.dial(this.#dialling.signal).then(
      server => this.#dialled(server),
      () => this.end('destroy', 'server not reached'),
    );
  }

  /** Bytes that wait here. */
  get held(): number {
    return this.#pumps.reduce((sum, { held }) => sum + held, 0);
  }

  /** The faults are others now. */
  changed(): void {
    for (const pump of this.#pumps) pump.changed();
  }

  /** Closes both sides at once; what was on its way is thrown away. `event` is for the record. */
  end(how: Ending, event: string): void {
    if (!this.#machine.attempt('end')) return;
    this.#world.happened(event);
    this.#dialling.abort(new Error('the link was cut'));
    for (const channel of [this.#client, this.#server]) channel?.[how]();
    this.#closed();
  }

  #dialled(server: Channel): void {
    if (!this.#machine.attempt('dialled')) return server.destroy();
    this.#server = server;
    this.#world.happened('open');
    const toServer = new Pump('to server', this.#client, server, this.#world);
    const toClient = new Pump('to client', server, this.#client, this.#world);
    this.#pumps = [toServer, toClient];
    this.#client.start(this.#owner('client', toServer, toClient));
    server.start(this.#owner('server', toClient, toServer));
    this.changed();
  }

  /** What a channel says, to the pump that reads it and the pump that fills it. */
  #owner(name: string, out: Pump, into: Pump): ChannelEvents {
    return {
      data: bytes => out.take(bytes),
      drained: () => into.drained(),
      ended: () => out.end(),
      closed: reason => {
        if (!this.#machine.attempt('side closed')) return;
        this.#world.happened(`${name} closed`);
        into.stop();
        if (this.#machine.state === 'closed') this.#closed();
        else out.gone(reason);
      },
    };
  }

  #closed(): void {
    for (const pump of this.#pumps) pump.stop();
    this.#world.ended(this);
  }
}
