// The example with three services on the brokers of two machines, over NATS.

import t from 'tap';
import { noNats } from '../../support/nats-server.ts';
import { start } from '../../support/programs.ts';

t.test(
  'the shop on two machines loses nothing while its ways are broken, and closes in good order',
  {
    skip: noNats,
  },
  async t => {
    const shop = start(t, 'examples/shop-cluster', []);
    t.same(await shop.ended, { code: 0, signal: null }, `${shop.err}\n${shop.out}`);
    t.match(shop.out, /^parcel for order 1: 2 x tea$/m);
    t.match(shop.out, /^<north:orders \w+:ed_signal\/ACCEPTED order=1$/m);
    t.match(shop.out, /^NATS is killed$[\s\S]*^the broker of the south is killed$/m);
    t.match(shop.out, /^200 orders: 200 accepted, 0 rejected, 0 without an answer$/m);
    t.match(shop.out, /^200 parcels were sent, 0 of them twice, 0 lost$/m);
    const status = [...shop.out.matchAll(/as (\w+) sees it:\n\$ .*\n {5}Status: up\n {3}Complete: complete\n/g)];
    t.same(
      status.map(([, name]) => name),
      ['north', 'south', 'north', 'south'],
    );
    t.match(shop.out, /All is closed in good order, NATS last\.\n$/);
  },
);

t.test('where nats-server is not installed it says so, and how to install it', async t => {
  const shop = start(t, 'examples/shop-cluster', [], { NATS_SERVER: '/nowhere/at/all' });
  t.same(await shop.ended, { code: 2, signal: null });
  t.match(shop.err, /nats-server, which is not installed.*apt-get install nats-server\n$/);
  t.equal(shop.out, '');
});
