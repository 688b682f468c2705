// What waits for one service: the share of each sender.

import t from 'tap';
import { brokerLimits } from '../../../lib/broker/options.ts';
import { Letter } from '../../../lib/broker/services/letter.ts';
import { Mailbox } from '../../../lib/broker/services/mailbox.ts';
import type { Party } from '../../../lib/broker/services/party.ts';
import { Message } from '../../../lib/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';

function stage(pair: number) {
  const mailbox = new Mailbox('printer', { ...brokerLimits, pair }, new VirtualClock(), { bytes: 0 });
  const ends: string[] = [];
  let place = 0;
  const put = (service: string, n: number): void => {
    place += 1;
    const message = Message.of('JOB', { n }, { from: { server: 'here', service } });
    const end = (_: Letter, failure?: Error): void =>
      void ends.push(`${service} ${n} ${failure?.message ?? 'handled'}`);
    mailbox.put(new Letter(message, place, 1_000_000, end), 0);
  };
  return { mailbox, ends, put };
}

t.test('a service that does nothing keeps the share of each sender, and refuses the youngest of the rest', async t => {
  const { mailbox, ends, put } = stage(3);
  for (let n = 1; n <= 5; n += 1) put('boss', n);
  put('other', 6);
  mailbox.look();
  t.same(ends, [], 'it may be about to begin');
  mailbox.look();
  t.same(ends, ['boss 4 3 of this sender wait for printer', 'boss 5 3 of this sender wait for printer']);
  t.equal(mailbox.waiting, 4);
  t.throws(() => put('boss', 7), { message: '3 of this sender wait for printer' });
  put('other', 8);
  t.equal(mailbox.waiting, 5, 'another sender has a share of its own');
});

t.test('a service that works may have more of one sender than its share', async t => {
  const { mailbox, ends, put } = stage(3);
  const printer = { state: 'member', takes: () => true, peer: { send: () => 'sent' } };
  for (let round = 0; round < 4; round += 1) {
    for (let n = 1; n <= 5; n += 1) put('boss', n);
    mailbox.look();
    mailbox.members.push(printer as unknown as Party);
    mailbox.pumpSoon();
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
    mailbox.members.pop();
  }
  t.equal(ends.length, 20);
  t.ok(ends.every(end => end.endsWith('handled')));
});

t.test('a service that was stuck and works again takes more than a share again', async t => {
  const { mailbox, ends, put } = stage(1);
  put('boss', 1);
  mailbox.look();
  mailbox.look();
  t.throws(() => put('boss', 2), { message: '1 of this sender wait for printer' });
  mailbox.members.push({ state: 'member', takes: () => true, peer: { send: () => 'sent' } } as unknown as Party);
  mailbox.pumpSoon();
  await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
  mailbox.members.pop();
  put('boss', 3);
  put('boss', 4);
  t.same(ends, ['boss 1 handled']);
  t.equal(mailbox.waiting, 2);
});
