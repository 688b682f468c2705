// Confirmations out of order: what is handled behind one that still runs is told, and takes no room.

import t from 'tap';
import { Message, systemClock } from '../../../lib/index.ts';
import { ackMessage, InStream, OutStream, readAck } from '../../../lib/session/index.ts';

interface Told {
  readonly n: string;
  readonly fate: string;
}

function stream(count = 8): { out: OutStream; told: Told[]; hooks: Told[]; put: (n: number, stored?: number) => void } {
  const told: Told[] = [];
  const hooks: Told[] = [];
  const limits = { count, bytes: 10_000, whenFull: 'reject' as const };
  const out = new OutStream(limits, systemClock, ({ message }, fate) =>
    hooks.push({ n: message.get('n') ?? '', fate }),
  );
  const put = (n: number, stored = 0): void => {
    const message = Message.of('X', { n });
    const teller = { told: (fate: string): void => void told.push({ n: String(n), fate }) };
    out.push({ message, line: `X n=${n}`, bytes: 10, expires: Number.POSITIVE_INFINITY, stored, teller });
  };
  return { out, told, hooks, put };
}

t.test('what is handled behind a slow one is acknowledged with its numbers, also again on the next link', async t => {
  const stream = new InStream();
  for (const number of [1, 2, 3, 4, 5, 6]) {
    stream.arrive();
    stream.take(number);
  }
  stream.done(1);
  for (const number of [3, 5, 4]) stream.done(number);
  stream.refuse(6);
  stream.done(6);
  t.same([stream.unacknowledged, stream.owed], [1, 5]);
  const ack = ackMessage({ count: stream.handled, refused: stream.refused, beyond: stream.beyond, asks: false });
  t.same(ack.list, ['beyond', '3-6', 'count', '1', 'refused', '6']);
  t.same(readAck(ack), { count: 1, refused: [6], beyond: [3, 4, 5, 6], asks: false });
  stream.acknowledged();
  t.same([stream.owed, stream.beyond, stream.refused], [0, [], []]);
  stream.rewind();
  t.same([stream.handled, [...stream.beyond].sort(), stream.refused], [1, [3, 4, 5, 6], [6]]);
  stream.done(2);
  t.same([stream.handled, stream.beyond], [6, []]);
});

t.test('each is confirmed when it is done, once, and leaves the window and the limits', async t => {
  const { out, told, hooks, put } = stream(4);
  for (const n of [1, 2]) put(n);
  out.next();
  out.next();
  t.equal(out.windowIsOpen, false, 'half of the limit is under way');
  out.confirm(0, new Set(), [2]);
  t.same(told, [{ n: '2', fate: 'confirmed' }]);
  t.same(hooks, [], 'those who count in order hear of it in its turn');
  t.equal(out.windowIsOpen, true);
  t.same([out.length, out.bytes, out.unconfirmed], [1, 10, 1]);
  out.confirm(0, new Set(), [2]);
  out.confirm(2);
  t.same(
    told.map(({ n }) => n),
    ['2', '1'],
  );
  t.same(
    hooks.map(({ n }) => n),
    ['1', '2'],
  );
  t.same([out.length, out.bytes], [0, 0]);
});

t.test('a window does not grow for ever behind one that is never done', async t => {
  const { out, put } = stream(2);
  let sent = 0;
  for (let n = 1; n < 100 && out.windowIsOpen; n += 1) {
    put(n);
    out.next();
    sent = n;
    if (n > 1) out.confirm(0, new Set(), [n]);
    if (n === 1) t.equal(out.windowIsOpen, false);
  }
  t.ok(sent < 20, `${sent} went out`);
});

t.test(
  'what had ended is not sent again when the session is lost, and numbers beyond the sent ones are refused',
  async t => {
    const { out, told, hooks, put } = stream();
    for (const n of [1, 2, 3]) put(n, n);
    for (const _ of [1, 2, 3]) out.next();
    t.throws(() => out.confirm(0, new Set(), [4]), { code: 'INVALID_COUNT' });
    out.confirm(0, new Set([3]), [2, 3]);
    out.restart('resend');
    t.same(
      [...out.held('waiting')].map(({ line }) => line),
      ['X n=1'],
    );
    t.same(told, [
      { n: '2', fate: 'confirmed' },
      { n: '3', fate: 'refused' },
    ]);
    t.same(
      hooks,
      [
        { n: '2', fate: 'withdrawn' },
        { n: '3', fate: 'withdrawn' },
      ],
      'on a disk they have no number any more',
    );
    t.throws(() => readAck(Message.of('ACK', { count: 1, beyond: '5-3' })), { code: 'INVALID_PARAMETER' });
    t.throws(() => readAck(Message.of('ACK', { count: 1, beyond: '1-99999999' })), { code: 'INVALID_PARAMETER' });
    const { out: other, hooks: ends, put: add } = stream();
    for (const n of [1, 2]) add(n, n);
    for (const _ of [1, 2]) other.next();
    other.confirm(0, new Set(), [2]);
    t.equal(other.abandon(), 1);
    t.same(ends, [{ n: '1', fate: 'abandoned' }]);
  },
);
