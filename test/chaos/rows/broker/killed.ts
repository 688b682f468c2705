// The broker of two services is killed again and again under load; with them, in turns, the service that handles.
//
// A broker that was killed has promised nothing: what it had not confirmed comes again to its next life, and is handled once.
// The next process of a killed service does not know what the first had handled and not confirmed: that comes again. With a
// memory on the disk it knows, and refuses what was begun and may have been done; each message waits for the disk twice there.

import type { Bound, Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { pause } from '../../stage/pace.ts';

type Victims = 'broker' | 'broker and service' | 'broker and service with a memory';

const words: { readonly [K in Victims]: string } = {
  broker: 'the broker',
  'broker and service': 'the broker and the service, in turns,',
  'broker and service with a memory': 'the same with a memory on the disk: the broker and the service, in turns,',
};

const rates: { readonly [K in Victims]: number } = {
  broker: 500,
  'broker and service': 500,
  'broker and service with a memory': 100,
};

export function brokerKilled(victims: Victims, quick: boolean): Fault {
  const times = quick ? 2 : 8;
  const away = quick ? 300 : 1_500;
  const { duplicated, 'refused but handled': doubt, ...always } = nothingLost;
  const bounds: { readonly [K in Victims]: Bound } = {
    broker: { ...always, 'refused but handled': doubt, reported: 0, duplicated },
    'broker and service': { ...always, 'refused but handled': doubt, reported: 0, 'twice in one life': 0 },
    'broker and service with a memory': { ...always, duplicated },
  };
  return {
    name: `${words[victims]} killed ${times} times, back after ${away / 1_000} s, ${rates[victims]} msg/s`,
    who: 'ours',
    bound: { ...bounds[victims], recover: 5_000 },
    run: () => Cast.with(cast => run(cast, victims, times, away)),
  };
}

async function run(cast: Cast, victims: Victims, times: number, away: number): Promise<Figures> {
  const machine = await cast.machine({ name: 'host' });
  const memory = victims === 'broker and service with a memory' ? 'on disk' : undefined;
  const handler = await cast.service(machine, 'handler', { memory });
  const sender = await cast.service(machine, 'sender');
  await cast.go(sender, { course: 'a', to: 'handler', perSecond: rates[victims] });
  await pause(500);
  for (let time = 0; time < times; time += 1) {
    const service = victims !== 'broker' && time % 2 === 1;
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
