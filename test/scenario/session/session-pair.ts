// A permanent client and a listener in one process, on a network that the test cuts and closes, and on its clock.

import type { Test } from 'tap';
import type {
  Address,
  Channel,
  ClientOptions,
  Listener,
  ListenOptions,
  Peer,
  PermanentClient,
} from '../../../lib/index.ts';
import { NetworkError } from '../../../lib/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import type { World } from '../../support/world.ts';
import { CuttingNetwork } from '../cutting.ts';
import { worldOf } from '../stairs.ts';

/** A network whose way can be closed for a while. */
export class Way extends CuttingNetwork {
  #way: 'open' | 'closed' = 'open';

  override dial(address: Address, signal: AbortSignal): Promise<Channel> {
    if (this.#way === 'open') return super.dial(address, signal);
    return Promise.reject(new NetworkError('DIAL_FAILED', 'the way is closed'));
  }

  /** Breaks the link, and lets no other come up. */
  close(): void {
    this.#way = 'closed';
    this.cut({ direction: 'out', bytes: 0, kind: 'reset' });
  }

  open(): void {
    this.#way = 'open';
  }
}

export interface Pair {
  readonly clock: VirtualClock;
  readonly way: Way;
  readonly server: World;
  readonly near: World;
  readonly listener: Listener;
  readonly client: PermanentClient;
  /** The peers that the server owns at present. */
  readonly peers: () => Peer[];
  /** Breaks the link; the next one comes up by itself. */
  readonly cut: () => Promise<void>;
  /** Breaks the link, and keeps it away for so many ms. */
  readonly away: (ms: number) => Promise<void>;
}

export const place = 'memory://place';

export async function pairOf(
  t: Test,
  { listen = {}, client: options = {} }: { readonly listen?: ListenOptions; readonly client?: ClientOptions } = {},
): Promise<Pair> {
  const clock = new VirtualClock();
  const way = new Way();
  const made = { clock, random: () => 0.5, transports: { memory: way } };
  const server = worldOf(t, made);
  const near = worldOf(t, made);
  const listener = server.communicator.listen(place, listen);
  await listener.ready;
  const client = near.communicator.permanent(place, options);
  await settled();
  const peers = (): Peer[] => server.communicator.connections.filter(({ kind }) => kind === 'peer') as Peer[];
  const cut = async (): Promise<void> => {
    way.cut({ direction: 'out', bytes: 0, kind: 'reset' });
    await settled();
  };
  const away = async (ms: number): Promise<void> => {
    way.close();
    await settled();
    await clock.advance(ms);
    way.open();
  };
  return { clock, way, server, near, listener, client, peers, cut, away };
}
