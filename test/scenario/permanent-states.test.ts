// A permanent client walked through its states: each event from outside, the state it leads to, and why.

import t from 'tap';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { failing, permanentStage } from './client-stage.ts';

t.test('its states follow the table, and why tells the rest', async t => {
  const made = permanentStage(t);
  const { client, clock, stub, states } = made;
  t.same(client.why, { state: 'dialing', attempt: 1, lastError: undefined, nextTry: undefined });

  await failing(made, 0);
  t.match(client.why, { state: 'waiting', attempt: 1, nextTry: 50, lastError: { code: 'DIAL_FAILED' } });
  await clock.advance(20);
  t.equal(client.why.nextTry, 30);
  t.equal(stub.dials.length, 1);

  await clock.advance(30);
  t.match(client.why, { state: 'dialing', attempt: 2, nextTry: undefined, lastError: { code: 'DIAL_FAILED' } });
  const channel = (await stub.at(1)).succeed();
  await until('it is open', () => client.state === 'open');
  t.match(client.why, { state: 'open', attempt: 2, nextTry: undefined });
  t.match(made.log.texts('info'), ['connected to tcp://a:1']);

  channel.gone(new Error('cable cut'));
  await until('it waits', () => client.state === 'waiting');
  await settled();
  t.match(client.why, { state: 'waiting', attempt: 2, nextTry: 100, lastError: { message: 'cable cut' } });

  client.stop();
  t.match(client.why, { state: 'closed', nextTry: undefined });
  await settled();
  t.same(states, ['dialing', 'waiting', 'dialing', 'open', 'waiting', 'closed']);
  t.equal(clock.waiting, 0, 'no timer is left behind');
  t.same(made.communicator.connections, []);
});

t.test('an end without a reason is a reason too', async t => {
  const { client, stub } = permanentStage(t);
  const lost: Error[] = [];
  client.on('lost', reason => lost.push(reason));
  const channel = (await stub.at(0)).succeed();
  await until('it is open', () => client.state === 'open');
  channel.ends();
  await until('it closes too', () => channel.phase === 'closing');
  t.equal(client.state, 'open', 'as long as the channel is not closed');
  channel.gone();
  await until('it waits', () => client.state === 'waiting');
  t.match(lost, [{ code: 'CLOSED', message: 'tcp://a:1 closed the connection' }]);
});

t.test('the pauses double up to the cap and stay there', async t => {
  const made = permanentStage(t);
  for (let index = 0; index < 10; index += 1) {
    await failing(made, index);
    await made.clock.advance(made.pauses.at(-1) ?? 0);
  }
  t.same(made.pauses, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

t.test('the jitter is full, also at the cap', async t => {
  const values = [0, 0.5, 0.999, 0.25];
  let turn = 0;
  const random = (): number => {
    turn += 1;
    return values[(turn - 1) % values.length] ?? 0;
  };
  const made = permanentStage(t, { pause: { first: 1000, most: 1000 }, random });
  for (let index = 0; index < 8; index += 1) {
    await failing(made, index);
    await made.clock.advance(made.pauses.at(-1) ?? 0);
  }
  t.same(
    made.pauses.map(pause => Math.round(pause)),
    [1000, 500, 1, 750, 1000, 500, 1, 750],
  );
});

t.test('a list of pauses is followed, its last entry stays', async t => {
  const made = permanentStage(t, { pause: { list: [10, 20, 30], jitter: 0 } });
  for (let index = 0; index < 5; index += 1) {
    await failing(made, index);
    await made.clock.advance(made.pauses.at(-1) ?? 0);
  }
  t.same(made.pauses, [10, 20, 30, 30, 30]);
});

for (const [lived, pauses] of [
  [9_999, [50, 100, 200]],
  [10_000, [50, 100, 50]],
] as const) {
  t.test(`after a link that lived ${lived} ms the pauses are ${pauses.join(', ')} ms`, async t => {
    const made = permanentStage(t);
    const { clock, stub, client } = made;
    for (let index = 0; index < 2; index += 1) {
      await failing(made, index);
      await clock.advance(made.pauses.at(-1) ?? 0);
    }
    const channel = (await stub.at(2)).succeed();
    await until('it is open', () => client.state === 'open');
    await settled();
    await clock.advance(lived);
    channel.gone();
    await until('it waits', () => made.pauses.length === 3);
    t.same(made.pauses, pauses);
  });
}

t.test('the pauses begin anew after a stable link, whatever a listener of "open" throws', async t => {
  const made = permanentStage(t);
  const { clock, stub, client } = made;
  client.on('open', () => {
    throw new Error('listener is broken');
  });
  for (let index = 0; index < 2; index += 1) {
    await failing(made, index);
    await clock.advance(made.pauses.at(-1) ?? 0);
  }
  const channel = (await stub.at(2)).succeed();
  await until('it is open', () => client.state === 'open');
  await settled();
  await clock.advance(60_000);
  channel.gone();
  await until('it waits', () => made.pauses.length === 3);
  t.same(made.pauses, [50, 100, 50]);
});

t.test('a listener that throws ends nothing, and disturbs no other listener, nor does one that rejects', async t => {
  const made = permanentStage(t);
  const { client, stub, clock, log } = made;
  const events = ['state', 'open', 'lost', 'retry'] as const;
  const heard: string[] = [];
  for (const event of events) {
    client.on(event, () => {
      throw new Error('listener is broken');
    });
    client.on(event, () => Promise.reject(new Error('listener is broken')));
    client.on(event, () => heard.push(event));
  }
  await failing(made, 0);
  await clock.advance(5_000);
  const channel = (await stub.at(1)).succeed();
  await until('it is open', () => client.state === 'open');
  await settled();
  channel.gone();
  await until('it waits', () => client.state === 'waiting');
  await clock.advance(5_000);
  (await stub.at(2)).succeed();
  await until('it is open again', () => client.state === 'open');
  t.match(log.texts('error'), [/^a listener of "\w+" failed: listener is broken$/]);
  t.same([...new Set(heard)].sort(), [...events].sort());
});

t.test('several addresses are tried in turn at each attempt, and every reason is told', async t => {
  const { client, stub, clock } = permanentStage(t, { address: ['tcp://a:1', 'tcp://b:2', 'c:3'] });
  for (let index = 0; index < 3; index += 1) (await stub.at(index)).fail();
  await until('it waits', () => client.state === 'waiting');
  t.equal(
    client.why.lastError?.message,
    'cannot reach tcp://a:1: refused; cannot reach tcp://b:2: refused; cannot reach tcp://c:3: refused',
  );
  await settled();
  await clock.advance(50);
  (await stub.at(3)).fail();
  (await stub.at(4)).succeed();
  await until('it is open', () => client.state === 'open');
  t.same(
    stub.dials.map(({ address }) => address),
    ['tcp://a:1', 'tcp://b:2', 'tcp://c:3', 'tcp://a:1', 'tcp://b:2'],
  );
});

t.test('each address has its own deadline', async t => {
  const { client, stub, clock } = permanentStage(t, { address: ['tcp://a:1', 'tcp://b:2'] });
  const first = await stub.at(0);
  await clock.advance(9_999);
  t.notOk(first.signal.aborted);
  await clock.advance(1);
  t.match(first.signal.reason, { code: 'DIAL_TIMEOUT', message: 'cannot reach tcp://a:1 within 10000 ms' });
  const second = await stub.at(1);
  t.notOk(second.signal.aborted);
  await clock.advance(10_000);
  t.equal(client.state, 'waiting');
  t.match(client.why.lastError?.message, /tcp:\/\/a:1 within 10000 ms; cannot reach tcp:\/\/b:2 within 10000 ms/);
  t.equal(client.why.nextTry, 50);
});

t.test('an attempt that breaks in a way nobody foresaw is an attempt', async t => {
  const made = permanentStage(t);
  const { client, stub, clock } = made;
  (await stub.at(0)).fail(new TypeError('undefined is no function'));
  await until('it waits', () => client.state === 'waiting');
  t.match(client.why.lastError, { code: 'DIAL_FAILED', message: 'undefined is no function' });
  await settled();
  await clock.advance(50);
  t.equal(stub.dials.length, 2);
});
