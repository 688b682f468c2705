// A server with a thousand clients is cut off: they come back, and not all at once.

import type { Fault } from '../../fault.ts';
import { pause, until } from '../../stage/pace.ts';
import { Stage } from '../../stage/stage.ts';

const links = 1_000;
/** Of this many ms the fullest is looked for. */
const windowLength = 100;

export function crowd(): Fault {
  const length = 3_000;
  return {
    name: `${links.toLocaleString('en-US')} clients, ${length / 1_000} s cut, 1,000 msg/s together`,
    who: 'ours',
    bound: { lost: 0, duplicated: 0, reordered: 0, 'last back ms': 5_500, 'share in 100 ms %': 50 },
    run: () =>
      Stage.with({ links }, async stage => {
        await stage.mark();
        await stage.go(1_000);
        await pause(2_000);
        await stage.cut(length);
        const healed = Date.now();
        const back = async (): Promise<boolean> =>
          (await stage.sent()).ups.every(times => times.some(time => time >= healed));
        await until(back, 6_000);
        const figures = await stage.settled();
        const { ups } = await stage.sent();
        const firsts = ups.map(times => times.find(time => time >= healed)).filter(time => time !== undefined);
        const times = firsts.map(time => time - healed).sort((a, b) => a - b);
        return {
          ...figures,
          'first back ms': times[0],
          'last back ms': times.length === links ? times.at(-1) : undefined,
          'share in 100 ms %': (100 * fullest(times)) / links,
        };
      }),
  };
}

/** The most that came within one window, wherever it begins. */
function fullest(times: readonly number[]): number {
  let most = 0;
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] ?? 0) - (times[first] ?? 0) >= windowLength) first += 1;
    most = Math.max(most, last - first + 1);
  }
  return most;
}
