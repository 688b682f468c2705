// The end of sessions: stop, destroy and close on both sides, in each phase.

import t from 'tap';
import type { PermanentClient, Receipt } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import { pairOf } from './session-pair.ts';
import type { ClientStage } from './session-stage.ts';
import { clientStage } from './session-stage.ts';

/** What became of a delivery, to be looked at without waiting. */
function fateOf(delivery: Promise<Receipt> | undefined): string[] {
  const seen: string[] = [];
  delivery?.then(
    ({ guarantee }) => seen.push(guarantee),
    ({ code }) => seen.push(code),
  );
  return seen;
}

/** Brings a client into a phase, with a message that is not confirmed where that is possible. */
const phases = {
  dialing: async ({ client, stub }) => {
    client.send('WAITS');
    await stub.at(0);
    return undefined;
  },
  waiting: async ({ client, stub }) => {
    client.send('WAITS');
    (await stub.at(0)).fail();
    await settled();
    return undefined;
  },
  silent: ({ open }) => open(0),
  offered: async ({ client, open }) => {
    const channel = await open(0);
    client.send('ONE');
    await settled();
    return channel;
  },
  agreed: async ({ client, open, agree }) => {
    const channel = await open(0);
    client.send('ONE');
    await settled();
    await agree(channel, 0);
    return channel;
  },
  resuming: async ({ client, open, agree, cut }) => {
    const channel = await open(0);
    client.send('ONE');
    await settled();
    await agree(channel, 0);
    return cut(channel, 1);
  },
  'link down': async ({ client, open, agree }) => {
    const channel = await open(0);
    client.send('ONE');
    await settled();
    await agree(channel, 0);
    channel.gone();
    await settled();
    return undefined;
  },
  plain: async ({ client, clock, open }) => {
    const channel = await open(0);
    client.send('ONE');
    await clock.advance(3_000);
    return channel;
  },
} satisfies Record<string, (stage: ClientStage) => Promise<StubChannel | undefined>>;

/** Messages that are lost where the other side says nothing any more. */
const lostIn: Record<string, number> = { dialing: 1, waiting: 1, 'link down': 1, agreed: 1, resuming: 1 };

const ways: Record<string, (stage: ClientStage) => unknown> = {
  'client.stop': ({ client }) => client.stop(),
  'client.close': ({ client }) => client.close(),
  'client.destroy': ({ client }) => client.destroy(),
  'communicator.stop': ({ communicator }) => communicator.stop(),
};

for (const [phase, reach] of Object.entries(phases)) {
  for (const [way, end] of Object.entries(ways)) {
    t.test(`${way} in the phase ${phase} ends within the deadline, whatever the other side does`, async t => {
      const stage = clientStage(t);
      const { client, clock } = stage;
      const closes: unknown[] = [];
      client.on('close', reason => closes.push(reason));
      const channel = await reach(stage);
      const gone = way === 'client.destroy';
      const lost = lostIn[phase] ?? (gone && phase === 'offered' ? 1 : 0);
      void end(stage);
      await settled();
      if (channel !== undefined && !gone) await clock.advance(10_000);
      if (channel?.phase === 'closing') channel.gone();
      await settled();
      t.equal(client.state, 'closed');
      t.equal(closes.length, 1);
      t.equal(client.unfinished.messages, lost);
      t.match(client.snapshot(), { fates: { abandoned: gone && phase === 'offered' ? lost : (lostIn[phase] ?? 0) } });
      await clock.advance(0);
      t.equal(clock.waiting, 0, 'no timer is left');
      t.notMatch(channel?.text ?? '', 'over=true', 'nothing was confirmed');
      t.throws(() => client.send('LATE'), { code: 'CLOSED' });
    });
  }
}

t.test('communicator.stop says what was abandoned, and resolves also where the other side says nothing', async t => {
  for (const [phase, reach] of Object.entries(phases)) {
    const stage = clientStage(t);
    const channel = await reach(stage);
    const report = stage.communicator.stop();
    await stage.clock.advance(phase === 'plain' || phase === 'silent' ? 0 : 10_000);
    channel?.gone();
    await settled();
    const messages = lostIn[phase] ?? 0;
    const { name } = stage.client;
    t.match(
      await report,
      messages === 0
        ? { finished: 1, abandoned: [] }
        : { finished: 0, abandoned: [{ kind: 'permanent client', name, messages, bytes: 0, handlers: 0 }] },
      phase,
    );
  }
});

t.test('a stop waits for confirmations, says farewell, and then closes', async t => {
  const stage = clientStage(t);
  const { client, clock } = stage;
  const channel = await phases.agreed(stage);
  const fate = fateOf(client.deliver('TWO'));
  client.stop();
  await clock.advance(8_000);
  t.equal(channel?.phase, 'open');
  channel.says('ACK count=1\n');
  await settled();
  t.equal(channel?.phase, 'open', 'the second one is not confirmed yet');
  channel.says('LATE\nACK count=2\n');
  await settled();
  t.same([channel?.phase, fate], ['closing', ['exactly-once-per-session']]);
  t.match(channel?.text, /SESSION id=\w{16};over=true\n$/);
  channel?.gone();
  await settled();
  t.match([client.state, clock.waiting, client.unfinished.messages], ['closed', 0, 0]);
});

t.test('a stop while resuming waits for the agreement, sends the rest, and says farewell', async t => {
  const stage = clientStage(t);
  const { client, agree, clock } = stage;
  const channel = await phases.resuming(stage);
  const fate = fateOf(client.deliver('TWO'));
  client.stop();
  await clock.advance(3_000);
  await agree(channel, 0);
  t.match(channel.text, /\nSESSION epoch=e1;id=\w+;received=0\nONE\nTWO\n$/);
  t.equal(channel.phase, 'open');
  channel.says('ACK count=2\n');
  await settled();
  t.same([channel.phase, fate], ['closing', ['exactly-once-per-session']]);
  t.match(channel.text, /;over=true\n$/);
  channel.gone();
  await settled();
  t.equal(clock.waiting, 0);
});

t.test('a stop while offered waits for the answer to the offer', async t => {
  const stage = clientStage(t);
  const channel = await phases.offered(stage);
  const fate = fateOf(stage.client.deliver('TWO'));
  stage.client.stop();
  await settled();
  t.equal(channel.phase, 'open');
  await stage.agree(channel, 2);
  channel.says('ACK count=2\n');
  await settled();
  t.same([channel.phase, fate], ['closing', ['exactly-once-per-session']]);
});

async function running(client: PermanentClient): Promise<string[]> {
  const fate = fateOf(client.deliver('SLOW'));
  await settled();
  return fate;
}

t.test('who stops waits for the handler of the other side, and both reports say that all was finished', async t => {
  const { promise, open } = gate();
  const dispatcher = new Dispatcher().on('SLOW', () => promise);
  const { client, clock, near, server } = await pairOf(t, { listen: { dispatcher } });
  const fate = await running(client);
  const stops = [near.communicator.stop(), server.communicator.stop()];
  await clock.advance(9_000);
  t.same(fate, []);
  open();
  await clock.advance(500);
  const [one, other] = await Promise.all(stops);
  t.same(fate, ['exactly-once-per-session']);
  t.match(one, { finished: 1, abandoned: [] });
  t.match(other, { finished: 2, abandoned: [] });
  t.equal(clock.waiting, 0);
});

t.test('a handler that does not end in time is abandoned, on both sides', async t => {
  const { promise, open } = gate();
  const dispatcher = new Dispatcher().on('SLOW', () => promise);
  const { client, clock, near, server } = await pairOf(t, { listen: { dispatcher } });
  const fate = await running(client);
  const stops = [near.communicator.stop(3_000), server.communicator.stop(3_000)];
  await clock.advance(3_000);
  const [one, other] = await Promise.all(stops);
  t.same(fate, ['ABANDONED']);
  t.match(one, { finished: 0, abandoned: [{ messages: 1 }], milliseconds: 3_000 });
  t.match(other, { finished: 1, abandoned: [{ kind: 'peer', messages: 0, handlers: 1 }] });
  open();
  await clock.advance(1_000);
  t.equal(clock.waiting, 0);
});

t.test('the server forgets the session of a client that was stopped at once, and counts sessions', async t => {
  const { client, clock, listener, peers } = await pairOf(t);
  const known = (): unknown => (listener.snapshot() as { sessions?: { known?: number } }).sessions?.known;
  t.equal(known(), 0);
  client.send('ONE');
  await clock.advance(200);
  t.equal(known(), 1);
  client.stop();
  await settled();
  t.same([known(), peers(), client.state], [0, [], 'closed']);
  t.match(listener.snapshot(), { peers: 0, sessions: { known: 0, refused: 0, stolen: 0 } });
  t.equal(clock.waiting, 0);
});

t.test('and the session of one that was destroyed when its time is over', async t => {
  const { client, clock, listener, peers } = await pairOf(t, { listen: { limits: { remember: 5_000 } } });
  client.send('ONE');
  await clock.advance(200);
  client.destroy();
  await settled();
  await clock.advance(4_999);
  t.match(listener.snapshot(), { peers: 0, sessions: { known: 1 } });
  t.equal(peers()[0]?.state, 'detached');
  const fate = fateOf(peers()[0]?.deliver('WAITS'));
  await clock.advance(1);
  t.match(listener.snapshot(), { sessions: { known: 0 } });
  t.same([peers(), fate], [[], ['ABANDONED']]);
  t.equal(clock.waiting, 0);
});

t.test('a stop while resuming ends well where the other side has forgotten, as the client chose', async t => {
  for (const onSessionLost of ['resend', 'report'] as const) {
    for (const answer of ['epoch', 'INVALID command=SESSION;message=no\n', 'UNKNOWN command=ALIVE\n']) {
      const stage = clientStage(t, { outbox: { onSessionLost } });
      const channel = await phases.resuming(stage);
      const fate = fateOf(stage.client.deliver('TWO'));
      stage.client.stop();
      await settled();
      if (answer === 'epoch') await stage.agree(channel, 0, 'e2');
      else channel.says(answer);
      await settled();
      if (answer === 'epoch') channel.says(`ACK count=${onSessionLost === 'resend' ? 2 : 1}\n`);
      await settled();
      t.equal(channel.text.includes('\nONE _again=true\n'), onSessionLost === 'resend');
      t.same([channel.phase, fate], ['closing', [answer === 'epoch' ? 'exactly-once-per-session' : 'at-most-once']]);
      t.same(stage.dropped, onSessionLost === 'resend' ? [] : ['ONE SESSION_LOST']);
      channel.gone();
      await settled();
      t.equal(stage.clock.waiting, 0);
    }
  }
});
