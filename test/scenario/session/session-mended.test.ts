// Faults of sessions that were found once, each with its test.

import t from 'tap';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import { agreementIn, clientStage, key, offer, offered, serverStage } from './session-stage.ts';

t.test('an ACK below what SESSION told as received is good: a handler was still running then', async t => {
  const { client, open, agree, cut } = clientStage(t);
  const first = await open(0);
  for (const command of ['ONE', 'TWO', 'THREE']) client.send(command);
  await settled();
  await agree(first, 0);
  const second = await cut(first, 1);
  await agree(second, 3);
  second.text = '';
  second.says('ACK count=2\n');
  await settled();
  t.equal(second.text, '', 'it is not refused');
  t.match(client.snapshot(), { unconfirmed: 1, invalid: 0 });
});

t.test('a short ttl expires in time behind a message that may wait for long', async t => {
  const { client, clock } = clientStage(t);
  client.send('PATIENT');
  const delivery = client.deliver('URGENT', { ttl: 1_000 });
  let ended = '';
  delivery.catch(({ code }) => {
    ended = code;
  });
  await clock.advance(1_001);
  t.equal(ended, 'EXPIRED');
});

t.test('what waits expires in time although the link broke after it was accepted', async t => {
  const { client, clock, open } = clientStage(t);
  const channel = await open(0);
  channel.room = false;
  client.send('FULL');
  await settled();
  let ended = '';
  client.deliver('WAITS', { ttl: 1_000 }).catch(({ code }) => {
    ended = code;
  });
  channel.gone();
  await settled();
  await clock.advance(2_000);
  t.equal(ended, 'EXPIRED');
});

t.test('the same message delivered twice and withdrawn once still ends twice', async t => {
  const { client } = clientStage(t);
  const tick = Message.of('TICK');
  const abort = new AbortController();
  const ends: string[] = [];
  client.deliver(tick, { signal: abort.signal }).catch(error => ends.push(String(error)));
  client.deliver(tick).catch(({ code }) => ends.push(code));
  abort.abort('enough');
  await settled();
  t.same(ends, ['enough']);
  t.match(client.unfinished, { messages: 1 }, 'the other one still waits');
  client.stop();
  await settled();
  t.same(ends, ['enough', 'ABANDONED']);
});

t.test('a delivery of ALIVE ends, too', async t => {
  const { client, open } = clientStage(t);
  await open(0);
  let ended = 'never';
  client.deliver('ALIVE').then(
    ({ guarantee }) => {
      ended = guarantee;
    },
    () => {
      ended = 'rejected';
    },
  );
  await settled();
  t.not(ended, 'never');
  t.equal(client.awaiting, 0);
});

t.test('the farewell is said by a client that was stopped, not by one whose link is half closed', async t => {
  const { client, open, agree } = clientStage(t);
  const channel = await open(0);
  client.send('ONE');
  await settled();
  await agree(channel, 0);
  channel.ends();
  await settled();
  t.notMatch(channel.text, 'over=true');
});

t.test('the farewell is not said on a link that a long line has spoiled', async t => {
  const { client, open, agree } = clientStage(t, { limits: { line: 100 } });
  const channel = await open(0);
  client.send('ONE');
  await settled();
  await agree(channel, 0);
  channel.says(`${'X'.repeat(200)}\n`);
  await settled();
  t.notMatch(channel.text, 'over=true');
});

t.test('SESSION that goes backwards at the return ends the link: it does not wait for ever', async t => {
  const { client, clock, open, agree, cut } = clientStage(t);
  const first = await open(0);
  for (const command of ['ONE', 'TWO']) client.send(command);
  await settled();
  await agree(first, 0);
  first.says('ACK count=2\n');
  await settled();
  client.send('THREE');
  const second = await cut(first, 1);
  await agree(second, 1);
  for (let beat = 0; beat < 20; beat += 1) {
    second.says('ALIVE serial=beat\n');
    await clock.advance(4_000);
  }
  t.ok(second.phase !== 'open' || second.text.includes('THREE'), 'the link has ended, or goes on');
  t.equal(client.state === 'open' && client.unfinished.messages > 0, false, 'nothing is stuck on an open link');
});

t.test('SESSION of a returning client that cannot be true is answered on the wire', async t => {
  const { connect, agree } = await serverStage(t);
  const first = connect();
  const { epoch } = await agree(first);
  first.gone();
  await settled();
  const second = connect();
  await agree(second, `ALIVE _session=${offer(0)}`);
  second.text = '';
  second.says(`SESSION epoch=${epoch};id=${key.id};received=999\n`);
  await settled();
  t.match(second.text, /^INVALID command=SESSION/);
});

t.test('a message with a foreign _session in it, one passed on, is counted as all others', async t => {
  const handled: string[] = [];
  const dispatcher = new Dispatcher().otherwise(({ command }) => handled.push(command));
  const { connect, agree, clock } = await serverStage(t, { dispatcher });
  const channel = connect();
  await agree(channel);
  channel.text = '';
  channel.says(`PASSED _session=${'a'.repeat(16)}.${'b'.repeat(32)}.1\nNEXT\n`);
  await settled();
  await clock.advance(100);
  t.same(handled, ['HELLO', 'PASSED', 'NEXT']);
  t.match(channel.text, 'ACK count=3');
});

t.test('no handler and no trace sees the secret of a session', async t => {
  const seen: string[] = [];
  const dispatcher = new Dispatcher({ trace: 'both' }).otherwise(message => {
    seen.push(JSON.stringify(message.get('_session') ?? ''));
  });
  const { connect, agree, log } = await serverStage(t, { dispatcher });
  await agree(connect());
  t.same(seen, ['""']);
  t.same(
    log.texts('trace').filter(text => text.includes(key.secret)),
    [],
  );
});

t.test('a handler that fails after the session has ended leaves no timer behind', async t => {
  const { promise, open } = gate<never>();
  const { connect, agree, clock, peers } = await serverStage(t, {
    dispatcher: new Dispatcher().on('HELLO', () => promise),
  });
  const channel = connect();
  await agree(channel);
  peers()[0]?.destroy();
  await settled();
  await clock.advance(1_000);
  open(Promise.reject(new Error('too late')) as never);
  await settled();
  await clock.advance(1_000);
  t.equal(clock.waiting, 0);
});

t.test('a handler that fails after its client has come back is answered INVALID on the new link', async t => {
  const { promise, open } = gate<never>();
  const { connect, agree, comeBack } = await serverStage(t, {
    dispatcher: new Dispatcher().on('HELLO', () => promise),
  });
  const first = connect();
  const { epoch } = await agree(first);
  first.gone();
  await settled();
  const second = await comeBack(epoch, 0);
  open(Promise.reject(new Error('failed')) as never);
  await settled();
  t.match(second.text, 'INVALID command=HELLO');
});

t.test('who comes back while its peer is closing is answered on the new link', async t => {
  const { connect, agree, peers } = await serverStage(t);
  const first = connect();
  await agree(first);
  peers()[0]?.send('UNCONFIRMED');
  peers()[0]?.close();
  await settled();
  first.text = '';
  const second = connect();
  await agree(second, `ALIVE _session=${offer(0)}`);
  t.equal(first.text, '', 'the old link is not answered');
  t.match(second.text, 'SESSION');
});

t.test('the first message takes the offer along although an ALIVE of the program went before', async t => {
  const { client, open } = clientStage(t);
  const channel = await open(0);
  client.send('ALIVE');
  client.send('ONE');
  await settled();
  t.match(channel.text.split('\n')[0], '_session=', 'a listener looks at the first message alone');
  t.match(offered(channel), { id: /\w{16}/ });
});

t.test('a first message that is too long for the other side is not sent for ever', async t => {
  const made = clientStage(t);
  made.client.send('LONG');
  let channel = await made.open(0);
  for (const next of [1, 2, 3]) {
    channel.says('INVALID message=line longer than 1 MiB\n');
    channel.ends();
    await settled();
    channel = await made.cut(channel, next);
  }
  await settled();
  t.notMatch(channel.text, 'LONG');
});

t.test('an aborted delivery to a peer without a session sends nothing', async t => {
  const { connect, peers } = await serverStage(t);
  const channel = connect();
  channel.says('PLAIN\n');
  await settled();
  channel.text = '';
  const [peer] = peers();
  await t.rejects(async () => peer?.deliver('NEVER', { signal: AbortSignal.abort(new Error('no')) }));
  await settled();
  t.equal(channel.text, '');
  t.equal(agreementIn(channel.text).id, '');
});
