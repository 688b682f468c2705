// Parts of a client's session that are small because there are many of them.

import t from 'tap';
import type { QioEvent } from '../../../lib/protocol/qio/index.ts';
import type { Compartment } from '../../../lib/protocol/qio/server/apps.ts';
import { Place, Topic } from '../../../lib/protocol/qio/server/topics.ts';
import { Framed } from '../../../lib/protocol/qio/session/carrier.ts';
import { Subscription, Subscriptions } from '../../../lib/protocol/qio/session/subscription.ts';

function subscriptionTo(extra: string): Subscription {
  const event: QioEvent = {};
  return new Subscription(new Topic(new Place('/place', event, {} as Compartment), extra));
}

t.test('subscriptions are found, counted and listed in their order, whether there is one or many', async t => {
  const all = new Subscriptions();
  const [one, two, three] = [subscriptionTo('/1'), subscriptionTo('/2'), subscriptionTo('/3')];
  const look = () => [all.size, all.list(), [one, two, three].map(({ topic }) => all.get(topic))];
  t.same(look(), [0, [], [undefined, undefined, undefined]]);
  all.add(one);
  t.same(look(), [1, [one], [one, undefined, undefined]]);
  all.delete(two.topic);
  t.equal(all.size, 1, 'another one went that was not there');
  all.delete(one.topic);
  t.same(look(), [0, [], [undefined, undefined, undefined]]);
  for (const each of [two, one, three]) all.add(each);
  t.same(look(), [3, [two, one, three], [one, two, three]]);
  all.delete(two.topic);
  all.delete(three.topic);
  t.same(look(), [1, [one], [one, undefined, undefined]]);
  all.add(two);
  all.delete(one.topic);
  t.same(look(), [1, [two], [undefined, two, undefined]]);
});

t.test('a step that the table of subscriptions does not have is a bug, and changes nothing', async t => {
  const subscription = subscriptionTo('');
  t.throws(() => subscription.step('accept'), { code: 'ILLEGAL_STEP', message: '"accept" is not possible while none' });
  t.equal(subscription.attempt('accept'), false);
  t.equal(subscription.state, 'none');
  t.equal(subscription.step('on'), 'pending');
  t.equal(subscription.attempt('accept'), true);
  t.equal(subscription.state, 'active');
});

t.test('events that go out together are what each of them is, one behind the other', async t => {
  const [one, two] = [new Framed('/a:0=1'), new Framed('/b:0="ä"')];
  const both = new Framed([one, two]);
  t.same([one.count, both.count], [1, 2]);
  t.equal(both.text, '/a:0=1\n/b:0="ä"');
  t.same(both.raw, Buffer.concat([one.raw, two.raw]));
  t.same(both.shared.framed, Buffer.concat([one.shared.framed, two.shared.framed]));
  t.same(both.shared.messages.map(String), ['/a:0=1', '/b:0="ä"']);
  t.equal(both.raw, both.raw, 'made once');
});
