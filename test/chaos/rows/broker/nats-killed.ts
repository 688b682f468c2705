// The server of NATS between two machines is killed again and again, also for longer than brokers may be silent. What is for
// the other machine waits, and what is for this one goes on.

import { NatsServer } from '../../../support/nats-server.ts';
import type { Fault, Figures } from '../../fault.ts';
import { Cast, nothingLost } from '../../stage/broker/cast.ts';
import { longestGap } from '../../stage/broker/journal.ts';
import { withoutNats } from '../../stage/broker/nats.ts';
import type { Services } from '../../stage/broker/two-machines.ts';
import { converged, together, twoMachines } from '../../stage/broker/two-machines.ts';
import { pause } from '../../stage/pace.ts';

const services: Services = { east: ['sender', 'neighbour', 'friend'], west: ['handler'] };

export function natsKilled(quick: boolean): Fault {
  const aways = quick ? [1_000, 6_500] : [1_000, 3_000, 8_000, 30_000];
  return {
    name: `NATS between two brokers killed for ${aways.map(away => away / 1_000).join(', ')} s, 200 msg/s across and here`,
    who: 'ours',
    skip: () => withoutNats,
    bound: { ...nothingLost, reported: 0, 'converge ms': 6_000, 'local gap ms': 500 },
    run: () => Cast.with(cast => run(cast, aways)),
  };
}

async function run(cast: Cast, aways: readonly number[]): Promise<Figures> {
  const nats = await NatsServer.start();
  try {
    const machines = await twoMachines(cast, { cluster: () => nats.address, inside: () => [] });
    const handler = await cast.service(machines.west, 'handler');
    const friend = await cast.service(machines.east, 'friend');
    const sender = await cast.service(machines.east, 'sender');
    const neighbour = await cast.service(machines.east, 'neighbour');
    await together(cast, machines, services);
    await cast.go(sender, { course: 'across', to: 'handler', perSecond: 200 });
    await cast.go(neighbour, { course: 'here', to: 'friend', perSecond: 200 });
    await pause(500);
    const waits: number[] = [];
    for (const away of aways) {
      cast.begins();
      await nats.kill();
      await pause(away);
      await nats.again();
      const since = cast.ends();
      waits.push(await converged(cast, machines, services, { by: handler, course: 'across', since }));
    }
    const here = friend.entries();
    await cast.settled();
    const recover = cast.since(
      'ended',
      handler.entries().map(({ at }) => at),
    );
    return {
      ...(await cast.figures()),
      recover,
      'converge ms': Math.max(...waits),
      'local gap ms': longestGap(here),
      'local while away': here.filter(({ at }) => cast.isAway(at)).length,
    };
  } finally {
    await nats.end();
  }
}
