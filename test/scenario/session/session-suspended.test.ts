// Real processes that are stopped by SIGSTOP for a while: the other side notices, and after SIGCONT their session goes on.

import t from 'tap';
import { Communicator, Dispatcher, Message } from '../../../lib/index.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';

const limits = { ask: 100, dead: 400 } as const;

/** The numbers behind a word, in the order in which they were said. */
function numbers(out: string, word: string): number[] {
  return [...out.matchAll(new RegExp(`^${word} 0 (\\d+)$`, 'gm'))].map(([, number]) => Number(number));
}

const upTo = (count: number): number[] => [...new Array(count).keys()];

t.test('a client that is stopped is noticed, and goes on in its session afterwards', async t => {
  const handled: number[] = [];
  const losses: unknown[] = [];
  let resumed = 0;
  const { communicator } = worldOf(t);
  const listener = communicator.listen('tcp://127.0.0.1:0', {
    limits,
    dispatcher: new Dispatcher().on('NOTE', message => {
      handled.push(Number(message.get('number')));
    }),
    accepted: peer => {
      peer.on('lost', reason => losses.push((reason as { readonly code?: string } | undefined)?.code));
      peer.on('resumed', () => {
        resumed += 1;
      });
    },
  });
  const address = await listener.ready;
  const words = JSON.stringify({ address, limits, count: 1_500, pace: 1 });
  const { child } = start(t, 'test/scenario/session/session-child', ['send', words]);
  await until('it has begun', () => handled.length > 50);
  child.kill('SIGSTOP');
  await until('it is missed', () => losses.length === 1);
  t.same(losses, ['SILENT']);
  child.kill('SIGCONT');
  await until('all is handled', () => handled.length >= 1_500, 30_000);
  t.same(handled, upTo(1_500), 'all, once, in order');
  t.ok(resumed >= 1);
  t.match(listener.snapshot(), { sessions: { known: 1 } });
});

t.test('a server that is stopped is noticed, and goes on in its session afterwards', async t => {
  const program = start(t, 'test/scenario/session/session-child', [
    'serve',
    JSON.stringify({ address: 'tcp://127.0.0.1:0', limits }),
  ]);
  const address = await program.says(/listening on (\S+)/);
  const communicator = new Communicator();
  t.teardown(() => communicator.stop(0));
  const client = communicator.permanent(address, { limits, pause: { first: 10, most: 50 } });
  const losses: unknown[] = [];
  const guarantees: string[] = [];
  client.on('lost', reason => losses.push((reason as { readonly code?: string }).code));
  const deliver = (from: number, to: number): void => {
    for (let number = from; number < to; number += 1) {
      client
        .deliver(Message.of('NOTE', { life: 0, number }))
        .then(({ guarantee }) => guarantees.push(guarantee))
        .catch(({ code }) => guarantees.push(code));
    }
  };
  deliver(0, 500);
  await until('it has begun', () => guarantees.length > 0);
  program.child.kill('SIGSTOP');
  deliver(500, 1_000);
  await until('it is missed, on the next links too', () => losses.length >= 3);
  t.same(new Set(losses), new Set(['SILENT']));
  t.equal(client.guarantee, 'at-most-once');
  program.child.kill('SIGCONT');
  deliver(1_000, 1_500);
  await until('all is confirmed', () => guarantees.length === 1_500, 30_000);
  t.same([...new Set(guarantees)], ['exactly-once-per-session']);
  t.same(numbers(program.out, 'handled'), upTo(1_500), 'all, once, in order');
});

t.test('two that are stopped at the same time do not kill each other on waking', async t => {
  const server = start(t, 'test/scenario/session/session-child', [
    'serve',
    JSON.stringify({ address: 'tcp://127.0.0.1:0', limits }),
  ]);
  const address = await server.says(/listening on (\S+)/);
  const client = start(t, 'test/scenario/session/session-child', [
    'send',
    JSON.stringify({ address, limits, count: 1 }),
  ]);
  await until('they have agreed', () => client.out.includes('confirmed 0 0'));
  for (let round = 0; round < 3; round += 1) {
    for (const { child } of [server, client]) child.kill('SIGSTOP');
    await new Promise(resolve => setTimeout(resolve, 600));
    for (const { child } of [server, client]) child.kill('SIGCONT');
    await new Promise(resolve => setTimeout(resolve, 600));
  }
  t.notMatch(client.out, 'lost');
});
