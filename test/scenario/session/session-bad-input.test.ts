// What makes no sense has its stated answer (lib/session/README.md), is counted, and harms nobody. Listeners first.

import t from 'tap';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import type { ServerStage } from './session-stage.ts';
import { agreementIn, clientStage, key, offer, serverStage } from './session-stage.ts';

const sessions = ({ listener }: ServerStage): unknown => listener.snapshot().sessions;
const id = (n: number): string => `${key.id.slice(0, -2)}${String(n).padStart(2, '0')}`;
const offerOf = (n: number, carrier = 1, secret: string = key.secret): string => `${id(n)}.${secret}.${carrier}`;

/** What is answered to a text. */
async function answer(channel: StubChannel, text: string): Promise<string> {
  const before = channel.text.length;
  channel.says(text);
  await settled();
  return channel.text.slice(before);
}

interface Keeping {
  readonly handled: string[];
  readonly dispatcher: Dispatcher;
}

/** Notes what is handled. */
function keeping(): Keeping {
  const handled: string[] = [];
  return { handled, dispatcher: new Dispatcher().otherwise(({ command }) => void handled.push(command)) };
}

const badAcks = {
  'runs backwards': 'ACK count=1',
  'is of what was never sent': 'ACK count=4',
  'is negative': 'ACK count=-1',
  'has no number': 'ACK',
  'has words for a number': 'ACK count=all',
  'is larger than any number': 'ACK count=99999999999999999999',
};

for (const [words, line] of Object.entries(badAcks)) {
  t.test(`a listener answers INVALID to an ACK that ${words}, counts it, and goes on`, async t => {
    const { connect, agree, peers } = await serverStage(t, { dispatcher: keeping().dispatcher });
    const channel = connect();
    await agree(channel);
    const [peer] = peers();
    const ends = [1, 2, 3].map(n => peer?.deliver(`SAID_${n}`));
    await answer(channel, 'ACK count=2\n');
    t.match(await answer(channel, `${line}\n`), /^INVALID command=ACK;message=\S.*\n$/);
    t.match(peer?.snapshot(), { invalid: 1, unconfirmed: 2, fates: { confirmed: 2 } }, 'SAID_3 and the complaint');
    await answer(channel, 'ACK count=4\n');
    t.same((await Promise.all(ends)).length, 3);
    t.match(peer?.snapshot(), { unconfirmed: 0, guarantee: 'exactly-once-per-session' });
  });

  t.test(`a client answers INVALID to an ACK that ${words}, counts it, and goes on`, async t => {
    const { client, open, agree } = clientStage(t);
    const channel = await open(0);
    const ends = ['ONE', 'TWO', 'THREE'].map(command => client.deliver(command));
    await settled();
    await agree(channel, 0);
    await answer(channel, 'ACK count=2\n');
    t.match(await answer(channel, `${line}\n`), /^INVALID command=ACK;message=\S.*\n$/);
    t.match(client.snapshot(), { invalid: 1, fates: { confirmed: 2 } });
    await answer(channel, 'ACK count=4\n');
    t.same((await Promise.all(ends)).length, 3);
    t.match(client.snapshot(), { unconfirmed: 0, guarantee: 'exactly-once-per-session' });
  });
}

t.test('an ACK without a session is a command that nobody knows', async t => {
  const { connect, peers } = await serverStage(t);
  t.equal(await answer(connect(), 'ACK count=1\n'), 'UNKNOWN command=ACK\n');
  t.match(peers()[0]?.snapshot(), { guarantee: 'at-most-once', invalid: 0 });
  const { client, open } = clientStage(t, { outbox: { session: false } });
  t.equal(await answer(await open(0), 'ACK count=1\n'), 'UNKNOWN command=ACK\n');
  t.match(client.snapshot(), { unconfirmed: 0 });
});

const badWords = {
  'SESSION of another session': `SESSION epoch=e1;id=${'a'.repeat(16)};received=0`,
  'a second SESSION': `SESSION epoch=e1;id=${key.id};received=0`,
  'SESSION with nothing in it': 'SESSION',
  'the farewell of another session': `SESSION id=${'a'.repeat(16)};over=true`,
};

for (const [words, line] of Object.entries(badWords)) {
  t.test(`a listener answers INVALID to ${words}, and the session goes on`, async t => {
    const { handled, dispatcher } = keeping();
    const { connect, agree, peers, clock } = await serverStage(t, { dispatcher });
    const channel = connect();
    await agree(channel);
    t.match(await answer(channel, `${line}\n`), /^INVALID command=SESSION;message=\S.*\n$/);
    t.match(peers()[0]?.snapshot(), { invalid: 1, guarantee: 'exactly-once-per-session' });
    channel.says('NEXT\n');
    await clock.advance(100);
    t.same(handled, ['HELLO', 'NEXT']);
    t.match(channel.text, /ACK count=2\n$/, 'it was not counted');
    channel.gone();
    await settled();
    t.equal(peers()[0]?.state, 'detached', 'it may come back');
  });

  t.test(`a client answers INVALID to ${words}, and the session goes on`, async t => {
    const { client, open, agree, cut } = clientStage(t);
    const channel = await open(0);
    const end = client.deliver('ONE');
    await settled();
    const mine = await agree(channel, 0);
    const text = `${line.replace(key.id, mine)}\n`;
    t.match(await answer(channel, text), /^INVALID command=SESSION;message=\S.*\n$/);
    t.match(client.snapshot(), { invalid: 1, guarantee: 'exactly-once-per-session' });
    const second = await cut(channel, 1);
    await agree(second, 0);
    await answer(second, 'ACK count=1\n');
    t.match(await end, { guarantee: 'exactly-once-per-session' });
  });
}

t.test('SESSION of another session does not answer the offer', async t => {
  const { client, clock, open } = clientStage(t);
  const channel = await open(0);
  client.send('ONE');
  await settled();
  t.match(await answer(channel, `SESSION epoch=e1;id=${'a'.repeat(16)};received=0\n`), /^INVALID command=SESSION/);
  t.equal(client.guarantee, 'at-most-once');
  await clock.advance(3_000);
  t.match(client.snapshot(), { fates: { sent: 1 }, unconfirmed: 0 });
});

t.test('over=true by a stranger is a command that nobody knows, and the owner is not disturbed', async t => {
  const made = await serverStage(t);
  const { connect, agree, comeBack, peers } = made;
  const owner = connect('owner');
  const { epoch } = await agree(owner);
  const stranger = connect('stranger');
  t.equal(await answer(stranger, `SESSION id=${key.id};over=true\n`), 'UNKNOWN command=SESSION\n');
  const other = connect('other');
  await agree(other, `HELLO _session=${offerOf(1)}`);
  t.match(await answer(other, `SESSION id=${key.id};over=true\n`), /^INVALID command=SESSION/);
  owner.gone();
  await settled();
  t.ok(peers().some(({ name, state }) => name === 'owner' && state === 'detached'));
  t.match(agreementIn((await comeBack(epoch, 0)).text), { epoch });
});

for (const carrier of [0, 1, 2] as const) {
  t.test(`a wrong secret (.${carrier}) is refused and counted; the owner is not disturbed`, async t => {
    const { handled, dispatcher } = keeping();
    const made = await serverStage(t, { dispatcher });
    const { connect, agree, peers, clock, comeBack } = made;
    const owner = connect('owner');
    const { epoch } = await agree(owner);
    const said = peers()[0]?.deliver('PRIVATE');
    await settled();
    owner.text = '';
    const thief = connect('thief');
    const command = carrier === 0 ? 'ALIVE' : 'STEAL';
    const words = await answer(thief, `${command} _session=${key.id}.${'e'.repeat(32)}.${carrier}\n`);
    t.match(words, /^INVALID command=SESSION;message=.*secret/);
    t.notMatch(thief.text, 'PRIVATE');
    t.match(sessions(made), { known: 1, stolen: 1, refused: 0 });
    t.same(handled, carrier === 0 ? ['HELLO'] : ['HELLO', 'STEAL'], 'the link goes on without a session');
    t.equal(owner.phase, 'open');
    t.equal(await answer(owner, 'ACK count=1\nNEXT\n'), '');
    t.match(await said, { guarantee: 'exactly-once-per-session' });
    await clock.advance(100);
    t.match(owner.text, 'ACK count=2');
    owner.gone();
    await settled();
    await answer(thief, `NEXT _session=${key.id}.${'e'.repeat(32)}.0\n`);
    t.equal(agreementIn((await comeBack(epoch, 1)).text).received, '2');
  });
}

t.test('who is refused may go on guessing, and is counted each time; no guess tells more than the other', async t => {
  const made = await serverStage(t);
  await made.agree(made.connect());
  const thief = made.connect();
  const words = new Set<string>();
  for (let n = 0; n < 5; n += 1) {
    words.add(await answer(thief, `ALIVE _session=${key.id}.${String(n).repeat(32)}.0\n`));
  }
  t.equal(words.size, 1);
  t.match(sessions(made), { stolen: 5 });
});

t.test('a flood of sessions: past the limit they go on without, those that are there work', async t => {
  const { handled, dispatcher } = keeping();
  const made = await serverStage(t, { dispatcher, limits: { sessions: 3 } });
  const { connect, clock } = made;
  const flood: StubChannel[] = [];
  for (let n = 0; n < 10; n += 1) {
    const channel = connect();
    flood.push(channel);
    const words = await answer(channel, `ITEM_${n} _session=${offerOf(n)}\n`);
    if (n < 3) t.match(agreementIn(words).id, id(n));
    else t.match(words, /^INVALID command=SESSION;message=there are 3 sessions already\n$/);
  }
  t.match(sessions(made), { known: 3, refused: 7, stolen: 0 });
  t.equal(handled.length, 10, 'all of them are handled');
  await clock.advance(100);
  flood.forEach((channel, n) => {
    t.equal(channel.text.includes('ACK count=1\n'), n < 3);
  });
  flood[0]?.says(`SESSION id=${id(0)};over=true\n`);
  flood[0]?.gone();
  await settled();
  t.match(agreementIn(await answer(connect(), `ITEM _session=${offerOf(50)}\n`)).id, id(50), 'there is room again');
});

t.test('with no sessions at all each offer is refused, and each message handled', async t => {
  const { handled, dispatcher } = keeping();
  const made = await serverStage(t, { dispatcher, limits: { sessions: 0 } });
  t.match(await answer(made.connect(), `ITEM _session=${offer(1)}\n`), /^INVALID command=SESSION/);
  t.same(handled, ['ITEM']);
});

for (const text of ['', '1', `${key.id}.${key.secret}`, `${key.id}.${key.secret}.7`, key.id.repeat(1_000)]) {
  t.test(`an offer that cannot be read is answered by its command: ${text.slice(0, 60)}`, async t => {
    const made = await serverStage(t);
    const { connect, agree, peers } = made;
    const channel = connect();
    t.match(await answer(channel, `ITEM _session=${text}\n`), /^INVALID command=ITEM;message=parameter _session is no/);
    t.match(peers()[0]?.snapshot(), { invalid: 1 });
    t.notMatch(made.log.texts().join('\n'), key.secret);
    t.match(sessions(made), { known: 0, stolen: 0, refused: 0 });
    t.match(await agree(channel), { id: key.id }, 'and it may offer again');
  });
}

t.test('an old link that still lives is fenced: what it still sends is not handled', async t => {
  const { handled, dispatcher } = keeping();
  const { connect, agree, comeBack, peers, clock } = await serverStage(t, { dispatcher });
  const old = connect('old');
  const { epoch } = await agree(old);
  old.says('TWO\n');
  old.says('HALF');
  await settled();
  const next = await comeBack(epoch, 0);
  t.equal(old.phase, 'closed');
  old.says('_A_LINE\nLATE\nACK count=77\n');
  await settled();
  t.same(handled, ['HELLO', 'TWO']);
  t.equal(peers().length, 1);
  t.match(peers()[0]?.snapshot(), { name: 'old', guarantee: 'exactly-once-per-session', invalid: 0 });
  next.says('THREE\n');
  await clock.advance(100);
  t.match(next.text, 'ACK count=3');
});

t.test('what an old link had said before and nobody had handled yet is told as not received', async t => {
  const { promise, open } = gate();
  const handled: string[] = [];
  const dispatcher = new Dispatcher().on('SLOW', () => promise).otherwise(({ command }) => void handled.push(command));
  const { connect, agree, clock } = await serverStage(t, { dispatcher });
  const old = connect();
  const { epoch } = await agree(old, `SLOW _session=${offer(1)}`);
  old.says('TWO\nTHREE\n');
  await settled();
  const next = connect();
  t.equal((await agree(next, `ALIVE _session=${offer(0)}`)).received, '1');
  next.says(`SESSION epoch=${epoch};id=${key.id};received=0\nTWO\nTHREE\n`);
  await settled();
  t.same(handled, []);
  open();
  await settled();
  t.same(handled, ['TWO', 'THREE']);
  await clock.advance(100);
  t.match(next.text, /ACK count=3\n$/);
});
