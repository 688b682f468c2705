// Messages for services that are nowhere: kept in JetStream until a broker has the service; with a real server.

import t from 'tap';
import { Message } from '../../../lib/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { Place, together } from './cluster-stage.ts';

const doIt = (n: number, service = 'late'): Message => Message.of('DO', { n: String(n) }, { to: { service } });
const minute = 60_000;

async function stage(t: { teardown(run: () => unknown): void }, config = '') {
  const server = await NatsServer.start({ config });
  const places: Place[] = [];
  t.teardown(async () => {
    await Promise.all(places.map(({ communicator }) => communicator.stop(0)));
    await server.end();
  });
  const place = async (name: string, services: readonly string[] = [], kept = {}): Promise<Place> => {
    const made = new Place(server.address, name, services, { kept });
    places.push(made);
    await made.join();
    await until('it is up', () => made.cluster.status.state === 'up');
    return made;
  };
  return { server, place };
}

/** Keeps it as soon as that is possible. */
async function keep(place: Place, message: Message, ttl = minute): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await place.cluster.keep(message, ttl))) {
    if (performance.now() > end) throw new Error(`nothing is kept: ${place.cluster.status.trouble}`);
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

t.test('what is kept is taken once, in order, by the broker that has the service first', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [one, two] = [await place('one'), await place('two', ['other'])];
  await together(one, two);
  for (let n = 0; n < 200; n += 1) await keep(one, doIt(n));
  await keep(one, doIt(1_000, 'strange_name'));
  t.same(two.taken, []);
  two.serve('other', 'late');
  await until('all has come', () => two.taken.length === 200);
  t.same(
    two.taken,
    Array.from({ length: 200 }, (_, n) => String(n)),
  );
  one.serve('strange_name', 'late');
  await until('the other has come', () => one.taken.length === 1);
  t.same(one.taken, ['1000']);
  t.equal(two.taken.length, 200);
});

t.test('what is kept while the service is there comes at once', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [one, two] = [await place('one'), await place('two', ['late'])];
  await keep(one, doIt(1));
  await until('it has come', () => two.taken.length === 1);
  await keep(two, doIt(2));
  await until('it has come', () => two.taken.length === 2);
  t.same(two.taken, ['1', '2']);
});

t.test('its time passed, it is never delivered', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const one = await place('one');
  await keep(one, doIt(1), 50);
  await keep(one, doIt(2), minute);
  await new Promise(resolve => setTimeout(resolve, 60));
  const two = await place('two', ['late']);
  await until('the other has come', () => two.taken.length > 0);
  t.same(two.taken, ['2']);
});

t.test('it survives the end of all brokers and of NATS', { skip: noNats }, async t => {
  const { server, place } = await stage(t);
  const one = await place('one');
  for (let n = 0; n < 20; n += 1) await keep(one, doIt(n));
  await one.crash();
  await server.kill();
  await server.again();
  const two = await place('two', ['late']);
  await until('all has come', () => two.taken.length === 20);
  t.equal(new Set(two.taken).size, 20);
});

t.test('NATS killed while it is handed out: nothing lost, nothing twice', { skip: noNats }, async t => {
  const { server, place } = await stage(t);
  const one = await place('one');
  const count = 300;
  for (let n = 0; n < count; n += 1) await keep(one, doIt(n));
  const two = await place('two', ['late']);
  two.handling = () => new Promise(resolve => setTimeout(resolve, 2));
  await until('some have come', () => two.taken.length >= 64);
  await server.kill();
  await until('it is known', () => two.cluster.status.state === 'down');
  await server.again();
  await until('all has come', () => two.taken.length >= count, 45_000);
  await until('it is up', () => two.cluster.status.state === 'up');
  t.same(
    [...two.taken].map(Number).sort((a, b) => a - b),
    Array.from({ length: count }, (_, n) => n),
  );
});

t.test('refused by the service, it stays and comes again', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const one = await place('one');
  await keep(one, doIt(1));
  const two = await place('two');
  let refusals = 0;
  two.handling = async () => {
    refusals += 1;
    if (refusals < 2) throw new Error('not now');
  };
  two.serve('late');
  await until('it has come', () => two.taken.length === 1, 20_000);
  t.equal(refusals, 2);
});

t.test('full, it refuses', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const one = await place('one', [], { count: 2 });
  await keep(one, doIt(1));
  await keep(one, doIt(2));
  await t.rejects(one.cluster.keep(doIt(3), minute), { code: 'OUTBOX_FULL' });
});

t.test('without NATS, or without JetStream, the broker is told to keep it itself', { skip: noNats }, async t => {
  const { server, place } = await stage(t);
  const one = await place('one');
  await keep(one, doIt(1));
  await server.kill();
  await until('it is known', () => one.cluster.status.state === 'down');
  t.equal(await one.cluster.keep(doIt(2), minute), false);

  const bare = await NatsServer.start({ jetstream: 'off' });
  t.teardown(() => bare.end());
  const two = new Place(bare.address, 'two');
  t.teardown(() => two.communicator.stop(0));
  await two.join();
  await until('the trouble is shown', () => /nothing can be kept/.test(two.cluster.status.trouble ?? ''));
  t.equal(await two.cluster.keep(doIt(1), minute), false);
  t.equal(two.cluster.status.state, 'up');
});
