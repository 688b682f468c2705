// One of two brokers is stopped for longer than brokers may be silent, and wakes. The other one notices; what was under way
// waits, what is sent later is refused with its fate, or waits where its sender wished so (`cache`).

import { NatsServer } from '../../../support/nats-server.ts';
import type { Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { withoutNats } from '../../stage/broker/nats.ts';
import { acrossFault, twoMachines } from '../../stage/broker/two-machines.ts';

export function brokerFrozen(quick: boolean): Fault {
  const away = quick ? 7_000 : 25_000;
  return {
    name: `one of two brokers stopped for ${away / 1_000} s (silent after 5 s), 200 msg/s across`,
    who: 'ours',
    skip: () => withoutNats,
    bound: { ...nothingLost, detect: 7_500, 'converge ms': 6_000, 'cached and reported': 0 },
    run: () => Cast.with(cast => run(cast, away)),
  };
}

async function run(cast: Cast, away: number): Promise<Figures> {
  const nats = await NatsServer.start();
  try {
    const machines = await twoMachines(cast, { cluster: () => nats.address, inside: () => [] });
    return await acrossFault(cast, machines, {
      away,
      begin: () => machines.west.signal('SIGSTOP'),
      end: () => machines.west.signal('SIGCONT'),
    });
  } finally {
    await nats.end();
  }
}
