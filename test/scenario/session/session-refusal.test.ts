// A handler that does not take a message: its sender is told so by the session, and nobody else.

import t from 'tap';
import { Dispatcher, Message, Refusal } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';

t.test('deliver rejects with REFUSED, send reports it as dropped, and the rest is confirmed', async t => {
  const { communicator } = worldOf(t);
  const heard: string[] = [];
  const dispatcher = new Dispatcher().on('JOB', message => {
    if (message.integer('n') % 3 === 0) throw new Refusal('not this one', 'JOB');
    if (message.integer('n') % 3 === 1) return Promise.reject(new Refusal('nor this one', 'JOB'));
    return heard.push(message.get('n') ?? '');
  });
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher, concurrency: 100 });
  const client = communicator.permanent(await listener.ready, {
    dispatcher: new Dispatcher().on('INVALID', message => heard.push(`INVALID ${message.get('message')}`)),
  });
  const dropped: string[] = [];
  client.on('dropped', (message, reason) =>
    dropped.push(`${message.get('n')} ${(reason as { readonly code?: string }).code}`),
  );
  const fates = await Promise.allSettled(Array.from({ length: 9 }, (_, n) => client.deliver(Message.of('JOB', { n }))));
  t.same(
    fates.map(one =>
      one.status === 'fulfilled' ? one.value.guarantee : (one.reason as { readonly code: string }).code,
    ),
    [0, 1, 2].flatMap(() => ['REFUSED', 'REFUSED', 'exactly-once-per-session']),
  );
  client.send(Message.of('JOB', { n: 9 }));
  await until('it is reported', () => dropped.includes('9 REFUSED'));
  t.equal(dropped.length, 7);
  t.same(heard, ['2', '5', '8'], 'and no INVALID: the session says it');
});

t.test('without a session it is answered INVALID', async t => {
  const { communicator } = worldOf(t);
  const dispatcher = new Dispatcher().on('JOB', () => {
    throw new Refusal('not this one', 'JOB');
  });
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
  const client = communicator.connect(await listener.ready);
  await t.rejects(client.request('JOB'), { code: 'REFUSED', message: /INVALID: not this one/ });
});
