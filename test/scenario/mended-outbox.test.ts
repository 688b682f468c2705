// What waits in an outbox at the end of its client is reported, message by message.

import t from 'tap';
import { Client, PermanentClient } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import type { Stage } from './client-stage.ts';
import { failing, onceStage, permanentStage } from './client-stage.ts';

const commands = ['ONE', 'TWO', 'THREE'];
const reported = commands.map(command => `${command} ABANDONED`);

function unsentLines({ log }: Pick<Stage, 'log'>): string[] {
  return log.texts('warn').filter(text => text.includes('was not delivered'));
}

const ends: Record<string, (made: Stage) => unknown> = {
  stop: ({ client }) => client.stop(),
  close: ({ client }) => client.close(),
  destroy: ({ client }) => client.destroy(),
  remove: ({ communicator, client }) => communicator.remove(client),
  'communicator.stop': ({ communicator }) => communicator.stop(),
};

for (const [name, end] of Object.entries(ends)) {
  t.test(`${name} while waiting: each message that waited is dropped with ABANDONED, in its order`, async t => {
    const made = permanentStage(t, { name: 'the client' });
    await failing(made, 0);
    for (const command of commands) made.client.send(command);
    end(made);
    t.same(made.dropped, reported);
    t.same(
      unsentLines(made),
      commands.map(command => `${command} was not delivered: ended before it was sent or confirmed`),
    );
    t.match(made.client.unfinished, { messages: 3 });
    await settled();
    t.same(made.dropped, reported, 'once each');
    t.equal(made.closes.length, 1);
  });
}

t.test('stop while dialling drops what waited, too', async t => {
  const made = permanentStage(t);
  await made.stub.at(0);
  for (const command of commands) made.client.send(command);
  made.client.stop();
  t.same(made.dropped, reported);
  t.equal(unsentLines(made).length, 3);
});

t.test('a client that connects once and fails drops what waited, with the failure as the cause', async t => {
  const made = onceStage(t);
  const reasons: unknown[] = [];
  made.client.on('dropped', (_, reason) => reasons.push(reason));
  for (const command of commands) made.client.send(command);
  (await made.stub.at(0)).fail();
  await settled();
  t.equal(made.client.state, 'closed');
  t.same(made.dropped, reported);
  t.equal(unsentLines(made).length, 3);
  const reason = { code: 'ABANDONED', cause: { code: 'DIAL_FAILED' } };
  t.match(reasons, [reason, reason, reason]);
  t.match(made.closes, [{ code: 'DIAL_FAILED' }]);
});

t.test('a link that took nothing until the end of the drain leaves the rest reported', async t => {
  const made = permanentStage(t);
  const channel = await made.open(0);
  channel.room = false;
  made.client.send('FIRST');
  await settled();
  for (const command of commands) made.client.send(command);
  made.client.stop();
  await settled();
  t.same(made.dropped, [], 'not while there is hope');
  await made.clock.advance(20_000);
  t.same(made.dropped, reported);
  t.equal(unsentLines(made).length, 3);
});

t.test('the report of communicator.stop counts what was dropped as abandoned', async t => {
  const made = permanentStage(t, { name: 'the client' });
  await failing(made, 0);
  for (const command of commands) made.client.send(command);
  const report = await made.communicator.stop();
  t.match(report, { finished: 0, abandoned: [{ kind: 'permanent client', name: 'the client', messages: 3 }] });
  t.equal(report.abandoned.length, 1);
  t.match(
    made.log.lines.find(({ message }) => message === 'abandoned at stop'),
    { severity: 'warn', fields: { connection: 'the client', messages: 3 } },
  );
});

t.test('a listener of "dropped" may send again; it is told that the client is closed', async t => {
  const made = permanentStage(t);
  await failing(made, 0);
  made.client.on('dropped', message => made.client.send(message));
  for (const command of commands) made.client.send(command);
  made.client.stop();
  t.same(made.dropped, reported);
  t.same(
    made.log.texts('error'),
    commands.map(() => 'a listener of "dropped" failed: tcp://a:1 is closed'),
  );
});

t.test('an outbox that is full in an unknown way is refused', async t => {
  const { communicator } = onceStage(t);
  // As JavaScript, or a config file, would give it.
  const options = { outbox: JSON.parse('{ "whenFull": "nonsense" }') as object };
  const refused = { name: 'UsageError', code: 'INVALID_VALUE', message: /nonsense.*reject, drop-oldest, drop-newest/ };
  const before = communicator.connections.length;
  t.throws(() => new Client('tcp://a:1', options), refused);
  t.throws(() => new PermanentClient('tcp://a:1', options), refused);
  t.throws(() => communicator.connect('tcp://a:1', options), refused);
  t.throws(() => communicator.permanent('tcp://a:1', options), refused);
  t.equal(communicator.connections.length, before);
  for (const whenFull of ['reject', 'drop-oldest', 'drop-newest'] as const) {
    t.ok(new Client('tcp://a:1', { outbox: { whenFull } }), whenFull);
  }
});
