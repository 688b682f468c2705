// Two machines in a cluster, and when they are one again after a fault.

import type { BrokerStatus } from '../../../../lib/broker/index.ts';
import type { Figures } from '../../fault.ts';
import { pause, until } from '../pace.ts';
import type { Actor, Cast } from './cast.ts';
import type { Machine } from './machine.ts';
import type { Side, SplitNats } from './nats.ts';

export type Machines = { readonly [side in Side]: Machine };
/** Names of the services on each side. */
export type Services = { readonly [side in Side]: readonly string[] };

/** They know each other again within so many ms, or never. */
const patience = 90_000;

export async function twoMachines(cast: Cast, nats: Pick<SplitNats, 'cluster' | 'inside'>): Promise<Machines> {
  const machine = (name: Side): Promise<Machine> =>
    cast.machine({ name, cluster: nats.cluster(name), inside: nats.inside(name) });
  const [east, west] = await Promise.all([machine('east'), machine('west')]);
  return { east, west };
}

/** Whether a broker is connected, and sees that one with just these services. */
export function sees(server: string, services: readonly string[]): (status: BrokerStatus) => boolean {
  const wanted = services.toSorted().join();
  return ({ cluster: { state, others } }) =>
    state === 'up' && others.some(one => one.server === server && one.services.toSorted().join() === wanted);
}

/** Whether a broker sees that one no more. */
export function misses(server: string): (status: BrokerStatus) => boolean {
  return ({ cluster }) => !cluster.others.some(one => one.server === server);
}

/** Waits until both see each other with just these services. */
export async function together(cast: Cast, { east, west }: Machines, services: Services): Promise<void> {
  await Promise.all([
    cast.when(east, sees('west', services.west), patience),
    cast.when(west, sees('east', services.east), patience),
  ]);
}

/** The same, and until something of a course has come to that service since then; gives the ms from then on. */
export async function converged(
  cast: Cast,
  machines: Machines,
  services: Services,
  { by, course, since }: { readonly by: Actor; readonly course: string; readonly since: number },
): Promise<number> {
  await together(cast, machines, services);
  const seen = Date.now();
  const first = (): number | undefined => by.entries().find(entry => entry.course === course && entry.at >= since)?.at;
  if (!(await until(() => first() !== undefined, patience))) throw new Error(`nothing of ${course} came any more`);
  return Math.max(seen, first() ?? 0) - since;
}

export interface AcrossFault {
  /** So long it lasts, in ms. */
  readonly away: number;
  begin(): void;
  end(): void | Promise<void>;
}

const services: Services = { east: ['cacher', 'sender'], west: ['handler'] };

/**
 * From the east to the west, with and without a wish for the cache, before, while and after something stands between them.
 * `detect` is from then until the east does not see the west any more. What JetStream kept has no order with what followed.
 */
export async function acrossFault(cast: Cast, machines: Machines, { away, begin, end }: AcrossFault): Promise<Figures> {
  const [handler, sender, cacher] = await Promise.all([
    cast.service(machines.west, 'handler'),
    cast.service(machines.east, 'sender'),
    cast.service(machines.east, 'cacher'),
  ]);
  await together(cast, machines, services);
  // The share of one sender at a service (2,500) is not to fill while it lasts.
  await cast.go(sender, { course: 'plain', to: 'handler', perSecond: 160 });
  await cast.go(cacher, { course: 'cached', to: 'handler', perSecond: 40, cache: 'ttl=120s' });
  await pause(500);
  cast.begins();
  begin();
  // It lasts until it is noticed, at the least.
  const noticed = cast.when(machines.east, misses('west'), patience).catch(() => undefined);
  const [detect] = await Promise.all([noticed, pause(away)]);
  await end();
  const since = cast.ends();
  const converge = await converged(cast, machines, services, { by: handler, course: 'plain', since });
  await pause(500);
  await cast.settled();
  const figures = await cast.figures();
  const cached = await cast.counts('cached');
  return {
    ...figures,
    reordered: (await cast.counts('plain')).reordered,
    detect,
    recover: cast.since(
      'ended',
      handler.entries().map(({ at }) => at),
    ),
    'converge ms': converge,
    'cached and reported': cached.reported,
    'cached and reordered': cached.reordered,
  };
}
