// Life signs of sessions: what is asked and answered, who is found dead, and who is not.

import t from 'tap';
import { Dispatcher, PermanentClient } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { StoppableClock } from '../../support/stoppable-clock.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import { pairOf } from './session-pair.ts';
import type { ClientStage } from './session-stage.ts';
import { clientStage, offered, serverStage } from './session-stage.ts';

const beat = 'ALIVE serial=beat\n';

/** A client in its session, with nothing under way. */
async function agreedClient({ client, open, agree }: ClientStage): Promise<StubChannel> {
  const channel = await open(0);
  client.send('ONE');
  await settled();
  await agree(channel, 0);
  channel.says('ACK count=1\n');
  await settled();
  channel.text = '';
  return channel;
}

t.test('a client asks after 5 s and 10 s of silence, and drops the link at 15 s', async t => {
  const stage = clientStage(t);
  const { client, clock, open } = stage;
  const losses: unknown[] = [];
  client.on('lost', ({ code, message }: Error & { readonly code?: string }) => losses.push([code, message]));
  const channel = await agreedClient(stage);
  await clock.advance(4_999);
  t.equal(channel.text, '');
  await clock.advance(1);
  t.equal(channel.text, beat);
  await clock.advance(9_999);
  t.same([channel.text, losses], [beat + beat, []]);
  await clock.advance(1);
  t.same(losses, [['SILENT', 'peer silent for 15 s']]);
  t.equal(channel.phase, 'closed');
  await clock.advance(1_000);
  t.match((await open(1)).text, /^ALIVE _session=\w{16}\.\w{32}\.0\n/, 'and it comes back');
});

t.test('a listener does the same with its peers, and the session waits', async t => {
  const { connect, agree, clock, peers } = await serverStage(t);
  const channel = connect();
  await agree(channel);
  const losses: unknown[] = [];
  peers()[0]?.on('lost', reason => losses.push((reason as { code?: string } | undefined)?.code));
  await clock.advance(100);
  channel.text = '';
  await clock.advance(4_900);
  t.equal(channel.text, beat);
  await clock.advance(9_999);
  t.same([channel.text, losses], [beat + beat, []]);
  await clock.advance(1);
  t.same([channel.phase, losses], ['closed', ['SILENT']]);
  t.equal(peers()[0]?.state, 'detached');
});

t.test('any byte is a sign of life, half a line too', async t => {
  const stage = clientStage(t);
  const channel = await agreedClient(stage);
  for (let second = 0; second < 100; second += 4) {
    await stage.clock.advance(4_000);
    channel.says('x');
    await settled();
  }
  t.same([channel.text, channel.phase], ['', 'open']);
  const { connect, agree, clock } = await serverStage(t);
  const link = connect();
  await agree(link);
  await clock.advance(100);
  link.text = '';
  for (let second = 0; second < 100; second += 4) {
    await clock.advance(4_000);
    link.says('x');
    await settled();
  }
  t.same([link.text, link.phase], ['', 'open']);
});

t.test('while data flows no life signs are sent, in either direction of it', async t => {
  const { clock, client, near, server } = await pairOf(t, {
    listen: { dispatcher: new Dispatcher({ trace: 'both' }).on('DATA', () => undefined) },
    client: { dispatcher: new Dispatcher({ trace: 'both' }) },
  });
  for (let second = 0; second < 60; second += 1) {
    client.send('DATA');
    await clock.advance(1_000);
  }
  const signs = [...near.log.texts('trace'), ...server.log.texts('trace')].filter(text =>
    /ALIVE|ABSOLUTELY/.test(text),
  );
  t.same(signs, []);
  t.match(client.snapshot(), { fates: { confirmed: 60 } });
});

t.test('both sides live for an hour of silence, and neither takes the signs for messages', async t => {
  const seen: string[] = [];
  const dispatcher = new Dispatcher().otherwise(({ command }) => seen.push(command));
  const { clock, client, peers } = await pairOf(t, { listen: { dispatcher }, client: { dispatcher } });
  client.send('ONE');
  await clock.advance(3_600_000);
  t.same(seen, ['ONE']);
  t.match(client.snapshot(), { state: 'open', guarantee: 'exactly-once-per-session', invalid: 0, unconfirmed: 0 });
  t.equal(peers()[0]?.state, 'open');
});

t.test('ALIVE serial=beat is answered, on both sides', async t => {
  const stage = clientStage(t);
  const channel = await agreedClient(stage);
  channel.says(beat);
  await settled();
  t.equal(channel.text, 'ABSOLUTELY serial=beat\n');
  const { connect, agree } = await serverStage(t);
  const link = connect();
  await agree(link);
  link.text = '';
  link.says(beat);
  await settled();
  t.equal(link.text, 'ABSOLUTELY serial=beat\n');
});

t.test("a program's own ALIVE and ABSOLUTELY reach its handlers, and are not counted", async t => {
  const seen: string[] = [];
  const dispatcher = new Dispatcher().otherwise(message => seen.push(`${message.command} ${message.get('serial')}`));
  const stage = clientStage(t, { dispatcher });
  const channel = await agreedClient(stage);
  channel.says('ALIVE serial=7\nABSOLUTELY serial=7\nALIVE\nABSOLUTELY serial=beat\nTWO serial=2\n');
  await stage.clock.advance(100);
  const { connect, agree, clock } = await serverStage(t, { dispatcher });
  const link = connect();
  await agree(link);
  link.says('ALIVE serial=8\nABSOLUTELY serial=8\nABSOLUTELY serial=beat\nTWO serial=3\n');
  await clock.advance(100);
  t.same(seen, [
    ...['ALIVE 7', 'ABSOLUTELY 7', 'ALIVE undefined', 'TWO 2'],
    ...['HELLO undefined', 'ALIVE 8', 'ABSOLUTELY 8', 'TWO 3'],
  ]);
  t.match([channel.text, link.text], [/ACK count=1\n$/, /ACK count=2\n$/]);
});

for (const side of ['client', 'listener'] as const) {
  t.test(`a handler of the ${side} that runs for ten minutes kills nobody, and nothing is lost`, async t => {
    const { promise, open } = gate();
    const seen: string[] = [];
    const held = new Dispatcher().on('HOLD', () => promise).otherwise(({ command }) => seen.push(command));
    const quiet = new Dispatcher().otherwise(() => undefined);
    const { clock, client, peers, near, server } = await pairOf(t, {
      listen: { dispatcher: side === 'listener' ? held : quiet },
      client: { dispatcher: side === 'client' ? held : quiet },
    });
    client.send('HELLO');
    await clock.advance(200);
    const [peer] = peers();
    const other = side === 'client' && peer !== undefined ? peer : client;
    for (const command of ['HOLD', 'AFTER']) other.send(command);
    await clock.advance(600_000);
    t.same([client.state, peer?.state], ['open', 'open']);
    t.same([...near.log.texts('warn'), ...server.log.texts('warn')], []);
    open();
    await clock.advance(200);
    t.equal(seen.at(-1), 'AFTER');
    t.match(other.snapshot(), { unconfirmed: 0 });
  });
}

t.test('a held link that reads nothing still writes ALIVE every 5 s, and counts no silence', async t => {
  const { promise, open } = gate();
  const stage = clientStage(t, { dispatcher: new Dispatcher().on('HOLD', () => promise) });
  const channel = await agreedClient(stage);
  channel.says('HOLD\n');
  await settled();
  t.equal(channel.flow, 'paused');
  await stage.clock.advance(60_000);
  t.equal(channel.text, beat.repeat(12));
  open();
  await stage.clock.advance(100);
  t.match([channel.flow, channel.text], ['flowing', /ACK count=1\n$/]);
  await stage.clock.advance(20_000);
  t.equal(channel.phase, 'closed', 'from then on the silence counts again');
});

t.test('a disabled side kills nobody either', async t => {
  const { clock, client, peers } = await pairOf(t, {
    listen: { dispatcher: new Dispatcher().otherwise(() => undefined) },
  });
  client.send('ONE');
  await clock.advance(200);
  const [peer] = peers();
  client.disable();
  peer?.send('WAITS');
  await clock.advance(60_000);
  t.same([client.state, peer?.state], ['open', 'open']);
  client.enable();
  await clock.advance(200);
  t.match(peer?.snapshot(), { unconfirmed: 0 });
});

t.test('a process that was stopped for an hour listens before it calls anybody dead', async t => {
  const clock = new StoppableClock();
  const { connect, agree } = await serverStage(t, {}, { clock });
  const answering = connect();
  await agree(answering);
  await clock.advance(4_000);
  answering.text = '';
  clock.stopFor(3_600_000);
  await clock.advance(1_000);
  t.same([answering.phase, answering.text], ['open', beat]);
  await clock.advance(9_999);
  t.equal(answering.phase, 'open');
  answering.says('ABSOLUTELY serial=beat\n');
  await settled();
  await clock.advance(14_999);
  t.equal(answering.phase, 'open', 'who answers lives');
  await clock.advance(1);
  t.equal(answering.phase, 'closed', 'who does not is dead');
});

t.test('limits.dead 0 turns them off', async t => {
  const stage = clientStage(t, { limits: { dead: 0 } });
  const channel = await agreedClient(stage);
  await stage.clock.advance(3_600_000);
  t.same([channel.text, channel.phase], ['', 'open']);
  const { connect, agree, clock } = await serverStage(t, { limits: { dead: 0 } });
  const link = connect();
  await agree(link);
  await clock.advance(100);
  link.text = '';
  await clock.advance(3_600_000);
  t.same([link.text, link.phase, clock.waiting], ['', 'open', 0]);
});

t.test('limits that make no sense are refused', async t => {
  const { communicator } = await serverStage(t);
  const bad = [{ ask: 0 }, { ask: -1 }, { ask: 15_000 }, { ask: 100, dead: 100 }, { dead: -1 }, { dead: 5_000 }];
  for (const limits of [...bad, { ask: Number.NaN }, { dead: Number.NaN }]) {
    const expected = { name: 'UsageError', code: 'OUT_OF_RANGE' };
    t.throws(() => new PermanentClient('tcp://a:1', { limits }), expected, `client ${JSON.stringify(limits)}`);
    t.throws(() => communicator.listen('tcp://a:2', { limits }), expected, `listener ${JSON.stringify(limits)}`);
  }
  t.doesNotThrow(() => new PermanentClient('tcp://a:1', { limits: { ask: 60_000, dead: 0 } }));
});

t.test('a link without a session has no life signs', async t => {
  const { client, clock, open } = clientStage(t);
  const channel = await open(0);
  client.send('ONE');
  await clock.advance(3_000);
  channel.text = '';
  await clock.advance(600_000);
  t.same([channel.text, channel.phase, client.guarantee], ['', 'open', 'at-most-once']);
  const stage = await serverStage(t, { dispatcher: new Dispatcher().otherwise(() => undefined) });
  const link = stage.connect();
  link.says('PLAIN\n');
  await stage.clock.advance(600_000);
  t.same([link.text, link.phase, stage.clock.waiting], ['', 'open', 0]);
});

t.test('whoever comes back into a silent network never takes it for a peer without sessions', async t => {
  const stage = clientStage(t);
  const { client, clock, open } = stage;
  let channel = await agreedClient(stage);
  channel.gone();
  await settled();
  client.send('WAITS');
  for (let next = 1; next <= 5; next += 1) {
    await clock.advance(5_000);
    channel = await open(next);
    const name = channel.text;
    await clock.advance(14_999);
    t.same(
      [channel.phase, client.guarantee, channel.text],
      ['open', 'at-most-once', name + beat + beat],
      `link ${next}`,
    );
    await clock.advance(1);
    t.equal(channel.phase, 'closed');
  }
  await clock.advance(5_000);
  channel = await open(6);
  t.equal(offered(channel).carrier, '0');
  await stage.agree(channel, 1);
  t.match(channel.text, /\nSESSION epoch=e1;id=\w+;received=0\nWAITS\n$/);
});
