// The broker of two services is killed again and again under load; with them, in turns, the service that handles.
//
// A broker that was killed has promised nothing: what it had not confirmed comes again to its next life, and is handled once.
// The next process of a killed service does not know what the first had handled and not confirmed: that comes again.

import type { Bound, Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { pause } from '../../stage/pace.ts';

export function brokerKilled(victims: 'broker' | 'broker and service', quick: boolean): Fault {
  const times = quick ? 2 : 8;
  const away = quick ? 300 : 1_500;
  const { duplicated, ...others } = nothingLost;
  const once: Bound = victims === 'broker' ? { duplicated } : { 'twice in one life': 0 };
  const what = victims === 'broker' ? 'the broker' : 'the broker and the service, in turns,';
  return {
    name: `${what} killed ${times} times, back after ${away / 1_000} s, 500 msg/s`,
    who: 'ours',
    bound: { ...others, ...once, reported: 0, recover: 5_000 },
    run: () => Cast.with(cast => run(cast, victims, times, away)),
  };
}

async function run(
  cast: Cast,
  victims: 'broker' | 'broker and service',
  times: number,
  away: number,
): Promise<Figures> {
  const machine = await cast.machine({ name: 'host' });
  const handler = await cast.service(machine, 'handler');
  const sender = await cast.service(machine, 'sender');
  await cast.go(sender, { course: 'a', to: 'handler', perSecond: 500 });
  await pause(500);
  for (let time = 0; time < times; time += 1) {
    const service = victims === 'broker and service' && time % 2 === 1;
    cast.begins();
    await (service ? handler : machine).kill();
    await pause(away);
    await (service ? handler.again() : machine.start());
    cast.ends();
    await pause(away);
  }
  await cast.settled();
  const arrivals = handler.entries().map(({ at }) => at);
  const detect = victims === 'broker' ? cast.since('began', (await sender.figures()).lost) : undefined;
  return { ...(await cast.figures()), detect, recover: cast.since('ended', arrivals) };
}
