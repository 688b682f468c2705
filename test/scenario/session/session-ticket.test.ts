// A handler that gives a ticket instead of a promise: its end is told by a call, and means the same.

import t from 'tap';
import { Ticket } from '../../../lib/dispatcher/index.ts';
import type { Peer } from '../../../lib/index.ts';
import { Dispatcher, Message, NetworkError, Refusal } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';

t.test('a message is confirmed when its ticket has ended, refused where that says so, in any order', async t => {
  const { communicator } = worldOf(t);
  const tickets: Ticket[] = [];
  const dispatcher = new Dispatcher().on('JOB', message => {
    const ticket = new Ticket(message);
    tickets.push(ticket);
    const n = message.integer('n');
    if (n === 0) ticket.end();
    if (n === 1) ticket.end(new Refusal('not this one', 'JOB'));
    return ticket;
  });
  let peer: Peer | undefined;
  const listener = communicator.listen('tcp://127.0.0.1:0', {
    dispatcher,
    concurrency: 100,
    accepted: one => {
      peer = one;
    },
  });
  const client = communicator.permanent(await listener.ready, { dispatcher: new Dispatcher().otherwiseUnknown() });
  const ends: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    client.deliver(Message.of('JOB', { n })).then(
      ({ guarantee }) => ends.push(`${n} ${guarantee}`),
      (error: { readonly code: string }) => ends.push(`${n} ${error.code}`),
    );
  }
  await until('what had ended before is told', () => ends.length === 2);
  t.same(ends, ['0 exactly-once-per-session', '1 REFUSED']);
  t.equal(peer?.unfinished.handlers, 3, 'the others are handlers that run');
  tickets[4]?.end();
  tickets[4]?.end(new Refusal('a second end does nothing', 'JOB'));
  await until('the last is told', () => ends.length === 3);
  tickets[3]?.end(new Refusal('nor this one', 'JOB'));
  await until('one before it is told', () => ends.length === 4);
  tickets[2]?.end();
  await until('all are told', () => ends.length === 5);
  t.same(ends.slice(2), ['4 exactly-once-per-session', '3 REFUSED', '2 exactly-once-per-session']);
  t.equal(peer?.unfinished.handlers, 0);
});

t.test('without a session, and for another failure, it is as with a promise that rejects', async t => {
  const { communicator } = worldOf(t);
  const dispatcher = new Dispatcher().on('JOB', message => {
    const ticket = new Ticket(message);
    setImmediate(() =>
      ticket.end(message.has('n') ? new Refusal('not this one', 'JOB') : new NetworkError('CLOSED', 'x')),
    );
    return ticket;
  });
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
  const client = communicator.connect(await listener.ready);
  await t.rejects(client.request(Message.of('JOB', { n: 1 })), { code: 'REFUSED', message: /INVALID: not this one/ });
  await t.rejects(client.request('JOB'), { code: 'REFUSED', message: /INVALID: the handler failed/ });
});
