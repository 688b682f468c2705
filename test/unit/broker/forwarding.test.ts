// Messages for other brokers while NATS is away: names that nobody has seen have a bound.

import t from 'tap';
import { Forwarding } from '../../../lib/broker/nats/forwarding.ts';
import { subjectsOf } from '../../../lib/broker/nats/wire.ts';
import { LimitError, Message, Refusal } from '../../../lib/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

const message = (text = ''): Message => Message.of('DO', { text }, { to: { service: 'worker' } });

function stage(outbox: { count?: number; bytes?: number } = {}) {
  const clock = new VirtualClock();
  const known = new Set<string>(['seen']);
  const nats = {
    line: undefined,
    longest: 1024 * 1024,
    publish: () => 'sent' as const,
    subscribe: () => () => undefined,
  };
  const limits = { count: 10_000, bytes: 16 * 1024 * 1024, age: 300_000, whenFull: 'reject' as const, ...outbox };
  const forwarding = new Forwarding({
    server: 'near',
    nats,
    subjects: subjectsOf('ed'),
    outbox: limits,
    clock,
    take: async () => undefined,
    isKnown: server => known.has(server),
  });
  const ended: string[] = [];
  const forward = (server: string, text?: string): void => {
    forwarding.forward(server, message(text)).catch((error: Error) => ended.push(error.message));
  };
  return { clock, known, forwarding, forward, ended };
}

const full = (words: RegExp) => ({ code: 'REFUSED', message: words, cause: { code: 'OUTBOX_FULL' } });

t.test('for a thousand names that nobody has seen something waits; the next one is refused', async t => {
  const { forwarding, forward } = stage();
  for (let n = 0; n < 1_000; n += 1) forward(`made up ${n}`);
  t.equal(forwarding.waiting, 1_000);
  const refused = await forwarding.forward('one more', message()).catch((error: unknown) => error);
  t.ok(refused instanceof Refusal && refused.cause instanceof LimitError);
  t.match(refused, full(/wait for 1000 servers that nobody has seen/));
  forward('made up 7');
  t.equal(forwarding.waiting, 1_001, 'those that are there go on');
  forward('seen');
  t.equal(forwarding.waiting, 1_002, 'and so do brokers that were seen');
});

t.test('all that nobody has seen share the room of one', async t => {
  const { forwarding, forward } = stage({ count: 10 });
  for (let n = 0; n < 10; n += 1) forward(`made up ${n}`);
  await t.rejects(forwarding.forward('made up 1', message()), full(/^10 messages/));
  for (let n = 0; n < 10; n += 1) forward('seen');
  t.equal(forwarding.waiting, 20);
  await t.rejects(forwarding.forward('seen', message()), { code: 'OUTBOX_FULL' });
});

t.test('their bytes count too', async t => {
  const { forwarding, forward } = stage({ bytes: 10_000 });
  for (let n = 0; n < 9; n += 1) forward(`made up ${n}`, 'x'.repeat(1_000));
  await t.rejects(forwarding.forward('one more', message('x'.repeat(1_000))), full(/9\d\d\d bytes/));
});

t.test('names for which nothing waits any more are forgotten', async t => {
  const { forwarding, forward, clock, ended } = stage();
  for (let n = 0; n < 1_000; n += 1) forward(`made up ${n}`);
  await clock.advance(300_000);
  forwarding.beat();
  await clock.advance(0);
  t.equal(ended.filter(words => words === 'not sent in time').length, 1_000);
  for (let n = 0; n < 1_000; n += 1) forward(`another ${n}`);
  t.equal(forwarding.waiting, 1_000);
});

t.test('a name that turns out to be a broker makes room for others', async t => {
  const { forwarding, forward, known } = stage();
  for (let n = 0; n < 1_000; n += 1) forward(`made up ${n}`);
  known.add('made up 3');
  forward('one more');
  t.equal(forwarding.waiting, 1_001);
});
