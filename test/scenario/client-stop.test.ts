// stop() in every state, and the client that connects once.

import t from 'tap';
import { Dispatcher, PermanentClient } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { failing, onceStage, permanentStage } from './client-stage.ts';
import { gate, worldOf } from './stairs.ts';

t.test('stop before the start', async t => {
  const { communicator } = worldOf(t);
  const client = new PermanentClient('tcp://a:1');
  t.equal(client.state, 'idle');
  t.throws(() => client.send('EARLY'), { code: 'CLOSED', message: /is not started/ });
  await t.rejects(client.request('EARLY'), { code: 'CLOSED' });
  client.stop();
  client.stop();
  t.equal(client.state, 'closed');
  t.throws(() => client.send('LATE'), { code: 'CLOSED', message: /is closed/ });
  t.same(communicator.connections, []);
});

t.test('stop while dialling ends at once, also where the dial never settles', async t => {
  const { client, stub, closes, communicator, clock } = permanentStage(t);
  const dial = await stub.at(0);
  const request = client.request('WHO');
  client.stop();
  t.equal(client.state, 'closed');
  t.same(closes, [undefined]);
  t.same(communicator.connections, []);
  t.ok(dial.signal.aborted);
  await t.rejects(request, { code: 'ABANDONED' });
  await settled();
  t.equal(clock.waiting, 0);
});

t.test('a connection that comes up after the stop is closed', async t => {
  const { client, stub, communicator } = permanentStage(t);
  const dial = await stub.at(0);
  dial.signal.addEventListener('abort', () => undefined);
  const channel = dial.succeed();
  client.stop();
  await settled();
  t.equal(channel.phase, 'closed');
  t.same(communicator.connections, []);
});

t.test('stop while waiting ends at once', async t => {
  const made = permanentStage(t);
  await failing(made, 0);
  made.client.send('NEVER');
  made.client.stop();
  t.equal(made.client.state, 'closed');
  t.same(made.closes, [undefined]);
  t.match(made.client.unfinished, { messages: 1 }, 'what was left is told');
  await made.clock.advance(100_000);
  t.equal(made.stub.dials.length, 1);
});

t.test('stop while open sends what waits, then closes', async t => {
  const made = permanentStage(t);
  const { client, closes } = made;
  const channel = await made.open(0);
  client.send('LAST');
  client.stop();
  t.equal(client.state, 'closed');
  await settled();
  t.equal(channel.text, 'LAST\n');
  t.equal(channel.phase, 'closing');
  t.same(closes, [], 'not before the channel is closed');
  t.throws(() => client.send('LATE'), { code: 'CLOSED' });
  channel.gone();
  await settled();
  t.same(closes, [undefined]);
  t.equal(made.stub.dials.length, 1);
});

t.test('stop while the link is full: the queue goes out as it drains, then the link is closed', async t => {
  const made = permanentStage(t);
  const { client } = made;
  const channel = await made.open(0);
  channel.room = false;
  client.send('ONE');
  await settled();
  client.send('TWO');
  client.stop();
  await settled();
  t.equal(channel.phase, 'open');
  channel.drains();
  await settled();
  t.equal(channel.text, 'ONE\nTWO\n');
  t.equal(channel.phase, 'closing');
});

t.test('a stop does not wait for ever for an other side that takes nothing', async t => {
  const made = permanentStage(t);
  const { client, clock, closes, communicator } = made;
  const channel = await made.open(0);
  channel.room = false;
  client.send('ONE');
  await settled();
  client.send('TWO');
  communicator.remove(client);
  await clock.advance(20_000);
  t.equal(channel.phase, 'closed');
  t.equal(closes.length, 1);
  t.match(client.unfinished, { messages: 1 });
});

t.test('stop during the greeting waits for it, and sends what waited', async t => {
  const pause = gate();
  const made = permanentStage(t, { opened: () => pause.promise });
  const channel = await made.open(0);
  made.client.send('KEPT');
  made.client.stop();
  await settled();
  t.equal(channel.phase, 'open');
  pause.open();
  await settled();
  t.equal(channel.text, 'KEPT\n');
  t.equal(channel.phase, 'closing');
});

t.test('stop in each of its own events', async t => {
  for (const event of ['open', 'lost', 'retry', 'state'] as const) {
    const made = permanentStage(t);
    const { client } = made;
    const told = new Promise<void>(resolve =>
      client.once(event, () => {
        client.stop();
        resolve();
      }),
    );
    const channel = (await made.stub.at(0)).succeed();
    await settled();
    if (event === 'lost' || event === 'retry') channel.gone(new Error('cut'));
    await told;
    channel.gone();
    await settled();
    t.equal(client.state, 'closed', event);
    t.equal(made.closes.length, 1, event);
    t.same(made.communicator.connections, []);
    await made.clock.advance(100_000);
    t.equal(made.stub.dials.length, 1, event);
  }
});

t.test('connect tries once, and closes with the reason', async t => {
  const { client, stub, closes, states, communicator } = onceStage(t);
  const over = communicator.run();
  client.send('WAITING');
  (await stub.at(0)).fail();
  t.equal(await over, true);
  t.same(states, ['dialing', 'closed']);
  t.match(closes, [{ code: 'DIAL_FAILED', message: 'cannot reach tcp://a:1: refused' }]);
  t.match(client.unfinished, { messages: 1 });
  t.throws(() => client.send('LATE'), { code: 'CLOSED' });
  t.equal(stub.dials.length, 1);
});

t.test('connect is closed with the reason when its link is lost', async t => {
  const made = onceStage(t);
  const { client } = made;
  const channel = await made.open(0);
  const request = client.request('WHO');
  channel.gone(new Error('cable cut'));
  await t.rejects(request, { code: 'CLOSED', message: 'no answer to WHO: cable cut' });
  await settled();
  t.match(made.closes, [{ message: 'cable cut' }]);
  t.same(made.states, ['dialing', 'open', 'closed']);
  t.equal(made.stub.dials.length, 1);
  t.same(made.communicator.connections, []);
});

t.test('connect gives up at its dial deadline', async t => {
  const { client, clock, closes } = onceStage(t, { limits: { dial: 500 } });
  await clock.advance(499);
  t.equal(client.state, 'dialing');
  await clock.advance(1);
  t.equal(client.state, 'closed');
  t.match(closes, [{ code: 'DIAL_TIMEOUT' }]);
});

t.test('a handler that never settles does not keep a permanent client from coming back', async t => {
  let begun = 0;
  const made = permanentStage(t, {
    dispatcher: new Dispatcher().on('HANG', () => {
      begun += 1;
      return new Promise(() => undefined);
    }),
  });
  const channel = await made.open(0);
  channel.says('HANG\nHANG\nHANG\n');
  await settled();
  t.equal(begun, 1);
  channel.gone(new Error('reset'));
  await settled();
  t.equal(made.client.state, 'waiting');
  await made.clock.advance(50);
  const next = await made.open(1);
  next.says('HANG\n');
  await settled();
  t.equal(begun, 2, 'and the new link is not held by the old handler');
  t.match(made.log.texts('warn')[0], 'lines received and not handled: 2');
});
