// What is sent while the link is down, on the way up, and while it is full.

import t from 'tap';
import { Dispatcher } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { failing, permanentStage } from './client-stage.ts';
import { gate } from './stairs.ts';

t.test('what is sent while down waits, and goes out in its order behind the greeting', async t => {
  const made = permanentStage(t, { opened: link => link.send('HELLO') });
  const { client } = made;
  t.equal(client.send('ONE'), 'queued');
  await failing(made, 0);
  t.equal(client.send('TWO'), 'queued');
  t.match(client.snapshot(), { queued: 2, queuedBytes: 8, sent: 0 });
  await made.clock.advance(50);
  const channel = await made.open(1);
  t.equal(channel.text, 'HELLO\nONE\nTWO\n');
  t.equal(client.send('THREE'), 'sent');
  await settled();
  t.equal(channel.text, 'HELLO\nONE\nTWO\nTHREE\n');
  t.match(client.snapshot(), { queued: 0, queuedBytes: 0 });
  t.same(made.dropped, []);
});

t.test('an asynchronous greeting goes first too, whoever sends meanwhile', async t => {
  const pause = gate();
  const made = permanentStage(t, {
    dispatcher: new Dispatcher().on('PING', (message, link) => link.send(message.reply('PONG'))),
    opened: async link => {
      link.send('HELLO');
      await pause.promise;
      link.send('REGISTER');
    },
  });
  const { client } = made;
  let opens = 0;
  client.on('open', () => {
    opens += 1;
  });
  client.send('EARLY');
  const channel = await made.open(0);
  t.equal(client.send('LATER'), 'queued');
  channel.says('PING\n');
  await settled();
  t.equal(channel.text, 'HELLO\n');
  t.equal(opens, 0);
  pause.open();
  await settled();
  t.equal(channel.text, 'HELLO\nREGISTER\nEARLY\nLATER\nPONG\n');
  t.equal(opens, 1);
});

t.test('a greeting may ask and wait for the answer', async t => {
  let answer = '';
  const made = permanentStage(t, {
    opened: async link => {
      answer = (await link.request('WHO')).command;
      link.send('REGISTER');
    },
  });
  made.client.send('EARLY');
  const channel = await made.open(0);
  t.equal(channel.text, 'WHO _request=1\n');
  channel.says('ME _answer=1\n');
  await settled();
  t.equal(answer, 'ME');
  t.equal(channel.text, 'WHO _request=1\nREGISTER\nEARLY\n');
});

t.test('a greeting is said again on each link, and one that throws leads to another attempt', async t => {
  let turn = 0;
  const made = permanentStage(t, {
    opened: link => {
      turn += 1;
      link.send(`GREETING_${turn}`);
      if (turn === 1) throw new Error('not ready');
      return turn === 2 ? Promise.reject(new Error('not ready yet')) : undefined;
    },
  });
  const { client, clock } = made;
  client.send('KEPT');
  for (const index of [0, 1]) {
    const channel = (await made.stub.at(index)).succeed();
    await settled();
    t.equal(client.state, 'waiting');
    t.equal(channel.phase, 'closed');
    t.match(client.why.lastError?.message, /^not ready/);
    await clock.advance(5_000);
  }
  const channel = await made.open(2);
  t.equal(channel.text, 'GREETING_3\nKEPT\n');
  t.same(made.log.texts('error'), ['greeting failed: not ready', 'greeting failed: not ready yet']);
});

t.test('a greeting that does not end costs its link, and what waits goes out on the next', async t => {
  let turn = 0;
  const made = permanentStage(t, {
    limits: { greeting: 2_000 },
    opened: link => {
      turn += 1;
      link.send(`GREETING_${turn}`);
      return turn === 1 ? new Promise(() => undefined) : gate().open(undefined);
    },
  });
  const { client, clock } = made;
  client.send('KEPT');
  const channel = await made.open(0);
  await clock.advance(1_999);
  t.equal(client.state, 'open');
  t.equal(channel.text, 'GREETING_1\n');
  await clock.advance(1);
  t.match(client.why, {
    state: 'waiting',
    lastError: { code: 'DIAL_TIMEOUT', message: 'the greeting did not end within 2000 ms' },
  });
  t.equal(channel.phase, 'closed');
  await clock.advance(5_000);
  t.equal((await made.open(1)).text, 'GREETING_2\nKEPT\n');
  await clock.advance(100_000);
  t.equal(client.state, 'open');
});

t.test('the time of a greeting ends with its link', async t => {
  const made = permanentStage(t, { opened: () => new Promise(() => undefined) });
  (await made.open(0)).gone();
  await settled();
  t.equal(made.clock.waiting, 1, 'the pause');
  await made.clock.advance(5_000);
  await made.open(1);
  await made.clock.advance(30_000);
  t.match(made.client.why.lastError?.message, 'the greeting did not end within 30000 ms', 'that of the next link');
  t.same(made.log.texts('error'), ['greeting failed: the greeting did not end within 30000 ms']);
});

t.test('a greeting that outlives its link does no harm to the next', async t => {
  const first = gate();
  let turn = 0;
  let late: unknown;
  const made = permanentStage(t, {
    opened: async link => {
      turn += 1;
      if (turn > 1) return;
      await first.promise;
      try {
        link.send('LATE');
      } catch (error) {
        late = error;
      }
    },
  });
  made.client.send('KEPT');
  (await made.open(0)).gone(new Error('cut'));
  await settled();
  await made.clock.advance(50);
  const channel = await made.open(1);
  t.equal(channel.text, 'KEPT\n');
  first.open();
  await settled();
  t.match(late, { code: 'CLOSED' });
  t.equal(channel.text, 'KEPT\n');
  t.equal(made.client.state, 'open');
});

for (const [how, close] of [
  ['ends', (channel: { ends(): void }) => channel.ends()],
  ['sends a line that is too long', (channel: { says(text: string): void }) => channel.says('x'.repeat(100))],
] as const) {
  t.test(`nothing is lost and nothing breaks when the other side ${how} during the greeting`, async t => {
    const pause = gate();
    const made = permanentStage(t, { opened: () => pause.promise, limits: { line: 64 } });
    const { client } = made;
    client.send('KEPT');
    const channel = await made.open(0);
    close(channel);
    await settled();
    t.equal(channel.phase, 'closing');
    pause.open();
    await settled();
    t.equal(client.send('LATER'), 'queued', 'a permanent client takes messages as long as it lives');
    channel.gone();
    await settled();
    await made.clock.advance(50);
    const next = await made.open(1);
    t.equal(next.text, 'KEPT\nLATER\n');
    t.same(made.log.texts('error'), []);
  });
}

t.test('a permanent client takes messages while its link is closing', async t => {
  const made = permanentStage(t);
  const { client } = made;
  const channel = await made.open(0);
  t.equal(client.send('FIRST'), 'sent');
  channel.ends();
  await settled();
  t.equal(channel.phase, 'closing');
  t.equal(client.state, 'open');
  t.equal(client.send('SECOND'), 'queued');
  channel.gone();
  await settled();
  await made.clock.advance(50);
  t.equal((await made.open(1)).text, 'SECOND\n');
});

t.test('the queue goes out as the link drains', async t => {
  const made = permanentStage(t);
  const { client } = made;
  let drains = 0;
  client.on('drain', () => {
    drains += 1;
  });
  const channel = await made.open(0);
  channel.room = false;
  t.equal(client.send('ONE'), 'sent');
  await settled();
  t.equal(client.send('TWO'), 'queued');
  t.equal(client.send('THREE'), 'queued');
  t.equal(channel.text, 'ONE\n');
  t.match(client.snapshot(), { queued: 2 });
  t.equal(drains, 0);
  channel.drains();
  await settled();
  t.equal(channel.text, 'ONE\nTWO\nTHREE\n');
  t.equal(drains, 1);
  t.equal(client.send('FOUR'), 'sent');
});

t.test('what still waited when the link was lost goes out on the next', async t => {
  const made = permanentStage(t);
  const { client } = made;
  const channel = await made.open(0);
  channel.room = false;
  client.send('ONE');
  await settled();
  client.send('TWO');
  channel.gone(new Error('cut'));
  await settled();
  client.send('THREE');
  await made.clock.advance(50);
  t.equal((await made.open(1)).text, 'TWO\nTHREE\n');
});

t.test('a full queue refuses', async t => {
  const { client, dropped } = permanentStage(t, { outbox: { count: 2 } });
  client.send('ONE');
  client.send('TWO');
  t.throws(() => client.send('THREE'), { code: 'OUTBOX_FULL' });
  await t.rejects(client.request('FOUR'), { code: 'OUTBOX_FULL' });
  t.match(client.snapshot(), { queued: 2, fates: { dropped: 0, refused: 2 } });
  t.same(dropped, []);
});

for (const [whenFull, kept, lost] of [
  ['drop-oldest', 'THREE\nFOUR\n', ['ONE DROPPED', 'TWO DROPPED']],
  ['drop-newest', 'ONE\nTWO\n', ['THREE DROPPED', 'FOUR DROPPED']],
] as const) {
  t.test(`a full queue can ${whenFull}, and reports each`, async t => {
    const made = permanentStage(t, { outbox: { count: 2, whenFull } });
    for (const command of ['ONE', 'TWO', 'THREE', 'FOUR']) t.equal(made.client.send(command), 'queued');
    t.same(made.dropped, lost);
    t.match(made.client.snapshot(), { queued: 2, fates: { dropped: 2, expired: 0 } });
    t.equal((await made.open(0)).text, kept);
    t.equal(made.log.texts('warn').length, 2);
  });
}

t.test('the bytes that wait are limited too', async t => {
  const { client } = permanentStage(t, { outbox: { bytes: 10 } });
  client.send('FOUR');
  client.send('FIVE');
  t.throws(() => client.send('X'), { code: 'OUTBOX_FULL' });
  t.match(client.snapshot(), { queued: 2, queuedBytes: 10 });
});

t.test('what waits too long is dropped in its time, and reported', async t => {
  const made = permanentStage(t, { outbox: { age: 1_000 }, pause: { first: 60_000, most: 60_000 } });
  const { client, clock } = made;
  await failing(made, 0);
  client.send('ONE');
  await clock.advance(400);
  client.send('TWO');
  await clock.advance(599);
  t.same(made.dropped, []);
  await clock.advance(1);
  t.same(made.dropped, ['ONE EXPIRED']);
  await clock.advance(400);
  t.same(made.dropped, ['ONE EXPIRED', 'TWO EXPIRED']);
  t.match(client.snapshot(), { queued: 0, queuedBytes: 0, fates: { dropped: 0, expired: 2 } });
  client.send('THREE');
  await clock.advance(60_000 - 1_400);
  t.same(made.dropped.length, 3, 'also the one behind them');
  t.equal((await made.open(1)).text, '');
});
