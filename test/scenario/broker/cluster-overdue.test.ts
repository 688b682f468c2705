// Messages kept in JetStream that nobody fetched in time: one broker, and one alone, tells their sender; with a real server.

import type { Test } from 'tap';
import t from 'tap';
import { NatsCluster } from '../../../lib/broker/nats/index.ts';
import { Communicator, Message } from '../../../lib/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';
import { brokerStage } from './broker-stage.ts';
import { Forward, lively, Place, together } from './cluster-stage.ts';

const minute = 60_000;
const doIt = (n: number, service = 'late'): Message => Message.of('DO', { n: String(n) }, { to: { service } });

interface Stage {
  readonly clock: Forward;
  readonly server: NatsServer;
  place(name: string, services?: readonly string[]): Promise<Place>;
}

async function stage(t: Test): Promise<Stage> {
  const server = await NatsServer.start();
  const clock = new Forward();
  const places: Place[] = [];
  t.teardown(async () => {
    await Promise.all(places.map(({ communicator }) => communicator.stop(0)));
    await server.end();
  });
  const place = async (name: string, services: readonly string[] = []): Promise<Place> => {
    const made = new Place(server.address, name, services, { clock });
    places.push(made);
    await made.join();
    await until('it is up', () => made.cluster.status.state === 'up');
    return made;
  };
  return { clock, server, place };
}

async function keep(place: Place, message: Message, ttl = minute): Promise<void> {
  while (!(await place.cluster.keep(message, ttl))) await new Promise(resolve => setTimeout(resolve, 5));
}

const lateAt = (...places: Place[]): number[] => places.flatMap(({ late }) => late.map(Number)).sort((a, b) => a - b);

t.test('what nobody fetched in time is told of once, whoever is there', { skip: noNats }, async t => {
  const { clock, place } = await stage(t);
  const places = [await place('b'), await place('a'), await place('c')];
  const [keeper] = places as [Place];
  await together(...places);
  for (let n = 0; n < 20; n += 1) await keep(keeper, doIt(n), n % 2 === 0 ? minute : 10 * minute);
  clock.put(minute + 10_000);
  const even = Array.from({ length: 10 }, (_, n) => 2 * n);
  await until('they are told of', () => lateAt(...places).length === 10);
  t.same(lateAt(...places), even);
  const late = await place('d', ['late']);
  await until('the rest has come', () => late.taken.length === 10);
  t.same(
    late.taken.map(Number),
    even.map(n => n + 1),
  );
  t.same(lateAt(...places, late), even, 'and no more than once');
});

t.test('the broker that kept it is gone: another tells of it', { skip: noNats }, async t => {
  const { clock, server, place } = await stage(t);
  const keeper = await place('a');
  await keep(keeper, doIt(1));
  await keeper.crash();
  await server.kill();
  clock.put(30 * minute);
  await server.again();
  const other = await place('b');
  await until('it is told of', () => other.late.length === 1);
  t.same([keeper.late, other.late], [[], ['1']]);
});

t.test('what its broker has in hand is for that broker to tell of', { skip: noNats }, async t => {
  const { clock, place } = await stage(t);
  const keeper = await place('b');
  for (const n of [1, 2, 3]) await keep(keeper, doIt(n), n === 2 ? 10 * minute : minute);
  const there = await place('c');
  await together(keeper, there);
  there.serve('late');
  let fail = (): void => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = () => reject(new Error('its process has died'));
  });
  there.handling = () => failed;
  await until('they are in hand', () => there.inHand === 3);
  clock.put(minute + 10_000);
  await new Promise(resolve => setTimeout(resolve, 6_000));
  t.same(lateAt(keeper, there), [], 'it may be handled yet');
  there.handling = async () => undefined;
  fail();
  await until('all has ended', () => there.late.length === 2 && there.taken.length === 1, 30_000);
  t.same([keeper.late, lateAt(there), there.taken], [[], [1, 3], ['2']]);
});

t.test('its sender hears of it, at another machine too, and it is counted', { skip: noNats }, async t => {
  const { clock, server, place } = await stage(t);
  const machine = async (name: string, shift: Forward) => {
    const communicator = new Communicator();
    const nats = communicator.nats(server.address, { pause: quick });
    const cluster = new NatsCluster(nats, { prefix: 'test', presence: lively, clock: shift });
    const made = await brokerStage(t, { server: name, cluster }, communicator);
    await until('it is up', () => cluster.status.state === 'up');
    return made;
  };
  const reporter = await machine('a', clock);
  const own = await machine('b', clock);
  await place('c');
  const asker = await own.member('asker');
  asker.send('late/DO cache="ttl=60";transmission_report=failure;n=1\n');
  asker.send('late/DO cache="ttl=60;reply";transmission_report=failure;n=2\n');
  for (let n = 1; n <= 2; n += 1) t.match(await asker.line(), /TRANSMISSION_REPORT .*status=cached/);
  clock.put(minute + 10_000);
  const told = [await asker.line(), await asker.line(), await asker.line()].join('');
  t.equal(told.match(/<a:communicatord .*TRANSMISSION_REPORT .*command=DO.*status=failed/g)?.length, 2);
  t.match(told, /<a:communicatord .*SERVICE_UNAVAILABLE .*unsent_command=DO/);
  t.equal(reporter.broker.status.routes.failed, 2);
  t.equal(own.broker.status.routes.failed, 0);
});
