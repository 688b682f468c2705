// What fuzzing found in sessions of listeners: each of these ended a link with an error of the runtime in the log.

import t from 'tap';
import { Dispatcher, Peer } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/index.ts';
import { offer, serverStage } from './session/session-stage.ts';

t.test('a client that comes back while its peer is closing finds the link closed, and no error is logged', async t => {
  const dispatcher = new Dispatcher().on('CLOSE', (_, peer) => peer instanceof Peer && peer.close()).otherwiseUnknown();
  const { connect, agree, log, peers } = await serverStage(t, { dispatcher });
  const first = connect('first');
  await agree(first, `CLOSE _session=${offer(1)}`);
  await settled();
  t.equal(peers()[0]?.state, 'closing', 'the client has not closed its half yet');
  const second = connect('second');
  second.says(`ALIVE _session=${offer(0)}\n`);
  await settled();
  t.same(log.texts('error'), []);
});

t.test(
  'a request that is asked again while the outbox is full costs neither the link nor its acknowledgement',
  async t => {
    const dispatcher = new Dispatcher().on('ASK', (message, peer) => peer.send(message.reply('ANSWER')));
    const { connect, agree, clock, peers } = await serverStage(t, { dispatcher });
    const link = connect('first');
    await agree(link, `ASK _request=abcdefghijkl.1;_session=${offer(1)}`);
    for (let times = 0; times < 10_001; times += 1) link.says('ASK _request=abcdefghijkl.1\n');
    for (let round = 0; round < 200; round += 1) await settled();
    await clock.advance(200);
    t.equal(peers()[0]?.state, 'open');
    t.equal(link.text.match(/ACK count=\d+/g)?.at(-1), 'ACK count=10002');
  },
);
