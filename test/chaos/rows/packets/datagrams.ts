// Datagrams promise nothing: some are dropped and some come twice on the way. All is counted, nothing breaks.

import { PacketProxy } from '../../../../lib/testkit/index.ts';
import type { Fault, Figures } from '../../fault.ts';
import { Child } from '../../stage/child.ts';
import { pause } from '../../stage/pace.ts';

import { randomOf } from '../../stage/seed.ts';
import type { Counts } from '../../stage/tally.ts';

const dropped = 0.2;
const doubled = 0.1;

export function datagrams(quick: boolean): Fault {
  return {
    name: `datagrams, ${100 * dropped} % dropped and ${100 * doubled} % doubled on the way`,
    who: 'ours',
    bound: { 'uncounted datagrams': 0, 'dropped, off by %': 3, 'doubled, off by %': 3 },
    run: async () => {
      const [receiver, sender] = [new Child('datagrams', 'receiver'), new Child('datagrams', 'sender')];
      const proxy = await PacketProxy.open({ to: await receiver.ask<string>('address'), random: randomOf('packets') });
      try {
        await sender.ask('address');
        proxy.drop(dropped);
        proxy.duplicate(doubled);
        const way = { to: proxy.address, perSecond: 1_000, milliseconds: quick ? 2_000 : 10_000 };
        const sent = await sender.ask<number>('send', way);
        await pause(500);
        return figuresOf(sent, await receiver.ask<Counts & { handled: number }>('figures'));
      } finally {
        await Promise.all([proxy.close(), receiver.kill(), sender.kill()]);
      }
    },
  };
}

function figuresOf(
  sent: number,
  { received, distinct, duplicated, reordered, handled }: Counts & { handled: number },
): Figures {
  return {
    messages: sent,
    refused: 0,
    lost: sent - distinct,
    duplicated,
    reordered,
    'uncounted datagrams': Math.abs(received - handled),
    'dropped, off by %': 100 * Math.abs((sent - distinct) / sent - dropped),
    'doubled, off by %': 100 * Math.abs(duplicated / distinct - doubled),
  };
}
