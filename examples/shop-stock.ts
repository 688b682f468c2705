// A service of the shop: knows what there is, and answers requests.

import { defineMessage, integer, string } from 'ed-communicator';
import { Service } from 'ed-communicator/service';

const RESERVE = defineMessage('RESERVE', { item: string({ empty: false }), count: integer({ min: 1 }) });
/** So much tea there is, unless another number is given. */
const stock = new Map([['tea', Number(process.argv[2] ?? 10)]]);

const service = new Service('stock', { version: '1.0.0' }).on(RESERVE, (message, broker) => {
  const { item, count } = message.parameters;
  const left = (stock.get(item) ?? 0) - count;
  if (left < 0) return broker.send(message.reply('SOLD_OUT', { item }));
  stock.set(item, left);
  return broker.send(message.reply('RESERVED', { item, left }));
});
await service.run(); // until STOP, or a signal
