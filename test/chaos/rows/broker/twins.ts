// A name that is registered on both sides of a split: when it has healed, both brokers list it. Messages go to the process on
// their own machine, and where there is none, to that of the first broker by name; none is handled by both.

import type { Fault, Figures } from '../../fault.ts';
import type { Actor } from '../../stage/broker/cast.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import type { SplitNats } from '../../stage/broker/nats.ts';
import { proxiedNats, withoutNats } from '../../stage/broker/nats.ts';
import { misses, sees, twoMachines } from '../../stage/broker/two-machines.ts';
import { pause } from '../../stage/pace.ts';

/** They know it all within so many ms, or never. */
const patience = 60_000;
const perSecond = 100;

export function twins(quick: boolean): Fault {
  const after = quick ? 1_500 : 20_000;
  return {
    name: `one name on both sides of a split, healed ${after / 1_000} s after the second came, ${3 * perSecond} msg/s`,
    who: 'ours',
    skip: () => withoutNats,
    bound: { ...nothingLost, 'converge ms': 10_000, astray: 0 },
    run: () => Cast.with(cast => run(cast, after)),
  };
}

async function run(cast: Cast, after: number): Promise<Figures> {
  const nats = await proxiedNats();
  try {
    return await played(cast, nats, after);
  } finally {
    await nats.end();
  }
}

async function played(cast: Cast, nats: SplitNats, after: number): Promise<Figures> {
  const { east, west } = await twoMachines(cast, nats);
  // On the side of the west, without a twin of its own.
  const yonder = await cast.machine({ name: 'yonder', cluster: nats.cluster('west') });
  const first = await cast.service(east, 'twin');
  for (const machine of [east, west, yonder]) {
    const sender = await cast.service(machine, `from_${machine.name}`);
    if (machine !== east) await cast.when(machine, sees('east', ['from_east', 'twin']), patience);
    await cast.go(sender, { course: machine.name, to: 'twin', perSecond, cache: 'ttl=120s' });
  }
  await pause(500);
  cast.begins();
  nats.split();
  const detect = Math.max(...(await Promise.all([west, yonder].map(one => cast.when(one, misses('east'), patience)))));
  const second = await cast.service(west, 'twin');
  await cast.when(yonder, sees('west', ['from_west', 'twin']), patience);
  await pause(after);
  await nats.heal();
  const since = cast.ends();
  await Promise.all([
    cast.when(east, sees('west', ['from_west', 'twin']), patience),
    cast.when(west, sees('east', ['from_east', 'twin']), patience),
    cast.when(yonder, sees('east', ['from_east', 'twin']), patience),
  ]);
  const converged = Date.now();
  await pause(1_500);
  await cast.settled();
  const astray = strays(first, ['east', 'yonder'], converged) + strays(second, ['west'], converged);
  return { ...(await cast.figures()), detect, 'converge ms': converged - since, astray };
}

/** Messages that were sent since then, and that a process handled which was not to. */
function strays(actor: Actor, courses: readonly string[], since: number): number {
  const young = actor.entries().filter(({ at, way }) => at - way >= since);
  if (young.length === 0) throw new Error(`nothing came to ${actor.name} any more`);
  return young.filter(({ course }) => !courses.includes(course)).length;
}
