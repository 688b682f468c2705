// A name at two brokers, and the broker of the sender is killed again and again. What its former life had in hand may go to the
// other process of that name, where that one is seen first: each process handles it once.

import { NatsServer } from '../../../support/nats-server.ts';
import type { Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { withoutNats } from '../../stage/broker/nats.ts';
import { sees, twoMachines } from '../../stage/broker/two-machines.ts';
import { pause } from '../../stage/pace.ts';

/** Long enough for services to come back in any order, in ms. */
const away = 3_000;

export function twinsKilled(quick: boolean): Fault {
  const times = quick ? 3 : 8;
  const { duplicated: _, ...others } = nothingLost;
  return {
    name: `one name at two brokers, the sender's killed ${times} times for 3 s, 200 msg/s`,
    who: 'ours',
    skip: () => withoutNats,
    bound: { ...others, 'twice in one life': 0, reported: 0 },
    run: () => Cast.with(cast => run(cast, times)),
  };
}

async function run(cast: Cast, times: number): Promise<Figures> {
  const nats = await NatsServer.start();
  try {
    const { east, west } = await twoMachines(cast, { cluster: () => nats.address, inside: () => [] });
    const here = await cast.service(east, 'twin');
    const there = await cast.service(west, 'twin');
    const sender = await cast.service(east, 'sender');
    await cast.when(east, sees('west', ['twin']), 10_000);
    await cast.go(sender, { course: 'a', to: 'twin', perSecond: 200 });
    await pause(500);
    for (let time = 0; time < times; time += 1) {
      cast.begins();
      await east.kill();
      await pause(away);
      await east.start();
      cast.ends();
      await cast.when(east, sees('west', ['twin']), 10_000);
      await pause(1_500);
    }
    await cast.settled();
    const arrivals = [...here.entries(), ...there.entries()].map(({ at }) => at);
    return {
      ...(await cast.figures()),
      recover: cast.since('ended', arrivals),
      'by the other': there.entries().length,
    };
  } finally {
    await nats.end();
  }
}
