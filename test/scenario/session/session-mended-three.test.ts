// Faults of sessions that their tests found, each with its own.

import t from 'tap';
import { Dispatcher, Message } from '../../../lib/index.ts';
import type { Fate } from '../../../lib/session/index.ts';
import { OutStream, ReplyCache } from '../../../lib/session/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import { clientStage, key, offer, offered, serverStage } from './session-stage.ts';

const taking = { dispatcher: new Dispatcher().otherwise(() => undefined) };

async function says(channel: StubChannel, text: string): Promise<void> {
  channel.says(text);
  await settled();
}

t.test('a link that is lost before anything went out on it does not end the session of the one before', async t => {
  const second = gate();
  const greetings = [Promise.resolve(), second.promise, Promise.resolve()];
  const { client, open, cut, stub, clock } = clientStage(t, { opened: () => greetings.shift() });
  const first = await open(0);
  client.send('ONE');
  await settled();
  const { id } = offered(first);
  const silent = await cut(first, 1);
  t.equal(silent.text, '', 'the greeting is not over');
  silent.gone();
  await settled();
  await clock.advance(10_000);
  const third = (await stub.at(2)).succeed();
  await settled();
  t.match(third.text, /^ONE /);
  t.equal(offered(third).id, id, 'a server that had begun knows it by its name, and does not handle it twice');
});

t.test('drain follows a queued that was dropped as the newest, too', async t => {
  const { client, open, agree } = clientStage(t, { outbox: { bytes: 20, whenFull: 'drop-newest' } });
  let drains = 0;
  client.on('drain', () => {
    drains += 1;
  });
  const channel = await open(0);
  client.send('TWELVE_BYTES');
  await settled();
  await agree(channel, 0);
  t.equal(client.send('TWELVE_BYTES'), 'queued');
  await says(channel, 'ACK count=1\n');
  t.equal(drains, 1);
});

t.test('what was let go of for room does not move the numbers of what follows', async t => {
  const { client, open, agree, cut } = clientStage(t, { ...taking, outbox: { count: 4 } });
  const first = await open(0);
  client.send('A');
  await settled();
  await says(first, 'HI\nHO\n');
  for (const letter of 'BCD') client.send(letter);
  await settled();
  await agree(first, 0);
  client.send('E');
  let end = '';
  client.deliver('F').then(
    ({ guarantee }) => {
      end = guarantee;
    },
    () => undefined,
  );
  await settled();
  const second = await cut(first, 1);
  await agree(second, 1);
  for (let handled = 1; handled < 10; ) {
    const sent = second.text.split('\n').filter(line => /^[A-F]$/.test(line)).length;
    if (handled === 1 + sent) break;
    handled = 1 + sent;
    await says(second, `ACK count=${handled}\n`);
  }
  t.match(second.text, /\nF\n/);
  t.equal(end, 'exactly-once-per-session', 'all that came was acknowledged');
  t.match(client.snapshot(), { unconfirmed: 0 });
});

t.test('what waits again after a session that broke expires in time, though no link comes', async t => {
  const { client, open, agree, cut, clock } = clientStage(t);
  const first = await open(0);
  let end = '';
  client.deliver('ONE', { ttl: 20_000 }).catch(({ code }) => {
    end = code;
  });
  await settled();
  await agree(first, 0);
  const second = await cut(first, 1);
  await agree(second, 999);
  t.equal(second.phase, 'closed');
  await clock.advance(60_000);
  t.not(end, '');
});

t.test('a client that begins with number 1 again is agreed with, also where it had acknowledged something', async t => {
  const { connect, agree, peers } = await serverStage(t, taking);
  const first = connect();
  await agree(first);
  peers()[0]?.send('SAID');
  await settled();
  await says(first, 'ACK count=1\n');
  first.gone();
  await settled();
  const second = connect();
  t.match(await agree(second, `HELLO _session=${offer(1)}`), { id: key.id, received: '1' });
  t.notMatch(second.text, 'INVALID');
  t.equal(peers()[0]?.guarantee, 'exactly-once-per-session');
});

for (const received of ['-1', 'many', 'none']) {
  t.test(`a server whose received is ${received} makes no sense: the client begins another session`, async t => {
    const { client, open, agree, cut } = clientStage(t);
    const first = await open(0);
    client.send('ONE');
    await settled();
    const id = await agree(first, 0);
    const second = await cut(first, 1);
    await agree(second, received);
    t.equal(second.phase, 'closed');
    const third = await cut(second, 2);
    await settled();
    t.match(third.text, /^ONE /);
    t.not(offered(third).id, id);
  });
}

t.test('what was told as sent is not unfinished: a client that is stopped does not wait for it', async t => {
  const { client, open } = clientStage(t, taking);
  const channel = await open(0);
  t.equal(client.send('ONE'), 'sent');
  await settled();
  await says(channel, 'HI\nHO\n');
  t.match(client.snapshot(), { fates: { sent: 1 } });
  t.equal(client.unfinished.messages, 0);
  client.stop();
  await settled();
  t.equal(channel.phase, 'closing');
});

t.test('while SESSION may still come, a message costs the same however many went before', async t => {
  const limits = { count: 1_000, bytes: 1_000_000, whenFull: 'reject' } as const;
  const out = new OutStream(limits, new VirtualClock(), () => undefined);
  let looks = 0;
  for (let n = 0; n < 1_000; n += 1) {
    let ended: Fate | undefined;
    const outgoing = { message: Message.of('MORE'), line: 'MORE', bytes: 5, expires: 1, stored: 0 };
    out.push(
      Object.defineProperty(outgoing, 'fate', {
        get: () => {
          looks += 1;
          return ended;
        },
        set: (fate: Fate) => {
          ended = fate;
        },
      }),
    );
    out.next();
    out.markSent();
  }
  t.ok(looks <= 10_000, `${looks} looks at 1000 messages`);
});

t.test('a client without sessions hands a command named SESSION to its program', async t => {
  const handled: string[] = [];
  const dispatcher = new Dispatcher().on('SESSION', ({ command }) => void handled.push(command));
  const { open } = clientStage(t, { dispatcher, outbox: { session: false } });
  const channel = await open(0);
  await says(channel, 'SESSION user=7\n');
  t.same(handled, ['SESSION']);
  t.equal(channel.text, '');
});

t.test('no handler sees the secret of a session that was refused, whichever message carries it', async t => {
  const seen: (string | undefined)[] = [];
  const dispatcher = new Dispatcher().otherwise((message: Message) => void seen.push(message.get('_session')));
  const { connect } = await serverStage(t, { dispatcher, limits: { sessions: 0 } });
  await says(connect(), `HELLO _session=${offer(2)}\nREGISTER _session=${offer(2)}\n`);
  t.same(seen, [undefined, undefined]);
});

t.test('a cache of answers knows as many requests as it may: one that comes again takes no room', async t => {
  const cache = new ReplyCache({ age: 1_000, count: 2, bytes: 100 }, new VirtualClock());
  const asker = { send: (): void => undefined };
  cache.repeats('abcdefghijkl.1', asker);
  cache.repeats('abcdefghijkl.2', asker);
  t.equal(cache.repeats('abcdefghijkl.1', asker), true, 'the oldest is not run again');
});

t.test('a cache of answers lets go of the oldest when an answer has no room, not only at the next request', async t => {
  const cache = new ReplyCache({ age: 1_000, count: 100, bytes: 100 }, new VirtualClock());
  const asker = { send: (): void => undefined };
  for (let n = 0; n < 10; n += 1) cache.repeats(`abcdefghijkl.${n}`, asker);
  for (let n = 0; n < 10; n += 1) cache.answered(`abcdefghijkl.${n}`, Message.of('ANSWER'), 50, asker);
  t.ok(cache.size <= 2, `${cache.size} answers of 50 bytes are kept`);
});

t.test('what was sent once has not expired, though it waits again: it is lost', async t => {
  const { client, open, agree, cut, clock } = clientStage(t, taking);
  const first = await open(0);
  let end = '';
  client.deliver('ONE', { ttl: 1_000 }).catch(({ code }) => {
    end = code;
  });
  await settled();
  await agree(first, 0);
  await agree(await cut(first, 1), 0, 'e2');
  await clock.advance(1_000);
  t.not(end, 'EXPIRED', 'that says: it is never sent');
});

t.test('who was refused by a full outbox is told when there is room', async t => {
  const { client, open, agree } = clientStage(t, { outbox: { bytes: 20 } });
  let drains = 0;
  client.on('drain', () => {
    drains += 1;
  });
  const channel = await open(0);
  t.equal(client.send('TWELVE_BYTES'), 'sent');
  await settled();
  await agree(channel, 0);
  t.throws(() => client.send('TWELVE_BYTES'), { code: 'OUTBOX_FULL' });
  await says(channel, 'ACK count=1\n');
  t.equal(drains, 1);
});
