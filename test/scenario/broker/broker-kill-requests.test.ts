// Requests under way while their broker is killed: each is run once, and answered.

import t from 'tap';
import { confirmedThrough, said, twice } from './broker-kill-stage.ts';

t.test('requests under way while the broker is killed again and again are run once, and answered', async t => {
  const { boss, count, handled } = await confirmedThrough(t, 'broker', { asks: true, count: 700 });
  t.same(twice(handled), [], 'nothing was run twice');
  t.equal(handled.length, count);
  t.same(said([boss], 'failed'), []);
});
