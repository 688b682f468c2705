// A service of the shop: takes orders, asks the stock, and has them shipped. `deliver` resolves when the parcel was handled:
// shipping, the broker or this program may be restarted in between.

import { defineMessage, integer, string } from 'ed-communicator';
import { Service } from 'ed-communicator/service';

const ORDER = defineMessage('ORDER', { order: integer(), item: string({ empty: false }), count: integer({ min: 1 }) });

/** Longest wait for the stock, in ms: it may be at another machine, and the way there may be down for a while. */
const patience = 30_000;

const service = new Service('orders', { version: '1.0.0', link: { concurrency: 100 } })
  .on(ORDER, async (message, broker) => {
    const { order, item, count } = message.parameters;
    const answer = await service.request('stock/RESERVE', { item, count }, { timeout: patience });
    if (answer.command !== 'RESERVED') return broker.send(message.reply('REJECTED', { order, reason: 'sold out' }));
    await service.deliver('shipping/PARCEL', { order, item, count });
    return broker.send(message.reply('ACCEPTED', { order }));
  })
  .on('SENT', message => process.stdout.write(`order ${message.get('order')} is on its way\n`));
await service.run();
