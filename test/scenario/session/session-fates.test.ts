// How messages end: each fate with its counter, its receipt or rejection, and what is told; and the outbox's limits.

import t from 'tap';
import type { Client, DeliverOptions } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import type { StubChannel } from '../stub.ts';
import { clientStage, key, serverStage } from './session-stage.ts';

const none = { confirmed: 0, sent: 0, expired: 0, dropped: 0, refused: 0, withdrawn: 0, abandoned: 0, lost: 0 };
const fates = (from: { snapshot(): { readonly [detail: string]: unknown } } | undefined): unknown =>
  from?.snapshot().fates;

/** Delivers each; gives how they end, in that order. */
function delivered(from: Pick<Client, 'deliver'>, commands: readonly string[], options?: DeliverOptions): string[] {
  const ends: string[] = [];
  for (const command of commands) {
    from.deliver(command, options).then(
      ({ guarantee }) => ends.push(`${command} ${guarantee}`),
      (error: unknown) => ends.push(`${command} ${(error as { readonly code?: string }).code ?? String(error)}`),
    );
  }
  return ends;
}

/** A client that has agreed with the other side, its first message confirmed. */
async function agreedStage(t: Parameters<typeof clientStage>[0], options: Parameters<typeof clientStage>[1] = {}) {
  const made = clientStage(t, { dispatcher: new Dispatcher().otherwise(() => undefined), ...options });
  const channel = await made.open(0);
  made.client.send('FIRST');
  await settled();
  await made.agree(channel, 0);
  channel.says('ACK count=1\n');
  await settled();
  return { ...made, channel };
}

/** The commands that went out. */
const sentOn = (channel: StubChannel): string =>
  channel.text
    .split('\n')
    .filter(line => /^[A-Z]\b/.test(line))
    .map(([letter]) => letter)
    .join('');

t.test('confirmed: the other side has handled it', async t => {
  const { client, channel, dropped } = await agreedStage(t);
  const ends = delivered(client, ['A', 'B']);
  await settled();
  t.same(ends, []);
  channel.says('ACK count=2\n');
  await settled();
  t.same(ends, ['A exactly-once-per-session']);
  t.same(fates(client), { ...none, confirmed: 2 });
  t.same(dropped, []);
});

t.test('sent: handed to the system, on a link without a session', async t => {
  const { client, open } = clientStage(t, { outbox: { session: false } });
  await open(0);
  const ends = delivered(client, ['A']);
  await settled();
  t.same(ends, ['A at-most-once']);
  t.same(fates(client), { ...none, sent: 1 });
});

t.test('expired: its time is over before it was sent; what was sent does not expire', async t => {
  const { client, channel, clock, cut, agree, dropped } = await agreedStage(t);
  const under = delivered(client, ['A'], { ttl: 10 });
  await settled();
  const next = await cut(channel, 1);
  const waits = delivered(client, ['B', 'C'], { ttl: 100 });
  await clock.advance(99);
  t.same(waits, []);
  await clock.advance(1);
  t.same(waits, ['B EXPIRED', 'C EXPIRED']);
  t.same(dropped, ['B EXPIRED', 'C EXPIRED']);
  await agree(next, 1);
  next.says('ACK count=2\n');
  await settled();
  t.same(under, ['A exactly-once-per-session']);
  t.same(fates(client), { ...none, confirmed: 2, expired: 2 });
  t.notMatch(next.text, /^[BC]\b/m);
});

t.test('a ttl is never longer than the age of the outbox', async t => {
  const { client, clock } = clientStage(t, { outbox: { age: 1_000 } });
  const ends = delivered(client, ['A'], { ttl: 100_000 });
  await clock.advance(1_000);
  t.same(ends, ['A EXPIRED']);
});

for (const ttl of [0, -1, Number.NaN]) {
  t.test(`a ttl of ${ttl} is no time: OUT_OF_RANGE, and nothing is accepted`, async t => {
    const { client } = clientStage(t);
    t.same(await client.deliver('A', { ttl }).catch(({ code }) => code), 'OUT_OF_RANGE');
    t.same(fates(client), none);
    t.equal(client.awaiting, 0);
  });
}

t.test('dropped: the oldest goes for the newest', async t => {
  const { client, open, dropped } = clientStage(t, { outbox: { count: 2, whenFull: 'drop-oldest' } });
  const ends = delivered(client, ['A', 'B', 'C', 'D']);
  await settled();
  t.same(ends, ['A DROPPED', 'B DROPPED']);
  t.same(dropped, ['A DROPPED', 'B DROPPED']);
  t.same(fates(client), { ...none, dropped: 2 });
  t.equal(sentOn(await open(0)), 'C', 'half of the outbox is the window');
});

t.test('dropped: the newest has no room', async t => {
  const { client, open, agree, dropped } = clientStage(t, { outbox: { count: 2, whenFull: 'drop-newest' } });
  const ends = delivered(client, ['A', 'B', 'C']);
  t.equal(client.send('D'), 'queued');
  await settled();
  t.same(ends, ['C DROPPED']);
  t.same(dropped, ['C DROPPED', 'D DROPPED']);
  t.same(fates(client), { ...none, dropped: 2 });
  const channel = await open(0);
  await agree(channel, 0);
  channel.says('ACK count=1\n');
  await settled();
  t.equal(sentOn(channel), 'AB');
});

t.test('refused: never accepted, so it has no other fate, and nobody is told but the caller', async t => {
  const { client, dropped } = clientStage(t, { outbox: { count: 1 } });
  client.send('A');
  const ends = delivered(client, ['B']);
  t.throws(() => client.send('C'), { code: 'OUTBOX_FULL' });
  await settled();
  t.same(ends, ['B OUTBOX_FULL']);
  t.same(dropped, []);
  t.same(fates(client), { ...none, refused: 2 });
  t.equal(client.awaiting > 1, false, 'a refused delivery is not waited for');
});

t.test('withdrawn: taken back before it was sent, with the reason of the signal', async t => {
  const { client, dropped } = clientStage(t);
  const abort = new AbortController();
  const ends = delivered(client, ['A', 'B'], { signal: abort.signal });
  const stays = delivered(client, ['C']);
  abort.abort(new Error('enough'));
  await settled();
  t.same(ends, ['A Error: enough', 'B Error: enough']);
  t.same(stays, []);
  t.same(dropped, []);
  t.same(fates(client), { ...none, withdrawn: 2 });
  t.same(delivered(client, ['D'], { signal: abort.signal }), []);
  await settled();
  t.same(fates(client), { ...none, withdrawn: 2 }, 'what was aborted before was never accepted');
});

t.test('a signal comes too late for what was sent: it is confirmed', async t => {
  const { client, channel } = await agreedStage(t);
  const abort = new AbortController();
  const ends = delivered(client, ['A'], { signal: abort.signal });
  await settled();
  abort.abort(new Error('too late'));
  await settled();
  t.same(ends, []);
  channel.says('ACK count=2\n');
  await settled();
  t.same(ends, ['A exactly-once-per-session']);
  t.same(fates(client), { ...none, confirmed: 2 });
});

t.test('abandoned: stopped before; under way or waiting', async t => {
  const { client, channel, clock, dropped } = await agreedStage(t, { outbox: { count: 2 } });
  const ends = delivered(client, ['A', 'B']);
  await settled();
  t.equal(sentOn(channel), 'A');
  client.stop();
  await clock.advance(60_000);
  t.same(ends, ['A ABANDONED', 'B ABANDONED']);
  t.same(dropped, ['A ABANDONED', 'B ABANDONED']);
  t.same(fates(client), { ...none, confirmed: 1, abandoned: 2 });
  t.match(client.unfinished, { messages: 2 });
  t.throws(() => client.send('C'), { code: 'CLOSED' });
});

t.test('stop waits for what is under way and for what waits behind it', async t => {
  const { client, channel } = await agreedStage(t, { outbox: { count: 2 } });
  const ends = delivered(client, ['A', 'B']);
  await settled();
  client.stop();
  channel.says('ACK count=2\n');
  await settled();
  t.equal(sentOn(channel), 'AB');
  channel.says('ACK count=3\n');
  await settled();
  t.same(ends, ['A exactly-once-per-session', 'B exactly-once-per-session']);
  t.match(channel.text, /over=true\n$/);
  t.equal(channel.phase, 'closing');
});

t.test('lost: the other side has forgotten the session, and the caller wants to know', async t => {
  const { client, channel, cut, agree, dropped } = await agreedStage(t, { outbox: { onSessionLost: 'report' } });
  const ends = delivered(client, ['A', 'B']);
  await settled();
  await agree(await cut(channel, 1), 0, 'e2');
  t.same(ends, ['A SESSION_LOST', 'B SESSION_LOST']);
  t.same(dropped, ['A SESSION_LOST', 'B SESSION_LOST']);
  t.same(fates(client), { ...none, confirmed: 1, lost: 2 });
});

t.test('the fates at a listener: confirmed, withdrawn, and abandoned when the client does not return', async t => {
  const { connect, agree, peers, clock } = await serverStage(t, {
    dispatcher: new Dispatcher().otherwise(() => undefined),
  });
  const channel = connect();
  await agree(channel);
  const [peer] = peers();
  const dropped: string[] = [];
  peer?.on('dropped', ({ command }) => dropped.push(command));
  const ends = peer === undefined ? [] : delivered(peer, ['A', 'B']);
  await settled();
  channel.says('ACK count=1\n');
  channel.gone();
  await settled();
  const abort = new AbortController();
  const back = peer === undefined ? [] : delivered(peer, ['C'], { signal: abort.signal });
  abort.abort(new Error('enough'));
  await clock.advance(59_999);
  t.same(ends, ['A exactly-once-per-session']);
  t.same(back, ['C Error: enough']);
  await clock.advance(1);
  t.same(ends, ['A exactly-once-per-session', 'B ABANDONED']);
  t.same(fates(peer), { ...none, confirmed: 1, withdrawn: 1, abandoned: 1 });
  t.same(dropped, ['B']);
  t.throws(() => peer?.send('D'), { code: 'CLOSED' });
});

t.test('a peer says what waited while its client was away, in its order', async t => {
  const { connect, agree, comeBack, peers } = await serverStage(t);
  const channel = connect();
  const { epoch } = await agree(channel);
  const [peer] = peers();
  peer?.send('A');
  await settled();
  channel.gone();
  await settled();
  t.equal(peer?.send('B'), 'queued');
  peer?.send('C');
  const next = await comeBack(epoch, 0);
  t.equal(sentOn(next), 'ABC');
  t.match(next.text, key.id);
});
