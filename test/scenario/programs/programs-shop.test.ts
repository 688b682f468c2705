// The example with three services on one broker.

import t from 'tap';
import { start } from '../../support/programs.ts';

t.test('the shop takes orders, waits for a service that is restarted, and closes in good order', async t => {
  const shop = start(t, 'examples/shop', []);
  t.same(await shop.ended, { code: 0, signal: null }, shop.err);
  const parcels = [...shop.out.matchAll(/^parcel for order (\d): 2 x tea$/gm)].map(([, order]) => order);
  t.same(parcels, ['1', '3'], 'each order is shipped once');
  t.match(shop.out, /<shop:orders \w+:ed_signal\/ACCEPTED order=1$/m);
  t.match(shop.out, /<shop:orders \w+:ed_signal\/REJECTED order=2;reason=sold out$/m);
  t.match(shop.out, /<shop:orders \w+:ed_signal\/ACCEPTED order=3$/m);
  t.match(shop.out, /^order 3 is on its way$/m);
  t.match(shop.out, /The shop is closed\.\n$/);
});
