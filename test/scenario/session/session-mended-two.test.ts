// More faults of sessions that were found once: the channel has gone already, the window, the greeting's requests.

import t from 'tap';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';
import { clientStage, offer, serverStage } from './session-stage.ts';

const flood = (count: number): string => 'FLOOD\n'.repeat(count);

t.test('what a busy server reads after the link has gone is counted: it is not handled again', async t => {
  const handled: string[] = [];
  const dispatcher = new Dispatcher().on('FLOOD', () => undefined).otherwise(({ command }) => handled.push(command));
  const { connect, agree } = await serverStage(t, { dispatcher });
  const busy = connect('busy');
  busy.says(flood(1_000));
  const first = connect();
  first.says(`ONE _session=${offer(1)}\nTWO\nTHREE\n`);
  first.gone();
  await settled();
  const second = connect();
  await agree(second, `ONE _session=${offer(1)}`);
  second.says('TWO\nTHREE\nFOUR\n');
  await settled();
  t.same(handled, ['ONE', 'TWO', 'THREE', 'FOUR']);
});

t.test('a life sign that is read after the link has gone is not answered with INVALID in the session', async t => {
  const { client, open, agree, cut } = clientStage(t, {
    dispatcher: new Dispatcher().on('FLOOD', () => undefined).otherwiseUnknown(),
  });
  const first = await open(0);
  client.send('ONE');
  await settled();
  await agree(first, 0);
  first.says(`ACK count=1\n${flood(500)}ALIVE serial=beat\n`);
  first.gone();
  await settled();
  t.match(client.snapshot(), { unconfirmed: 0, queued: 0, invalid: 0 });
  const second = await cut(first, 1);
  await agree(second, 1);
  t.notMatch(second.text, 'INVALID');
});

t.test(
  'a handler that waits for room is not held by the confirmations it does not read',
  { timeout: 9_000 },
  async t => {
    const { communicator } = worldOf(t);
    let handled = 0;
    let sent = 0;
    communicator.listen('memory://place', {
      dispatcher: new Dispatcher().on('GIVE', async (_, peer) => {
        const side = communicator.connections.find(one => one.kind === 'peer' && one.name === peer.name);
        for (sent = 0; sent < 6_000; sent += 1) {
          if (peer.send('ROW') === 'sent') continue;
          await new Promise<void>(resolve => {
            (side as unknown as { once(event: 'drain', run: () => void): void }).once('drain', resolve);
          });
        }
      }),
    });
    const client = communicator.permanent('memory://place', {
      dispatcher: new Dispatcher().on('ROW', () => {
        handled += 1;
      }),
    });
    client.send('GIVE');
    await until('all rows', () => handled === 6_000, 5_000).catch(() => undefined);
    t.equal(sent, 6_000);
    t.equal(handled, 6_000);
  },
);

t.test('a program that sends again what was lost is not driven in a circle by the other side', async t => {
  const { client, open, agree } = clientStage(t, { outbox: { onSessionLost: 'report' } });
  const again = Message.of('AGAIN');
  let reported = 0;
  client.on('dropped', () => {
    reported += 1;
    if (reported < 100) client.send(again);
  });
  const channel = await open(0);
  client.send('ONE');
  await settled();
  await agree(channel, 0);
  channel.says('INVALID command=SESSION;message=no\n');
  await settled();
  t.equal(reported, 1);
});

t.test(
  'what a newcomer was asked in its greeting is not taken for an answer to the one who was here before',
  async t => {
    const answers: string[] = [];
    const { connect, agree, comeBack } = await serverStage(t, {
      accepted: peer => {
        peer.request('WHO').then(
          answer => answers.push(`${peer.name} ${answer.get('name')}`),
          ({ code }) => answers.push(`${peer.name} ${code}`),
        );
      },
    });
    const first = connect();
    const { epoch } = await agree(first);
    first.gone();
    await settled();
    const second = await comeBack(epoch, 0);
    const [, number = ''] = /WHO _request=(\d+)/.exec(second.text) ?? [];
    second.says(`THIS _answer=${number};name=second\n`);
    await settled();
    t.notOk(answers.includes('link 1 second'), answers.join());
  },
);
