// Requests that wait for their answer when somebody stops: they may end within the drain, and are abandoned after it.

import t from 'tap';
import type { Client, Peer } from '../../lib/index.ts';
import { Dispatcher, Message } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until, world } from '../support/world.ts';
import { permanentStage } from './client-stage.ts';
import { gate, worldOf } from './stairs.ts';

for (const session of [true, false]) {
  t.test(`a handler that waits for a request of a client finishes in the drain, session: ${session}`, async t => {
    const far = world();
    t.teardown(() => void far.communicator.stop(0));
    const asked = gate();
    const answer = gate();
    far.communicator.listen('memory:far', {
      dispatcher: new Dispatcher().on('ASK', async (message, peer) => {
        asked.open();
        await answer.promise;
        peer.send(message.reply('ANSWER'));
      }),
    });
    const { communicator } = worldOf(t, { transports: far.transports });
    const client = communicator.permanent('memory:far', { outbox: { session } });
    communicator.listen('memory:near', {
      dispatcher: new Dispatcher().on('GO', async (message, peer) => {
        const { command } = await client.request('ASK');
        peer.send(message.reply('GONE', { command }));
      }),
    });
    const going = far.communicator.connect('memory:near').request('GO');
    await asked.promise;
    const stopping = communicator.stop();
    await settled(20);
    t.equal(client.state, 'closed');
    t.throws(() => client.send('MORE'), { code: 'CLOSED' });
    t.equal(communicator.state, 'stopping');
    answer.open();
    t.match((await going).get('command'), 'ANSWER');
    t.match(await stopping, { abandoned: [] });
    t.ok((await stopping).milliseconds < 5_000, 'it has not waited for a deadline');
  });
}

t.test('a handler that waits for a request of a peer finishes in the drain', async t => {
  const far = world();
  t.teardown(() => void far.communicator.stop(0));
  const { communicator } = worldOf(t, { transports: far.transports });
  const peers: Peer[] = [];
  const asked = gate();
  const answer = gate();
  communicator.listen('memory:near', {
    accepted: peer => void peers.push(peer),
    dispatcher: new Dispatcher().on('GO', async (message, peer) => {
      await peers[0]?.request('ASK');
      peer.send(message.reply('GONE'));
    }),
  });
  far.communicator.connect('memory:near', {
    dispatcher: new Dispatcher().on('ASK', async (message, peer) => {
      asked.open();
      await answer.promise;
      peer.send(message.reply('ANSWER'));
    }),
  });
  await until('the first peer', () => peers.length === 1);
  const going = far.communicator.connect('memory:near').request('GO');
  await asked.promise;
  const stopping = communicator.stop();
  await settled(20);
  answer.open();
  t.match(await going, { command: 'GONE' });
  t.match(await stopping, { abandoned: [] });
});

t.test('a request that is not answered ends at its own deadline, and the drain with it', async t => {
  const made = permanentStage(t);
  const channel = await made.open(0);
  const request = made.client.request('WHO', { timeout: 1_000 });
  const stopping = made.communicator.stop();
  await settled();
  t.equal(channel.phase, 'open');
  const rejected = t.rejects(request, { code: 'REQUEST_TIMEOUT' });
  await made.clock.advance(1_000);
  await rejected;
  t.equal(channel.phase, 'closing');
  channel.gone();
  t.match(await stopping, { abandoned: [], milliseconds: 1_000 });
});

t.test('what is not answered when the drain is over is abandoned, in one word', async t => {
  const made = permanentStage(t);
  await made.open(0);
  const request = made.client.request('WHO', { timeout: 60_000 });
  const stopping = made.communicator.stop(2_000);
  const rejected = t.rejects(request, { code: 'ABANDONED', message: 'no answer to WHO: not finished within 2000 ms' });
  await made.clock.advance(2_000);
  await rejected;
  t.match(await stopping, { milliseconds: 2_000 });
});

const early: Record<string, (client: Client) => void> = {
  stop: client => client.stop(),
  destroy: client => client.destroy(new Error('enough')),
};
for (const [way, end] of Object.entries(early)) {
  t.test(`${way} without a link abandons requests at once`, async t => {
    const made = permanentStage(t);
    await made.stub.at(0);
    const request = made.client.request('WHO');
    end(made.client);
    await t.rejects(request, { code: 'ABANDONED', message: 'no answer to WHO: tcp://a:1 was stopped' });
    t.equal(made.clock.waiting, 0);
  });
}

t.test('destroy abandons the requests of an open link at once', async t => {
  const made = permanentStage(t);
  await made.open(0);
  const request = made.client.request('WHO');
  made.client.destroy(new Error('enough'));
  await t.rejects(request, { code: 'ABANDONED', message: 'no answer to WHO: enough' });
  t.equal(made.clock.waiting, 0);
});

t.test('a peer that is closed gives its requests their time, and abandons the rest', async t => {
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock });
  const peers: Peer[] = [];
  communicator.listen('memory:here', { accepted: peer => void peers.push(peer) });
  communicator.connect('memory:here', { dispatcher: new Dispatcher().on('WHO', () => undefined) });
  await until('the peer', () => peers.length === 1);
  const [peer] = peers;
  const short = peer?.request(Message.of('WHO'), { timeout: 1_000 });
  const long = peer?.request(Message.of('WHO'), { timeout: 60_000 });
  peer?.close();
  const rejected = [
    t.rejects(short as Promise<Message>, { code: 'REQUEST_TIMEOUT' }),
    t.rejects(long as Promise<Message>, { code: 'ABANDONED' }),
  ];
  await clock.advance(9_999);
  t.equal(peer?.state, 'draining');
  await clock.advance(1_000);
  await Promise.all(rejected);
  t.equal(peer?.state, 'closed');
});
