// One acknowledgement for a turn, however many messages it handles.

import t from 'tap';
import { Inbound } from '../../../lib/connection/exchange/inbound.ts';
import type { Message } from '../../../lib/message/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

function stage(): {
  readonly inbound: Inbound;
  readonly counts: string[];
  readonly clock: VirtualClock;
  handle(count: number): void;
} {
  const clock = new VirtualClock();
  const counts: string[] = [];
  const inbound = new Inbound(clock, (ack: Message) => {
    counts.push(ack.get('count') ?? '');
    return true;
  });
  const handle = (count: number): void => {
    for (let left = count; left > 0; left -= 1) {
      const number = inbound.stream.arrive();
      inbound.stream.take(number);
      inbound.done(number, inbound.stream);
    }
  };
  return { inbound, counts, clock, handle };
}

t.test('a turn that handles 256 messages tells so once, at its end', async t => {
  const { counts, clock, handle } = stage();
  handle(256);
  t.same(counts, []);
  await Promise.resolve();
  t.same(counts, ['256']);
  await clock.advance(1_000);
  t.same(counts, ['256'], 'and no more');
});

t.test('63 messages wait for 100 ms, the 64th ends the wait', async t => {
  const { counts, clock, handle } = stage();
  handle(63);
  await clock.advance(99);
  t.same(counts, []);
  handle(1);
  await Promise.resolve();
  t.same(counts, ['64']);
  handle(1);
  await clock.advance(100);
  t.same(counts, ['64', '65']);
});

t.test('where the other side waits, each is told at once', async t => {
  const { inbound, counts, handle } = stage();
  inbound.asked();
  handle(1);
  t.same(counts, ['1']);
});

t.test('a session that begins anew in that turn has nothing to tell', async t => {
  const { inbound, counts, handle } = stage();
  handle(64);
  inbound.restart();
  await Promise.resolve();
  t.same(counts, []);
});
