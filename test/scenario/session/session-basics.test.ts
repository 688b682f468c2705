// Sessions in short: the wire of a session and its return, counts that cannot be, silence, a server that forgot.

import t from 'tap';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { clientStage, key, offer, offered, serverStage } from './session-stage.ts';

t.test('a session from its offer to its farewell, as the client says it', async t => {
  const { client, clock, open, agree, cut } = clientStage(t, {
    dispatcher: new Dispatcher().on('NOTED', () => undefined).otherwiseUnknown(),
  });
  client.send(Message.of('ITEM', { n: 1 }));
  const first = await open(0);
  client.send(Message.of('ITEM', { n: 2 }));
  await settled();
  t.match(first.text, /^ITEM _session=[0-9a-f]{16}\.[0-9a-f]{32}\.1;n=1\nITEM n=2\n$/);
  t.equal(client.guarantee, 'at-most-once');
  const id = await agree(first, 0);
  t.equal(client.guarantee, 'exactly-once-per-session');
  first.text = '';
  first.says('NOTED n=1\nNOTED n=2\nACK count=1\n');
  await clock.advance(100);
  t.equal(first.text, 'ACK count=2\n');
  t.match(client.snapshot(), { unconfirmed: 1, fates: { confirmed: 1 } });
  const second = await cut(first, 1);
  t.match(second.text, new RegExp(`^ALIVE _session=${id}\\.[0-9a-f]{32}\\.0\\n$`));
  client.send(Message.of('ITEM', { n: 3 }));
  second.text = '';
  second.says(`SESSION epoch=e1;id=${id};received=1\n`);
  await settled();
  t.equal(second.text, `SESSION epoch=e1;id=${id};received=2\nACK count=2\nITEM n=2\nITEM n=3\n`);
  second.says('ACK count=3\n');
  second.text = '';
  await settled();
  client.stop();
  await settled();
  t.match(second.text, new RegExp(`SESSION id=${id};over=true\\n$`));
  t.match(client.snapshot(), { fates: { confirmed: 3, sent: 0, lost: 0, abandoned: 0 } });
});

t.test('a session from its offer to its return, as the listener says it', async t => {
  const dispatcher = new Dispatcher().on('ITEM', (message, peer) =>
    peer.send(message.reply('NOTED', { n: message.get('n') })),
  );
  const { connect, agree, clock, listener } = await serverStage(t, { dispatcher, accepted: peer => peer.send('HI') });
  const first = connect();
  const { epoch } = await agree(first, `ITEM _session=${offer(1)};n=1`);
  await clock.advance(100);
  t.equal(first.text, `HI\nSESSION epoch=${epoch};id=${key.id};received=0\nNOTED n=1\nACK count=1\n`);
  t.match(listener.snapshot(), { sessions: { known: 1, refused: 0, stolen: 0 } });
  first.gone();
  await settled();
  const second = connect();
  second.says(`ALIVE _session=${offer(0)}\n`);
  await settled();
  t.equal(second.text, `HI\nSESSION epoch=${epoch};id=${key.id};received=1\n`, 'its own messages wait for the answer');
  second.text = '';
  second.says(`SESSION epoch=${epoch};id=${key.id};received=0\nITEM n=2\n`);
  await clock.advance(100);
  t.equal(second.text, 'ACK count=1\nNOTED n=1\nNOTED n=2\nACK count=2\n');
  second.says(`SESSION id=${key.id};over=true\n`);
  second.gone();
  await settled();
  t.match(listener.snapshot(), { sessions: { known: 0 } });
});

t.test('a peer that makes no offer never gets a byte more', async t => {
  const { connect, clock, peers } = await serverStage(t, { dispatcher: new Dispatcher().otherwiseUnknown() });
  const channel = connect();
  channel.says('FOO a=1\nFOO a=2\n');
  await clock.advance(60_000);
  t.equal(channel.text, 'UNKNOWN command=FOO\nUNKNOWN command=FOO\n');
  t.equal(peers()[0]?.guarantee, 'at-most-once');
});

t.test('counts that cannot be are refused with INVALID_COUNT, and nothing else happens', async t => {
  const { connect, agree, clock, log, peers } = await serverStage(t, {
    dispatcher: new Dispatcher().on('ASK', (message, peer) => peer.send(message.reply('ANSWER'))),
  });
  const channel = connect();
  await agree(channel, `ASK _session=${offer(1)}`);
  await clock.advance(100);
  for (const bad of ['ACK count=2', 'ACK count=-1', 'ACK count=x', 'ACK']) {
    channel.text = '';
    channel.says(`${bad}\n`);
    await settled();
    t.match(channel.text, /^INVALID command=ACK;message=/, bad);
  }
  channel.text = '';
  channel.says('ACK count=1\nACK count=0\n');
  await settled();
  t.match(channel.text, /^INVALID command=ACK;message=count 0 is not between 1 /);
  t.ok(log.lines.some(({ fields }) => (fields as { code?: string }).code === 'INVALID_COUNT'));
  channel.says('ASK\n');
  await settled();
  t.match(channel.text, /ANSWER\n/);
  t.match(peers()[0]?.snapshot(), { invalid: 5, guarantee: 'exactly-once-per-session' });
});

t.test('a stolen session is refused, counted, and its owner is not disturbed', async t => {
  const handled: string[] = [];
  const dispatcher = new Dispatcher().otherwise(({ command }) => handled.push(command));
  const { connect, agree, listener } = await serverStage(t, { dispatcher, limits: { sessions: 1 } });
  const owner = connect();
  await agree(owner);
  const thief = connect();
  thief.says(`ALIVE _session=${key.id}.${'0'.repeat(32)}.0\nSTOLEN\n`);
  const another = connect();
  another.says(`MORE _session=${'1'.repeat(16)}.${key.secret}.1\n`);
  owner.says('STILL\n');
  await settled();
  t.match(thief.text, /^INVALID command=SESSION;message=the secret of this session is another one\n/);
  t.match(another.text, /^INVALID command=SESSION;message=there are 1 sessions already\n/);
  t.match(listener.snapshot(), { sessions: { known: 1, stolen: 1, refused: 1 } });
  t.same(handled, ['HELLO', 'STOLEN', 'MORE', 'STILL'], 'the links go on without a session');
});

t.test(
  'a peer that is silent for 15 s is dropped with SILENT and dialled again; any byte is a sign of life',
  async t => {
    const { client, clock, open, agree } = clientStage(t);
    const reasons: Error[] = [];
    client.on('lost', reason => reasons.push(reason));
    const channel = await open(0);
    client.send('ONE');
    await settled();
    await agree(channel, 1);
    channel.says('ACK count=1\n');
    await clock.advance(4_000);
    channel.says('\n');
    channel.text = '';
    await clock.advance(4_990);
    t.equal(channel.text, '');
    await clock.advance(20);
    t.equal(channel.text, 'ALIVE serial=beat\n');
    await clock.advance(9_900);
    t.same(reasons, []);
    await clock.advance(200);
    t.match(reasons, [{ code: 'SILENT', message: 'peer silent for 15 s' }]);
    await open(1);
  },
);

for (const onSessionLost of ['resend', 'report'] as const) {
  t.test(`a server that has forgotten: what was not confirmed is handled as chosen, ${onSessionLost}`, async t => {
    const { client, open, agree, cut, dropped, lost } = clientStage(t, { outbox: { onSessionLost } });
    const first = await open(0);
    const ends = ['ONE', 'TWO'].map(command =>
      client.deliver(command).then(
        ({ guarantee }) => guarantee as string,
        ({ code }) => code as string,
      ),
    );
    await settled();
    await agree(first, 0);
    first.says('ACK count=1\n');
    const second = await cut(first, 1);
    second.text = '';
    client.send('THREE');
    second.says(`SESSION epoch=e2;id=${offered(first).id};received=0\n`);
    await settled();
    t.same(lost, [onSessionLost]);
    const again = second.text.split('\n').filter(line => /^(?:TWO|THREE)(?: |$)/.test(line));
    if (onSessionLost === 'resend') {
      t.same(again, ['TWO _again=true', 'THREE'], 'what may have been handled is marked');
      second.says('ACK count=2\n');
      await settled();
      t.same(await Promise.all(ends), ['exactly-once-per-session', 'exactly-once-per-session']);
    } else {
      t.same(again, ['THREE']);
      t.same(await Promise.all(ends), ['exactly-once-per-session', 'SESSION_LOST']);
      t.same(dropped, ['TWO SESSION_LOST']);
    }
  });
}
