// Two machines over NATS, all of them processes: brokers are killed while messages go from the one to the other. What the
// receiving broker had in hand comes to its next life again, and is handled once.

import type { Test } from 'tap';
import t from 'tap';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { Cast, child, kill, missing, said, short, twice } from './broker-kill-stage.ts';

interface Two {
  readonly near: Cast;
  readonly far: Cast;
  boss(count: number, asks?: boolean): Program;
}

async function two(t: Test): Promise<Two> {
  const nats = await NatsServer.start();
  t.teardown(() => nats.end());
  const [near, far] = [
    new Cast(t, 'near', ['--cluster', nats.address]),
    new Cast(t, 'far', ['--cluster', nats.address]),
  ];
  await near.broker();
  await far.broker();
  await far.worker();
  return {
    near,
    far,
    boss: (count, asks = false) => start(t, child, ['boss', JSON.stringify({ broker: near.address, count, asks })]),
  };
}

async function killed(cast: Cast, times: number): Promise<void> {
  for (let round = 0; round < times; round += 1) {
    await short();
    await kill(cast.brokers.at(-1));
    await cast.broker();
  }
}

for (const victim of ['far', 'near'] as const) {
  const whose = victim === 'far' ? 'receiving' : 'sending';
  t.test(`the ${whose} broker is killed under load: 0 lost, 0 twice, in order`, { skip: noNats }, async t => {
    const cast = await two(t);
    const count = 700;
    const boss = cast.boss(count);
    await until('some have come', () => said(cast.far.workers, 'handled').length > 20, 20_000);
    await killed(cast[victim], 4);
    await until(
      'all have an end',
      () => said([boss], 'confirmed').length + said([boss], 'failed').length === count,
      50_000,
    );
    const handled = said(cast.far.workers, 'handled');
    t.same(said([boss], 'failed'), []);
    t.same(missing(said([boss], 'confirmed'), handled), [], 'none is lost');
    t.same(twice(handled), [], 'none was handled twice');
    t.same(
      handled.map(name => Number(name.split(' ')[1])),
      Array.from({ length: count }, (_, number) => number),
      'in order',
    );
  });
}
