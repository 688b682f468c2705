// What arrives, and what becomes of what does not: late servers, restarts, full outboxes, stops.

import t from 'tap';
import { LimitError } from '../../../lib/index.ts';
import type { EventsClient } from '../../../lib/protocol/events/index.ts';
import { until } from '../../support/world.ts';
import { count, Stage } from './events-stage.ts';

/** Numbers that this client hears of event X. */
function numbers(client: EventsClient): number[] {
  const heard: number[] = [];
  client.register('X', (_event, number) => heard.push(number as number));
  return heard;
}

const upTo = (end: number): number[] => Array.from({ length: end }, (_, at) => at);

/** Addresses where nobody listens, and somebody may later. */
async function freeAddresses(stage: Stage): Promise<{ emitAddress: string; regAddress: string }> {
  const server = await stage.serve();
  const { emitAddress, regAddress } = stage.addresses;
  server.stop();
  await stage.gone(server);
  return { emitAddress, regAddress };
}

t.test('the first event after ready() arrives, a hundred times', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const emitter = stage.client();
  await emitter.ready();
  for (let round = 0; round < 100; round += 1) {
    const client = stage.client();
    const heard = numbers(client);
    await client.ready();
    emitter.emit('X', round);
    await until('it came', () => heard.length > 0);
    client.stop();
    if (heard[0] !== round) t.same(heard, [round]);
  }
  t.equal(count(emitter, 'emitted'), 100);
});

t.test('a callback registered later is covered by the next ready()', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const [client, emitter] = [stage.client(), stage.client()];
  await Promise.all([client.ready(), emitter.ready()]);
  const heard = numbers(client);
  await Promise.all([client.ready(), client.ready(), client.ready()]);
  emitter.emit('X', 7);
  await until('it came', () => heard.length > 0);
  t.same(heard, [7]);
});

t.test('ready() gives up in time, and says so', async t => {
  const stage = new Stage(t);
  await freeAddresses(stage);
  const client = stage.client();
  await t.rejects(client.ready({ timeout: 50 }), { code: 'REQUEST_TIMEOUT', message: /no round trip/ });
  const waiting = client.ready();
  client.stop();
  await t.rejects(waiting, { code: 'CLOSED' });
  await t.rejects(client.ready({ timeout: 0 }), { code: 'OUT_OF_RANGE' });
});

t.test('what is emitted before there is a server is kept, and delivered in order when it comes', async t => {
  const stage = new Stage(t);
  const addresses = await freeAddresses(stage);
  const emitter = stage.client();
  for (const number of upTo(3_000)) t.equal(emitter.emit('X', number), 'queued');
  t.match(emitter.snapshot(), { waiting: 3_000, unproven: 0, state: 'opening' });
  const heard = numbers(emitter);
  const other = new Stage(t);
  const server = await other.serve(addresses);
  await emitter.ready({ timeout: 20_000 });
  t.equal(emitter.unfinished.messages, 0, 'all has arrived');
  t.ok(count(server, 'forwarded') >= 3_000, 'and was published');
  t.same(heard, upTo(3_000).slice(3_000 - heard.length), 'in order');
});

t.test('what is emitted while the server restarts is delivered', async t => {
  const stage = new Stage(t);
  const first = new Stage(t);
  await first.serve();
  const { emitAddress, regAddress } = first.addresses;
  stage.addresses = first.addresses;
  const [listener, emitter] = [stage.client(), stage.client()];
  const heard = numbers(listener);
  await Promise.all([listener.ready(), emitter.ready()]);
  emitter.emit('X', 0);
  await emitter.ready();
  await first.communicator.stop();
  await until('both know', () => listener.state === 'connecting' && emitter.state === 'connecting');
  t.equal(emitter.emit('X', 1), 'queued');
  t.equal(count(emitter, 'uncertain'), 0, 'what was proven is not in doubt');
  const second = new Stage(t);
  await second.serve({ emitAddress, regAddress });
  await Promise.all([listener.ready({ timeout: 20_000 }), emitter.ready({ timeout: 20_000 })]);
  emitter.emit('X', 2);
  await until('the last came', () => heard.includes(2));
  await emitter.ready();
  t.equal(emitter.unfinished.messages, 0);
  t.equal(count(listener, 'callbacks'), 1);
});

t.test('a full outbox rejects, or drops and says so', async t => {
  const stage = new Stage(t);
  await freeAddresses(stage);
  const rejecting = stage.client({ outbox: { count: 3 } });
  for (const number of upTo(3)) rejecting.emit('X', number);
  t.throws(() => rejecting.emit('X', 3), { code: 'OUTBOX_FULL', message: /3 events of \d+ bytes wait already/ });
  t.equal(count(rejecting, 'waiting'), 3);
  for (const [whenFull, expected] of [
    ['drop-oldest', ['A', 'B']],
    ['drop-newest', ['D', 'E']],
  ] as const) {
    const client = stage.client({ outbox: { count: 3, whenFull } });
    const lost: string[] = [];
    client.on('lost', (name, reason) => {
      t.ok(reason instanceof LimitError && reason.code === 'DROPPED');
      lost.push(name);
    });
    for (const name of ['A', 'B', 'C', 'D', 'E']) client.emit(name);
    t.same(lost, expected, whenFull);
    t.match(client.snapshot(), { waiting: 3, lost: 2, emitted: 5 });
  }
  const small = stage.client({ outbox: { bytes: 100 } });
  small.emit('X', 'x'.repeat(50));
  t.throws(() => small.emit('X', 'x'.repeat(50)), { code: 'OUTBOX_FULL' }, 'bytes count too');
});

t.test('what waits for too long expires, and that is told', async t => {
  const stage = new Stage(t);
  await freeAddresses(stage);
  const client = stage.client({ outbox: { age: 30 } });
  const lost: string[] = [];
  client.on('lost', (name, reason) => lost.push(`${name} ${reason.code}`));
  client.emit('A');
  client.emit('B');
  await until('both are lost', () => lost.length === 2);
  t.same(lost, ['A EXPIRED', 'B EXPIRED']);
  t.equal(client.unfinished.messages, 0);
});

t.test('a stop sends what waits, proves it, and reports what it could not', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const listener = stage.client();
  const heard = numbers(listener);
  await listener.ready();
  const emitter = stage.client();
  for (const number of upTo(2_000)) emitter.emit('X', number);
  emitter.stop();
  t.throws(() => emitter.emit('X', -1), { code: 'CLOSED' });
  await stage.gone(emitter);
  t.equal(emitter.unfinished.messages, 0, 'all is proven');
  await until('all came', () => heard.length === 2_000);
  t.same(heard, upTo(2_000));

  const lonely = new Stage(t);
  lonely.addresses = await (async () => ({ ...(await freeAddresses(lonely)), reused: false }))();
  lonely.client().emit('X', 1);
  const report = await lonely.communicator.stop(100);
  t.match(report.abandoned, [{ kind: 'events client', messages: 1 }]);
});

t.test('an emitter and its server in one process end together, and nothing is lost', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const other = new Stage(t);
  other.addresses = stage.addresses;
  const listener = other.client();
  const heard = numbers(listener);
  await listener.ready();
  const emitter = stage.client();
  await emitter.ready();
  for (const number of upTo(500)) emitter.emit('X', number);
  const report = await stage.communicator.stop();
  t.same(report.abandoned, []);
  await until('all came', () => heard.length === 500);
});

t.test('a burst is delivered whole and in order', async t => {
  const stage = new Stage(t);
  const server = await stage.serve();
  const [listener, emitter] = [stage.client(), stage.client({ outbox: { count: 20_000 } })];
  const heard = numbers(listener);
  await Promise.all([listener.ready(), emitter.ready()]);
  for (const number of upTo(20_000)) emitter.emit('X', number);
  await emitter.ready();
  await until('all came', () => heard.length === 20_000);
  t.same(heard, upTo(20_000));
  t.equal(count(server, 'passedOver'), 0, 'though ZeroMQ keeps 1,000 for each side');
});
