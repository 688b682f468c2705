// What no waiting mends ends a client that comes back otherwise: a missing package, an address that makes no sense.

import t from 'tap';
import { PeerError, UsageError } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { failing, onceStage, permanentStage } from './client-stage.ts';

const missing = new UsageError('MISSING_PACKAGE', 'WebSockets need the package ws: npm install ws@8');

t.test(
  'a permanent client whose package is missing ends at once, and run() rejects with the command for it',
  async t => {
    const { client, stub, communicator, closes, states, pauses, clock, log } = permanentStage(t);
    const run = communicator.run();
    const request = client.request('WHO');
    client.send('LOST');
    (await stub.at(0)).fail(missing);
    await t.rejects(run, { code: 'MISSING_PACKAGE', message: /npm install ws@8/ });
    await t.rejects(request, { code: 'CLOSED', message: /npm install ws@8/ });
    t.same(closes, [missing]);
    t.same(states, ['dialing', 'closed']);
    t.equal(client.why.lastError, missing);
    t.equal(client.unfinished.messages, 1, 'what was left is told');
    t.same(log.texts('error'), [missing.message]);
    t.same([pauses, communicator.connections, clock.waiting], [[], [], 0]);
  },
);

t.test('a permanent client that was connected before ends in the same way', async t => {
  const made = permanentStage(t);
  (await made.open(0)).gone();
  await settled();
  await made.clock.advance(10_000);
  await failing(made, 1);
  await made.clock.advance(10_000);
  (await made.stub.at(2)).fail(missing);
  await settled();
  t.same(made.closes, [missing]);
  t.equal(made.stub.dials.length, 3);
});

t.test('it goes on while another of its addresses may be reached some day, and ends where none can', async t => {
  const made = permanentStage(t, { address: ['tcp://a:1', 'tcp://b:2'] });
  (await made.stub.at(0)).fail(missing);
  await failing(made, 1);
  t.match(made.client.why.lastError, { code: 'DIAL_FAILED', message: /npm install ws@8; cannot reach tcp:\/\/b:2/ });
  await made.clock.advance(10_000);
  for (const place of [2, 3]) (await made.stub.at(place)).fail(missing);
  await settled();
  t.same(made.closes, [missing]);
});

t.test('what a greeting throws, and what a peer did, ends no permanent client', async t => {
  const greeted = permanentStage(t, { opened: link => link.send('no name') });
  (await greeted.stub.at(0)).succeed();
  await settled(10);
  t.match(greeted.client.why, { state: 'waiting', lastError: { code: 'INVALID_NAME' } });
  const refused = permanentStage(t);
  (await refused.stub.at(0)).fail(new PeerError('NOT_AUTHENTICATED', 'who are you?'));
  await settled();
  t.equal(refused.client.state, 'waiting');
});

t.test('a client that connects once closes with it, as with any other failure', async t => {
  const { stub, closes, communicator } = onceStage(t);
  const run = communicator.run();
  (await stub.at(0)).fail(missing);
  t.ok(await run);
  t.same(closes, [missing]);
});
