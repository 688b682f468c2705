// One service is slower than it is sent to, beside quick ones that the same process sends to, and another one.

import type { Fault, Figures } from '../../fault.ts';
import { quantile } from '../../fault.ts';
import type { Actor } from '../../stage/broker/cast.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { pause } from '../../stage/pace.ts';

/** A p99 below this, in ms, is no better: the beat of timers. */
const least = 5;
const handling = 20;

export function slowBeside(quick: boolean): Fault {
  const length = quick ? 2_000 : 15_000;
  return {
    name: `a service that takes ${handling} ms for each of 100 msg/s, beside two quick ones with 400 msg/s`,
    who: 'ours',
    bound: { ...nothingLost, reported: 0, 'p99 against alone': 3 },
    run: () => Cast.with(cast => run(cast, length)),
  };
}

async function run(cast: Cast, length: number): Promise<Figures> {
  const machine = await cast.machine({ name: 'host' });
  const [one, two] = [await cast.service(machine, 'one'), await cast.service(machine, 'two')];
  await cast.service(machine, 'slow', { slow: handling });
  const [busy, other] = [await cast.service(machine, 'busy'), await cast.service(machine, 'other')];
  await cast.go(busy, { course: 'busy', to: 'one', perSecond: 200 });
  await cast.go(other, { course: 'other', to: 'two', perSecond: 200 });
  // The first messages of a process are slower than later ones.
  await pause(2_000);
  const alone = Date.now();
  await pause(length);
  const beside = Date.now();
  await cast.go(busy, { course: 'slow', to: 'slow', perSecond: 100 });
  await pause(length);
  const end = Date.now();
  await cast.settled();
  const p99 = (from: number, to: number): number => p99Of([one, two], from, to);
  // The better half of each: a machine with neighbours stands still now and then, a slow service is slow all the time.
  const better = (from: number, to: number): number => Math.min(p99(from, (from + to) / 2), p99((from + to) / 2, to));
  const figures = { 'p99 alone ms': better(alone, beside), 'p99 beside ms': better(beside, end) };
  const against = figures['p99 beside ms'] / Math.max(least, figures['p99 alone ms']);
  return { ...(await cast.figures()), ...figures, 'p99 against alone': against };
}

/** From `deliver` to the handler, of what was handled between then and then. */
function p99Of(actors: readonly Actor[], from: number, to: number): number {
  const ways = actors.flatMap(actor => actor.entries()).filter(({ at }) => at >= from && at < to);
  return (
    quantile(
      ways.map(({ way }) => way),
      0.99,
    ) ?? Number.NaN
  );
}
