// What makes a message once only: a repeat shares the fate of the first run, and a request gets its answer again.

import t from 'tap';
import type { Dispatcher } from '../../lib/index.ts';
import { Message, PeerError, Refusal } from '../../lib/index.ts';
import { Once, OnceDispatcher, onceTable } from '../../lib/protocol/service/client/once.ts';
import { VirtualClock } from '../../lib/testkit/index.ts';
import type { Noted } from './dispatcher/correspondent.ts';
import { correspondent } from './dispatcher/correspondent.ts';

interface Stage {
  readonly once: Once;
  readonly dispatcher: Dispatcher;
  /** Whom it talks to: what goes out is seen by the memory. */
  readonly broker: Noted;
  readonly clock: VirtualClock;
  readonly runs: string[];
}

function stage(): Stage {
  const clock = new VirtualClock();
  const once = new Once(clock);
  const dispatcher = new OnceDispatcher(once, {});
  const plain = correspondent();
  const broker: Noted = { ...plain, send: message => plain.send(dispatcher.outgoing(message)) };
  return { once, dispatcher, broker, clock, runs: [] };
}

const job = (name: string): Message => Message.of('JOB', { _once: name });
const ask = (n: number): Message => Message.of('ASK', { _request: `abcdefghijkl.${n}` });

/** A promise that is settled from outside. */
function held(): { readonly promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let settle = { resolve: (): void => undefined, reject: (_error: Error): void => undefined };
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

async function isPending(promise: unknown): Promise<boolean> {
  const pending = Symbol('pending');
  const settled = Promise.resolve(promise).catch(() => undefined);
  return (await Promise.race([settled, new Promise(resolve => setImmediate(resolve, pending))])) === pending;
}

t.test('a repeat is not confirmed while the first run goes on, and ends as that does', async t => {
  const { once, dispatcher, broker, runs } = stage();
  const first = held();
  dispatcher.on('JOB', message => {
    runs.push(message.get('_once') ?? '');
    return first.promise;
  });
  const results = [1, 2, 3].map(() => dispatcher.dispatch(job('a.1'), broker));
  for (const result of results) t.equal(await isPending(result), true, 'it waits');
  first.resolve();
  await Promise.all(results);
  t.equal(dispatcher.dispatch(job('a.1'), broker), undefined, 'one that comes later is confirmed at once');
  t.same(runs, ['a.1']);
  t.equal(once.repeated, 3);
});

t.test('refused, each repeat that waited is refused, and one that comes later runs', async t => {
  const { dispatcher, broker, runs } = stage();
  const first = held();
  dispatcher.on('JOB', message => {
    runs.push(message.get('_once') ?? '');
    return runs.length === 1 ? first.promise : undefined;
  });
  const results = [1, 2].map(() => Promise.resolve(dispatcher.dispatch(job('a.1'), broker)));
  first.reject(new Refusal('not now'));
  for (const result of results) await t.rejects(result, { code: 'REFUSED', message: 'not now' });
  dispatcher.dispatch(job('a.1'), broker);
  t.same(runs, ['a.1', 'a.1']);
  dispatcher.dispatch(job('a.1'), broker);
  t.equal(runs.length, 2, 'and once only');
});

t.test('a handler that throws has handled it: it is not run again', async t => {
  const { dispatcher, broker, runs } = stage();
  const first = held();
  dispatcher
    .on('JOB', message => {
      runs.push(message.get('_once') ?? '');
      return first.promise;
    })
    .on('BAD', () => {
      runs.push('BAD');
      throw new Error('at once');
    });
  const results = [1, 2].map(() => Promise.resolve(dispatcher.dispatch(job('a.1'), broker)));
  first.reject(new Error('broken'));
  for (const result of results) await t.rejects(result, { message: 'broken' });
  t.equal(dispatcher.dispatch(job('a.1'), broker), undefined);
  const bad = Message.of('BAD', { _once: 'a.2' });
  t.throws(() => dispatcher.dispatch(bad, broker), { message: 'at once' });
  t.equal(dispatcher.dispatch(bad, broker), undefined);
  t.same(runs, ['a.1', 'BAD']);
});

t.test('a request that comes again gets the same answer, and its handler runs once', async t => {
  const { dispatcher, broker, runs } = stage();
  const slow = held();
  dispatcher.on('ASK', async (message, asker) => {
    runs.push(message.get('_request') ?? '');
    if (message.get('_request')?.endsWith('.2')) await slow.promise;
    asker.send(message.reply('TOLD', { run: runs.length }));
  });
  await dispatcher.dispatch(ask(1), broker);
  await dispatcher.dispatch(ask(1), broker);
  const told = 'TOLD _answer=abcdefghijkl.1;run=1';
  t.same(broker.said.splice(0), [told, told]);
  const both = [dispatcher.dispatch(ask(2), broker), dispatcher.dispatch(ask(2), broker)];
  t.equal(await isPending(both[1]), true);
  slow.resolve();
  await Promise.all(both);
  t.same(broker.said, ['TOLD _answer=abcdefghijkl.2;run=2'], 'one that waited gets the one answer');
  t.same(runs, ['abcdefghijkl.1', 'abcdefghijkl.2']);
});

t.test('numbers of old peers, that others may give too, make nothing once only', async t => {
  const { dispatcher, broker, runs } = stage();
  dispatcher.on('ASK', message => runs.push(message.get('_request') ?? ''));
  for (const number of ['1', '1', undefined, undefined])
    dispatcher.dispatch(Message.of('ASK', { _request: number }), broker);
  t.equal(runs.length, 4);
});

t.test('a request whose handler threw is answered INVALID again', async t => {
  const { dispatcher, broker } = stage();
  dispatcher.on('ASK', message => {
    throw message.get('_request')?.endsWith('.1') ? new Error('broken') : new PeerError('INVALID_PARAMETER', 'no n');
  });
  for (const n of [1, 2]) {
    t.throws(() => dispatcher.dispatch(ask(n), broker), 'its link answers INVALID by itself');
    t.equal(dispatcher.dispatch(ask(n), broker), undefined);
  }
  t.same(broker.said, [
    'INVALID _answer=abcdefghijkl.1;command=ASK;message=the handler failed',
    'INVALID _answer=abcdefghijkl.2;command=ASK;message=no n',
  ]);
});

t.test('answers are bounded, by time, count and bytes: then a repeat is refused, and not run', async t => {
  const { dispatcher, broker, clock, runs } = stage();
  const long = 'x'.repeat(6 * 1024 * 1024);
  dispatcher.on('ASK', (message, asker) => {
    runs.push(message.get('_request') ?? '');
    asker.send(message.reply('TOLD', { text: message.has('long') ? long : '' }));
  });
  const repeat = (n: number): unknown => dispatcher.dispatch(ask(n), broker);
  const gone = { code: 'REFUSED', message: /answer is not kept any more/ };
  repeat(1);
  repeat(1);
  await clock.advance(120_000);
  repeat(2);
  t.throws(() => repeat(1), gone, 'after 120 s');
  for (let n = 3; n < 1_003; n += 1) repeat(n);
  t.throws(() => repeat(2), gone, 'after 1,000 others');
  for (const n of [2_001, 2_002, 2_003]) dispatcher.dispatch(ask(n).with({ long: true }), broker);
  t.throws(() => repeat(2_001), gone, 'after 16 MiB');
  t.equal(new Set(runs).size, runs.length, 'none ran twice');
});

t.test('a name in the world is given once, and the last 20,000 are known', async t => {
  const { once, dispatcher, broker, clock, runs } = stage();
  const other = new Once(clock);
  dispatcher.on('X', message => runs.push(message.get('_once') ?? ''));
  const first = once.named(Message.of('X'));
  t.equal(once.named(first), first);
  t.not(once.named(Message.of('X')).get('_once'), other.named(Message.of('X')).get('_once'));
  for (const message of [first, first, Message.of('X'), Message.of('X')]) dispatcher.dispatch(message, broker);
  t.equal(runs.length, 3);
  for (let n = 0; n < 19_999; n += 1) dispatcher.dispatch(other.named(Message.of('X')), broker);
  dispatcher.dispatch(first, broker);
  t.equal(runs.length, 20_002);
  dispatcher.dispatch(other.named(Message.of('X')), broker);
  dispatcher.dispatch(first, broker);
  t.equal(runs.length, 20_004, 'bounded: the oldest are forgotten');
});

t.test('what runs is not forgotten, however many others come', async t => {
  const { dispatcher, broker, runs } = stage();
  const slow = held();
  dispatcher.on('JOB', message => {
    runs.push(message.get('_once') ?? '');
    return message.get('_once') === 'slow' ? slow.promise : undefined;
  });
  const first = dispatcher.dispatch(job('slow'), broker);
  for (let n = 0; n < 50_000; n += 1) dispatcher.dispatch(job(`a.${n}`), broker);
  const repeat = dispatcher.dispatch(job('slow'), broker);
  t.equal(await isPending(repeat), true);
  slow.resolve();
  await Promise.all([first, repeat]);
  t.equal(runs.filter(name => name === 'slow').length, 1);
});

t.test('the figure is the table', async t => {
  t.same(onceTable, {
    fresh: { come: 'running' },
    running: { come: 'running', handled: 'handled', refused: 'fresh' },
    handled: { come: 'handled' },
    begun: { come: 'begun' },
  });
});
