// The end of sessions on the listener's side: close, destroy and stop of peers, in each phase.

import type { Test } from 'tap';
import t from 'tap';
import type { Peer } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import type { StubChannel } from '../stub.ts';
import { pairOf } from './session-pair.ts';
import type { ServerStage } from './session-stage.ts';
import { key, offer, serverStage } from './session-stage.ts';

interface Reached extends ServerStage {
  readonly peer: Peer;
  readonly channel: StubChannel;
  readonly epoch: string;
}

const quiet = new Dispatcher().otherwise(() => undefined);

/** A peer in its session, with a message of its own that is not confirmed. */
async function agreed(t: Test): Promise<Reached> {
  const stage = await serverStage(t, { dispatcher: quiet });
  const channel = stage.connect();
  const { epoch } = await stage.agree(channel);
  const [peer] = stage.peers();
  if (peer === undefined) throw new Error('there is no peer');
  peer.send('ONE');
  await stage.clock.advance(100);
  return { ...stage, peer, channel, epoch };
}

const phases: Record<string, (t: Test) => Promise<Reached>> = {
  agreed,
  detached: async t => {
    const reached = await agreed(t);
    reached.channel.gone();
    await settled();
    return reached;
  },
  resuming: async t => {
    const reached = await agreed(t);
    reached.channel.gone();
    await settled();
    const channel = reached.connect();
    await reached.agree(channel, `ALIVE _session=${offer(0)}`);
    return { ...reached, channel };
  },
};

const ways: Record<string, (reached: Reached) => unknown> = {
  'peer.close': ({ peer }) => peer.close(),
  'peer.destroy': ({ peer }) => peer.destroy(),
  'communicator.stop': ({ communicator }) => communicator.stop(),
};

for (const [phase, reach] of Object.entries(phases)) {
  for (const [way, end] of Object.entries(ways)) {
    t.test(`${way} in the phase ${phase} ends within the deadline, and forgets the session`, async t => {
      const reached = await reach(t);
      const { peer, clock, channel, listener, peers } = reached;
      const closes: unknown[] = [];
      const dropped: string[] = [];
      peer.on('close', reason => closes.push(reason));
      peer.on('dropped', ({ command }) => dropped.push(command));
      void end(reached);
      await clock.advance(10_000);
      if (channel.phase === 'closing') channel.gone();
      await settled();
      t.same([peers(), closes.length, dropped], [[], 1, ['ONE']]);
      t.equal(peer.state, 'closed');
      t.equal(peer.unfinished.messages, 1);
      t.match(listener.snapshot(), { peers: 0, sessions: { known: 0 } });
      t.throws(() => peer.send('LATE'), { code: 'CLOSED' });
      await clock.advance(60_000);
      t.equal(clock.waiting, 0, 'no timer is left');
    });
  }
}

t.test('close waits for confirmations, and for those of messages that were sent before', async t => {
  const { peer, clock, channel, peers } = await agreed(t);
  let fate = '';
  peer.deliver('TWO').then(({ guarantee }) => {
    fate = guarantee;
  });
  peer.close();
  await clock.advance(5_000);
  t.equal(channel.phase, 'open');
  channel.says('ACK count=2\n');
  await settled();
  t.same([fate, channel.phase], ['exactly-once-per-session', 'closing']);
  channel.gone();
  await settled();
  t.same([peers(), clock.waiting], [[], 0]);
});

t.test('a client whose peer is closing comes back, gets the rest, and the peer closes then', async t => {
  const { peer, clock, channel, comeBack, epoch, peers, listener } = await agreed(t);
  peer.close();
  await settled();
  const next = await comeBack(epoch, 0);
  t.equal(channel.phase, 'closed', 'the old link is fenced');
  t.match(next.text, /SESSION .*received=1\nACK count=1\nONE\n/);
  next.says('ACK count=1\n');
  await settled();
  t.equal(next.phase, 'closing');
  next.gone();
  await clock.advance(100);
  t.same([peers(), clock.waiting], [[], 0]);
  t.match(listener.snapshot(), { peers: 0, sessions: { known: 0 } });
});

t.test('a stop reports each session whose client is away', async t => {
  const { communicator, channel, connect, clock } = await agreed(t);
  channel.gone();
  const plain = connect('plain');
  plain.says('HELLO\n');
  await settled();
  const report = communicator.stop();
  await settled();
  t.equal(plain.phase, 'closing');
  plain.gone();
  await settled();
  t.match(await report, { finished: 2, abandoned: [{ kind: 'peer', name: 'link 1', messages: 1 }] });
  t.equal(clock.waiting, 0);
});

t.test('listener.stop ends nobody: sessions go on, and cannot come back on it', async t => {
  const { listener, peer, channel, clock } = await agreed(t);
  listener.stop();
  await settled();
  t.same([listener.state, peer.state, channel.phase], ['closed', 'open', 'open']);
  channel.text = '';
  channel.says('TWO\n');
  await clock.advance(100);
  t.equal(channel.text, 'ACK count=2\n');
  channel.gone();
  await clock.advance(60_000);
  t.same([peer.state, clock.waiting], ['closed', 0]);
});

t.test('after a farewell the link that is lost ends the peer at once', async t => {
  const { peer, channel, clock, peers } = await agreed(t);
  channel.says(`SESSION id=${key.id};over=true\n`);
  await settled();
  t.equal(peer.state, 'open');
  channel.gone();
  await settled();
  t.same([peer.state, peers(), clock.waiting], ['closed', [], 0]);
});

t.test('a client notices that its peer was closed, and comes back with what it had not confirmed', async t => {
  const { client, clock, peers, listener } = await pairOf(t, { listen: { dispatcher: quiet } });
  client.send('ONE');
  await clock.advance(200);
  peers()[0]?.close();
  await clock.advance(1_000);
  t.equal(client.state, 'open');
  const receipt = client.deliver('TWO');
  await clock.advance(5_000);
  t.same(await receipt, { guarantee: 'exactly-once-per-session' });
  t.match(client.snapshot(), { fates: { confirmed: 2, lost: 0 } });
  t.match(listener.snapshot(), { peers: 1, sessions: { known: 1 } });
});
