// What is said to all, and not read: of one, of those that are behind, and of everybody.

import t from 'tap';
import type { Party } from '../../../lib/broker/services/party.ts';
import { Unread } from '../../../lib/broker/services/unread.ts';
import { encode, Message } from '../../../lib/index.ts';
import { written } from '../../../lib/message/index.ts';

const mebibyte = 1024 * 1024;
const news = written(Message.of('NEWS', { text: 'x'.repeat(mebibyte) }));

interface Reader {
  readonly party: Party;
  read(): void;
}

/** Somebody who reads when told to; what was sent to him is one line for all. */
function reader(kind: 'with a session' | 'without'): Reader {
  const out = { bytes: 0 };
  const unfinished = { messages: 0, bytes: 0, handlers: 0 };
  const taken = kind === 'without' ? unfinished : out;
  const send = (message: Message): string => {
    taken.bytes += message.size;
    return 'queued';
  };
  const session = kind === 'without' ? undefined : { out, send };
  const party = { peer: { session, unfinished, send } } as unknown as Party;
  return {
    party,
    read: () => {
      taken.bytes = 0;
    },
  };
}

for (const kind of ['with a session', 'without'] as const) {
  t.test(
    `${kind}: of 10,000 that have read all, 256 hear what has 1 MiB; when they have read it, others do`,
    async t => {
      const unread = new Unread();
      const readers = Array.from({ length: 10_000 }, () => reader(kind));
      const heard = readers.filter(({ party }) => unread.tell(party, news));
      t.equal(heard.length, 256);
      t.equal(readers.filter(({ party }) => unread.tell(party, news)).length, 0, 'nobody hears the next');
      for (const one of heard) one.read();
      unread.lookAgain();
      t.equal(readers.filter(({ party }) => unread.tell(party, news)).length, 256);
    },
  );

  t.test(`${kind}: who has gone has nothing unread`, async t => {
    const unread = new Unread();
    const readers = Array.from({ length: 300 }, () => reader(kind));
    const heard = readers.filter(({ party }) => unread.tell(party, news));
    for (const { party } of heard) unread.forget(party);
    t.equal(unread.tell((readers.at(-1) as Reader).party, news), true);
  });

  t.test(`${kind}: from 64 MiB of all on, those that are behind miss the next, and others do not`, async t => {
    const unread = new Unread();
    const half = written(Message.of('NEWS', { text: 'x'.repeat(mebibyte / 2) }));
    const behind = Array.from({ length: 130 }, () => reader(kind));
    for (const { party } of behind) t.ok(unread.tell(party, half));
    t.equal(behind.filter(({ party }) => unread.tell(party, half)).length, 0);
    t.equal(unread.tell(reader(kind).party, half), true);
  });
}

t.test('what is said to many is written once, as it would be', async t => {
  const from = { from: { server: 'here', service: 'me' }, to: { server: '', service: '*' } };
  for (const text of ['short', 'ä', 'a;b\n"', 'x'.repeat(100)]) {
    const message = Message.of('NEWS', { b: text, a: 1 }, from);
    const once = written(message);
    t.equal(encode(once), encode(message));
    t.equal(once.size, Buffer.byteLength(once.line));
    t.same([...once.entries()], [...message.entries()]);
    t.equal(written(once), once);
  }
});
