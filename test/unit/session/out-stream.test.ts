// What waits, what is under way, what was confirmed: seen from the sender.

import t from 'tap';
import type { LimitError } from '../../../lib/base/errors.ts';
import { PeerError } from '../../../lib/base/errors.ts';
import { Message } from '../../../lib/message/index.ts';
import { OutStream } from '../../../lib/session/out-stream.ts';
import type { Outgoing, StreamLimits } from '../../../lib/session/outgoing.ts';
import { VirtualClock } from '../../../lib/testkit/virtual-clock.ts';

interface Scene {
  readonly out: OutStream;
  readonly clock: VirtualClock;
  /** `command fate code`, in order. */
  readonly fates: string[];
  readonly push: (commands: string, wait?: number) => void;
  /** Sends so many; gives their commands. */
  readonly send: (count: number) => string;
  readonly waits: () => string;
}

/** Messages are single letters, of two bytes each. */
function scene(limits: Partial<StreamLimits> = {}): Scene {
  const clock = new VirtualClock();
  const fates: string[] = [];
  const settled = ({ message }: Outgoing, fate: string, reason?: LimitError): void => {
    fates.push(`${message.command} ${fate}${reason === undefined ? '' : ` ${reason.code}`}`);
  };
  const out = new OutStream({ count: 100, bytes: 1_000, whenFull: 'reject', ...limits }, clock, settled);
  const push = (commands: string, wait = Number.POSITIVE_INFINITY): void => {
    for (const command of commands) {
      if (!out.takes(2)) fates.push(`${command} no room`);
      else out.push({ message: Message.of(command), line: command, bytes: 2, expires: clock.now() + wait, stored: 0 });
    }
  };
  const send = (count: number): string =>
    Array.from({ length: count }, () => out.next()?.message.command ?? '-').join('');
  const waits = (): string => [...out.held('waiting')].map(({ message }) => message.command).join('');
  return { out, clock, fates, push, send, waits };
}

t.test('messages go out in their order, and are kept until they are confirmed', async t => {
  const { out, push, send, fates } = scene();
  push('ABC');
  t.equal(send(4), 'ABC-');
  t.match(out, { length: 3, unconfirmed: 3, outNow: 3, unsent: 0, sent: 3, bytes: 6 });
  out.confirm(2);
  t.same(fates, ['A confirmed', 'B confirmed']);
  t.match(out, { length: 1, unconfirmed: 1, sent: 3, bytes: 2 });
  out.confirm(2);
  t.same(fates.length, 2, 'the same count again changes nothing');
});

for (const [words, count] of [
  ['runs backwards', 1],
  ['is of what was never sent', 4],
  ['is negative', -1],
] as const) {
  t.test(`a count that ${words} is refused by name, and nothing changes`, async t => {
    const { out, push, send, fates } = scene();
    push('ABCD');
    send(3);
    out.confirm(2);
    t.throws(() => out.confirm(count), { code: 'INVALID_COUNT', command: 'ACK' });
    t.throws(() => out.confirm(count), PeerError);
    t.throws(() => out.rewind(count), { code: 'INVALID_COUNT', command: 'SESSION' });
    t.match(out, { unconfirmed: 1, sent: 3, outNow: 1, length: 2 });
    t.equal(fates.length, 2);
  });
}

t.test('a new link goes on behind what was taken up; that is confirmed when it is handled', async t => {
  const { out, push, send, fates } = scene();
  push('ABCDE');
  send(4);
  out.confirm(1);
  out.linkLost();
  t.match(out, { outNow: 0, unsent: 4, unconfirmed: 3 });
  out.rewind(3);
  t.equal(send(3), 'DE-');
  t.same(fates, ['A confirmed']);
  out.confirm(5);
  t.same(fates.slice(1), ['B confirmed', 'C confirmed', 'D confirmed', 'E confirmed']);
  t.match(out, { length: 0, bytes: 0, outNow: 0 });
});

t.test('a count is not behind what was acknowledged, and all counts up to what was sent can be', async t => {
  const { out, push, send } = scene();
  push('ABC');
  send(2);
  out.confirm(1);
  t.same(
    [0, 1, 2, 3].map(count => out.canBe(count)),
    [false, true, true, false],
  );
});

t.test('without a session what went out is done with, what waits still waits', async t => {
  const { out, push, send, fates, waits } = scene();
  push('ABC');
  send(2);
  out.settleSent();
  t.same(fates, ['A sent', 'B sent']);
  t.equal(waits(), 'C');
  t.match(out, { length: 1, sent: 2, unconfirmed: 0 });
});

t.test('what was told as sent is kept for a session that comes late, and has no second fate', async t => {
  const { out, push, send, fates } = scene();
  push('AB');
  send(2);
  out.markSent();
  out.markSent();
  t.same(fates, ['A sent', 'B sent']);
  t.match(out, { bytes: 4, sent: 2 });
  out.linkLost();
  out.rewind(1);
  t.equal(send(1), 'B');
  out.confirm(2);
  t.equal(fates.length, 2);
  t.equal(out.length, 0);
});

t.test('what is kept although it has ended makes room for what is new', async t => {
  const { out, push, send, fates } = scene({ count: 2 });
  push('AB');
  send(2);
  out.markSent();
  push('C');
  t.same(fates, ['A sent', 'B sent']);
  t.match(out, { bytes: 4, sent: 2 });
  t.equal(out.canBe(1), true);
});

t.test('a lost session: what was under way goes out again before the rest, with new numbers', async t => {
  const { out, push, send, fates } = scene();
  push('ABCD');
  send(3);
  out.confirm(1);
  out.restart('resend');
  t.match(out, { sent: 0, unconfirmed: 0, length: 3 });
  t.equal(send(3), 'BCD');
  out.confirm(3);
  t.same(fates, ['A confirmed', 'B confirmed', 'C confirmed', 'D confirmed']);
});

t.test('a lost session that is reported: what was under way is lost, the rest waits', async t => {
  const { out, push, send, fates } = scene();
  push('ABCD');
  send(3);
  out.confirm(1);
  out.restart('report');
  t.same(fates, ['A confirmed', 'B lost', 'C lost']);
  t.match(out, { sent: 0, length: 1, bytes: 2 });
  t.equal(send(1), 'D');
});

t.test('what expires was never sent; the others keep their order', async t => {
  const { out, clock, push, send, fates, waits } = scene();
  push('A', 10);
  push('B', 20);
  push('C', 10);
  push('D');
  t.equal(send(1), 'A');
  t.equal(out.nextExpiry, 10);
  await clock.advance(10);
  out.expire();
  t.same(fates, ['C expired EXPIRED']);
  t.equal(waits(), 'BD');
  t.equal(out.nextExpiry, 10);
  await clock.advance(10);
  out.expire();
  t.equal(waits(), 'D');
  t.equal(out.nextExpiry, undefined);
});

t.test('full with reject: refused by name, and what is there stays', async t => {
  const { out, push, waits } = scene({ count: 2 });
  push('AB');
  t.throws(() => out.takes(2), { code: 'OUTBOX_FULL' });
  t.equal(waits(), 'AB');
});

t.test('full with drop-oldest: only what was never sent is dropped', async t => {
  const { push, send, fates, waits } = scene({ count: 3, whenFull: 'drop-oldest' });
  push('ABC');
  send(1);
  push('D');
  t.same(fates, ['B dropped DROPPED']);
  t.equal(waits(), 'CD');
  send(2);
  push('E');
  t.same(fates.slice(1), ['E no room'], 'where all was sent, the newest has no room');
});

t.test('full with drop-newest: the newest has no room', async t => {
  const { push, fates, waits } = scene({ bytes: 5, whenFull: 'drop-newest' });
  push('ABC');
  t.same(fates, ['C no room']);
  t.equal(waits(), 'AB');
});

for (const whenFull of ['reject', 'drop-oldest', 'drop-newest'] as const) {
  t.test(`what can never fit is refused under ${whenFull}, and drops nobody`, async t => {
    const { out, push, waits } = scene({ bytes: 10, whenFull });
    push('AB');
    t.throws(() => out.takes(11), { code: 'OUTBOX_FULL' });
    t.equal(waits(), 'AB');
    t.throws(() => scene({ count: 0, whenFull }).out.takes(1), { code: 'OUTBOX_FULL' });
  });
}

t.test('what has expired makes room before anything is refused', async t => {
  const { clock, push, fates, waits } = scene({ count: 2 });
  push('A', 10);
  push('B');
  await clock.advance(10);
  push('C');
  t.same(fates, ['A expired EXPIRED']);
  t.equal(waits(), 'BC');
});

t.test('a message is taken back as long as it was not sent', async t => {
  const { out, push, send, fates } = scene();
  push('AB');
  send(1);
  t.equal(
    out.withdraw(({ message }) => message.command === 'A'),
    false,
  );
  t.equal(
    out.withdraw(({ message }) => message.command === 'B'),
    true,
  );
  t.same(fates, ['B withdrawn']);
  t.match(out, { length: 1, bytes: 2 });
});

t.test('it knows what it holds, waiting or under way, by the message itself and not by its words', async t => {
  const { out, push, send } = scene();
  push('AB');
  const [a, b] = [...out.held('waiting')].map(({ message }) => message);
  send(1);
  t.same(
    [a, b].map(message => message !== undefined && out.holds(message)),
    [true, true],
  );
  t.equal(out.holds(Message.of('B')), false);
  out.confirm(1);
  t.equal(a !== undefined && out.holds(a), false);
});

t.test('at the end all that is left is abandoned, in its order', async t => {
  const { out, push, send, fates } = scene();
  push('ABC');
  send(2);
  t.equal(out.abandon(), 3);
  t.same(fates, ['A abandoned', 'B abandoned', 'C abandoned']);
  t.match(out, { length: 0, bytes: 0 });
});

t.test('what an earlier process left keeps its numbers, and goes before all that waits', async t => {
  const { out, push, send } = scene();
  push('C');
  const left = ['A', 'B'].map(line => ({ message: Message.of(line), line, bytes: 2, expires: 10, stored: 1 }));
  out.recover(7, left);
  t.match(out, { sent: 9, unconfirmed: 2, bytes: 6, length: 3 });
  t.equal(out.first?.line, 'A');
  t.equal(send(3), 'ABC');
  t.throws(() => out.confirm(11), { code: 'INVALID_COUNT' });
  out.confirm(9);
  t.match(out, { length: 1, sent: 10 });
});
