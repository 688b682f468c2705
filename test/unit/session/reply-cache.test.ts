// The answers to requests: a request that comes again is not handled again.

import t from 'tap';
import { Message } from '../../../lib/message/index.ts';
import type { Asker, ReplyLimits } from '../../../lib/session/reply-cache.ts';
import { ReplyCache } from '../../../lib/session/reply-cache.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

class Heard implements Asker {
  readonly commands: string[] = [];

  send(message: Message<unknown>): void {
    this.commands.push(message.command);
  }
}

interface Scene {
  readonly cache: ReplyCache;
  readonly clock: VirtualClock;
  readonly asker: Heard;
}

function scene(limits: Partial<ReplyLimits> = {}): Scene {
  const clock = new VirtualClock();
  const cache = new ReplyCache({ age: 1_000, count: 100, bytes: 1_000, ...limits }, clock);
  return { cache, clock, asker: new Heard() };
}

const number = (n: number): string => `abcdefghijkl.${n}`;
const answer = Message.of('ANSWER');

t.test('a request that is asked again gets the same answer, and is not run again', async t => {
  const { cache, asker } = scene();
  t.equal(cache.repeats(number(1), asker), false);
  t.equal(cache.answered(number(1), answer, 7, asker), undefined);
  t.equal(cache.repeats(number(1), asker), true);
  t.same(asker.commands, ['ANSWER']);
});

t.test('asked again while it still runs, the answer goes to who asked last', async t => {
  const { cache, asker } = scene();
  const later = new Heard();
  cache.repeats(number(1), asker);
  t.equal(cache.repeats(number(1), later), true);
  t.same(later.commands, [], 'there is no answer yet');
  t.equal(cache.answered(number(1), answer, 7, asker), later);
});

t.test('a second answer to the same request is none of its business', async t => {
  const { cache, asker } = scene();
  cache.repeats(number(1), asker);
  cache.answered(number(1), answer, 7, asker);
  t.equal(cache.answered(number(1), Message.of('OTHER'), 7, new Heard()), undefined);
  cache.repeats(number(1), asker);
  t.same(asker.commands, ['ANSWER']);
});

for (const text of ['1', '', 'abc.1', `${number(1)}x`, `${number(1)} `, 'abcdefghijkl.', 'abcdefghijklm.1', '.1']) {
  t.test(`a number that others may have too is not remembered: "${text}"`, async t => {
    const { cache, asker } = scene();
    t.equal(cache.repeats(text, asker), false);
    t.equal(cache.repeats(text, asker), false);
    t.equal(cache.size, 0);
  });
}

t.test('an answer to what nobody asked is not kept', async t => {
  const { cache, asker } = scene();
  t.equal(cache.answered(number(1), answer, 7, asker), undefined);
  t.equal(cache.size, 0);
});

t.test('past its age a request is forgotten, and runs again', async t => {
  const { cache, clock, asker } = scene();
  cache.repeats(number(1), asker);
  cache.answered(number(1), answer, 7, asker);
  await clock.advance(999);
  t.equal(cache.repeats(number(1), asker), true);
  await clock.advance(1);
  t.equal(cache.repeats(number(1), asker), false);
});

t.test('past the count the oldest goes first', async t => {
  const { cache, asker } = scene({ count: 3 });
  for (const n of [1, 2, 3, 4]) cache.repeats(number(n), asker);
  t.equal(cache.size, 3);
  t.equal(cache.repeats(number(4), asker), true);
  t.equal(cache.repeats(number(1), asker), false);
});

t.test('past the bytes of all answers the oldest goes at the next request', async t => {
  const { cache, asker } = scene({ bytes: 20 });
  for (const n of [1, 2, 3]) {
    cache.repeats(number(n), asker);
    cache.answered(number(n), answer, 10, asker);
  }
  cache.repeats(number(4), asker);
  t.equal(cache.repeats(number(3), asker), true);
  t.equal(cache.repeats(number(1), asker), false);
});

t.test('the bytes of what was forgotten count no longer', async t => {
  const { cache, clock, asker } = scene({ bytes: 20 });
  for (let round = 0; round < 10; round += 1) {
    cache.repeats(number(round), asker);
    cache.answered(number(round), answer, 20, asker);
    await clock.advance(1_000);
  }
  cache.repeats(number(100), asker);
  cache.answered(number(100), answer, 20, asker);
  t.equal(cache.repeats(number(100), asker), true);
});
