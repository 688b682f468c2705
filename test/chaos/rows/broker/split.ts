// Two brokers cannot reach each other for a while, and nothing tells them so: the way between their two servers of NATS is a
// black hole, or the way of one of them to the only server. Each side goes on by itself; then they are one again.

import { FaultProxy } from '../../../../lib/testkit/index.ts';
import { NatsServer } from '../../../support/nats-server.ts';
import type { Bound, Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import type { SplitNats } from '../../stage/broker/nats.ts';
import { namespacedNats, proxiedNats, withoutNamespaces, withoutNats } from '../../stage/broker/nats.ts';
import { acrossFault, twoMachines } from '../../stage/broker/two-machines.ts';

/** Where it is split, and with what. */
export type Where =
  | 'between two NATS servers, in namespaces'
  | 'between two NATS servers that both know, in namespaces'
  | 'between two NATS servers, by a proxy'
  | 'before NATS, by a proxy';

const opened: { readonly [where in Where]: () => Promise<SplitNats> } = {
  'between two NATS servers, in namespaces': namespacedNats,
  'between two NATS servers that both know, in namespaces': () => bothKnown(namespacedNats()),
  'between two NATS servers, by a proxy': proxiedNats,
  'before NATS, by a proxy': oneNats,
};

export function split(where: Where, quick: boolean): Fault {
  const away = quick ? 6_200 : 30_000;
  return {
    name: `two brokers split for ${away / 1_000} s ${where}, 200 msg/s across`,
    who: 'ours',
    skip: () => withoutNats ?? (where.endsWith('namespaces') ? withoutNamespaces() : undefined),
    bound: { ...nothingLost, ...times(where, away), 'cached and reported': 0 },
    run: () => Cast.with(cast => run(cast, opened[where], away)),
  };
}

/**
 * Who is cut off from its own server goes to the other one, and that takes until the first one counts as dead. Two servers of
 * NATS that were in a black hole are together again when TCP tries again: after as long as it lasted at the most.
 */
function times(where: Where, away: number): Bound {
  const detect = where.includes('both know') ? 30_000 : 7_500;
  return { detect, 'converge ms': where.endsWith('namespaces') ? away + 5_000 : 5_000 };
}

async function run(cast: Cast, open: () => Promise<SplitNats>, away: number): Promise<Figures> {
  const nats = await open();
  try {
    const machines = await twoMachines(cast, nats);
    return await acrossFault(cast, machines, { away, begin: () => nats.split(), end: () => nats.heal() });
  } finally {
    await nats.end();
  }
}

/** Each broker is told of both servers, and begins with the one or the other. */
async function bothKnown(opening: Promise<SplitNats>): Promise<SplitNats> {
  const nats = await opening;
  return { ...nats, cluster: () => `${nats.cluster('east')},${nats.cluster('west')}` };
}

/** One server, and a proxy before it for the west. */
async function oneNats(): Promise<SplitNats> {
  const server = await NatsServer.start();
  const proxy = await FaultProxy.open({ to: `tcp://127.0.0.1:${server.port}` });
  return {
    cluster: side => (side === 'east' ? server.address : `nats://${new URL(proxy.address).host}`),
    inside: () => [],
    split: () => proxy.freeze(),
    heal: () => proxy.heal(),
    end: async () => {
      await Promise.all([proxy.close(), server.end()]);
    },
  };
}
