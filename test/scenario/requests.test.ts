// Questions and answers, in both directions, also while the connection is held.

import t from 'tap';
import { Dispatcher, Message } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { onceStage, permanentStage } from './client-stage.ts';
import { stairs, worldOf } from './stairs.ts';

t.test('a peer is asked by the handler that holds its connection; the rest keeps its order', async t => {
  const handled: string[] = [];
  const made = await stairs(t, {
    listen: {
      dispatcher: new Dispatcher()
        .on('ASK', async (message, peer) => {
          handled.push('ASK');
          const answer = await peer.request('WHICH');
          handled.push(`answer ${answer.get('which')}`);
          peer.send(message.reply('GOT'));
        })
        .otherwise(({ command }) => handled.push(command)),
      accepted: peer => peer.send('HI'),
    },
  });
  const raw = await made.client();
  t.equal(await raw.line(), 'HI\n');
  raw.send('ASK\nONE\nTWO\n');
  t.equal(await raw.line(), 'WHICH _request=1\n');
  raw.send('THREE\nTHIS _answer=1;which=blue\nFOUR\n');
  t.equal(await raw.line(), 'GOT\n');
  await until('all is handled', () => handled.length === 6);
  t.same(handled, ['ASK', 'answer blue', 'ONE', 'TWO', 'THREE', 'FOUR']);
});

t.test('a client asks in its handler, and is answered although held', async t => {
  const made = await stairs(t);
  const { communicator } = worldOf(t);
  const heard: string[] = [];
  const client = communicator.permanent(made.address, {
    dispatcher: new Dispatcher().on('HI', async (_, server) => {
      for (const command of ['DAD', 'TOP', 'MOM']) heard.push((await server.request(command)).command);
    }),
  });
  await until('all is answered', () => heard.length === 3);
  t.same(heard, ['CLIMB', 'WHO', 'BYE']);
  t.equal(client.awaiting, 0);
});

t.test('both sides ask each other in their handlers at the same time', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('memory:a', {
    dispatcher: new Dispatcher()
      .on('PLAY', async (message, peer) => {
        const answer = await peer.request('NAME');
        peer.send(message.reply('PLAYED', { with: answer.get('name') }));
      })
      .otherwiseUnknown(),
  });
  await listener.ready;
  const client = communicator.permanent('memory:a', {
    dispatcher: new Dispatcher().on('NAME', async (message, server) => {
      await settled(1);
      server.send(message.reply('NAMED', { name: 'anna' }));
    }),
  });
  const answers = await Promise.all(Array.from({ length: 20 }, () => client.request('PLAY')));
  t.same([...new Set(answers.map(answer => answer.get('with')))], ['anna']);
});

t.test('answers find their questions in any order', async t => {
  const made = onceStage(t);
  const channel = await made.open(0);
  const asked = ['A', 'B', 'C'].map(command => made.client.request(command));
  await settled();
  t.equal(channel.text, 'A _request=1\nB _request=2\nC _request=3\n');
  channel.says('RC _answer=3\nRA _answer=1\nRB _answer=2\n');
  t.same(
    (await Promise.all(asked)).map(({ command }) => command),
    ['RA', 'RB', 'RC'],
  );
});

t.test('no answer in time is an error, and a late one is a message like any other', async t => {
  const strays: string[] = [];
  const made = onceStage(t, { dispatcher: new Dispatcher().otherwise(({ command }) => strays.push(command)) });
  const { client, clock } = made;
  const channel = await made.open(0);
  const slow = client.request('SLOW');
  const slower = client.request(Message.of('SLOWER'), { timeout: 6_000 });
  slow.catch(() => undefined);
  slower.catch(() => undefined);
  await clock.advance(4_999);
  t.equal(client.awaiting, 2);
  await clock.advance(1);
  await t.rejects(slow, { code: 'REQUEST_TIMEOUT', message: 'no answer to SLOW within 5000 ms' });
  channel.says('LATE _answer=1\nLATE _answer=1\n');
  await settled();
  t.same(strays, ['LATE', 'LATE']);
  await clock.advance(1_000);
  await t.rejects(slower, { code: 'REQUEST_TIMEOUT', message: 'no answer to SLOWER within 6000 ms' });
  t.equal(clock.waiting, 0);
});

t.test('a request can be given up, before and while it waits', async t => {
  const made = onceStage(t);
  const channel = await made.open(0);
  const reason = new Error('no longer interesting');
  await t.rejects(made.client.request('NEVER', { signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const asked = made.client.request('MAYBE', { signal: controller.signal });
  controller.abort(reason);
  await t.rejects(asked, reason);
  await settled();
  t.equal(channel.text, 'MAYBE _request=2\n');
  t.equal(made.client.awaiting, 0);
  t.equal(made.clock.waiting, 0);
});

t.test('a refusal rejects with its words', async t => {
  const made = await stairs(t, {
    system: true,
    rules: dispatcher => {
      dispatcher.on('BREAK', () => {
        throw new Error('broken');
      });
    },
  });
  const { communicator } = worldOf(t);
  const client = communicator.connect(made.address, { dispatcher: new Dispatcher().on('HI', () => undefined) });
  await t.rejects(client.request('FOO'), { code: 'REFUSED', message: 'FOO was answered with UNKNOWN' });
  await t.rejects(client.request(Message.of('ALIVE', { timestamp: 'abc' })), {
    code: 'REFUSED',
    message: 'ALIVE was answered with INVALID: parameter timestamp: "abc" is no time in seconds',
  });
  await t.rejects(client.request('BREAK'), { code: 'REFUSED', message: /INVALID: the handler failed$/ });
  const answer = await client.request(Message.of('ALIVE', { serial: 7 }));
  t.equal(answer.command, 'ABSOLUTELY');
  t.equal(answer.get('serial'), '7');
});

t.test('requests fail at once when the link is lost; those of a permanent client too', async t => {
  const made = permanentStage(t);
  const channel = await made.open(0);
  const asked = made.client.request('WHO');
  await settled();
  channel.gone(new Error('cable cut'));
  await t.rejects(asked, { code: 'CLOSED', message: 'no answer to WHO: cable cut' });
  t.equal(made.client.awaiting, 0);
});

t.test('requests of a peer fail when it goes', async t => {
  let failure: unknown;
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('ASK', async (_, peer) => {
        failure = await peer.request('WHICH').catch((error: unknown) => error);
      });
    },
  });
  const raw = await made.client();
  raw.send('ASK\n');
  t.equal(await raw.line(), 'WHICH _request=1\n');
  raw.socket.resetAndDestroy();
  await until('it failed', () => failure !== undefined);
  t.match(failure, { code: 'CLOSED', message: /^no answer to WHICH: / });
});

t.test('what is held back for an answer is limited; the connection then waits', async t => {
  const clock = new VirtualClock();
  const made = await stairs(t, {
    communicator: { clock },
    rules: dispatcher => {
      dispatcher.on('ASK', async (_, peer) => {
        await peer.request('WHICH', { timeout: 60_000 }).catch(() => undefined);
      });
    },
  });
  const raw = await made.client();
  raw.send('ASK\n');
  t.equal(await raw.line(), 'WHICH _request=1\n');
  const chunk = Buffer.from('DAD\n'.repeat(256 * 1024));
  for (let count = 0; count < 24; count += 1) raw.send(chunk);
  await settled(200);
  t.ok(raw.socket.writableLength > 8 * chunk.length, 'most of it still waits at its sender');
  raw.send('THIS _answer=1\n');
  await clock.advance(59_000);
  t.equal(raw.rest, '', 'the answer stands behind what is not read');
});
