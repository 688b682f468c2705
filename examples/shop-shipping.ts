// A service of the shop: sends parcels, each once, and tells all who want to know.

import { defineMessage, integer, string } from 'ed-communicator';
import { Service } from 'ed-communicator/service';

const PARCEL = defineMessage('PARCEL', { order: integer(), item: string({ empty: false }), count: integer() });

const service = new Service('shipping', { version: '1.0.0' }).on(PARCEL, ({ parameters }) => {
  const { order, item, count } = parameters;
  process.stdout.write(`parcel for order ${order}: ${count} x ${item}\n`);
  service.send('*/SENT', { order });
});
await service.run();
