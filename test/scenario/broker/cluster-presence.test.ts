// A presence that is longer than what NATS takes: it goes out in parts, and what does not is told.

import type { Test } from 'tap';
import t from 'tap';
import type { PresentService } from '../../../lib/broker/cluster.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { Place, together } from './cluster-stage.ts';

const commands = Array.from({ length: 20 }, (_, n) => `COMMAND_${n}`);
const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `service_${n}`);

async function stage(
  t: Test,
  config = '',
  jetstream: 'on' | 'off' = 'on',
): Promise<(name: string, services?: string[]) => Place> {
  const server = await NatsServer.start({ jetstream, config });
  const places: Place[] = [];
  t.teardown(async () => {
    await Promise.all(places.map(({ communicator }) => communicator.stop(0)));
    await server.end();
  });
  return (name, services) => {
    const place = new Place(server.address, name, services);
    place.commands = commands;
    places.push(place);
    return place;
  };
}

const seen = (by: Place): readonly PresentService[] => by.cluster.others.flatMap(({ services }) => services);

t.test('brokers of 5,000 services with 20 commands each see all of each other', { skip: noNats }, async t => {
  const place = await stage(t);
  const [one, two] = [place('one', names(5_000)), place('two', names(5_000))];
  const bytes = Buffer.byteLength(JSON.stringify(one.presence));
  await Promise.all([one.join(), two.join()]);
  t.ok(bytes > one.nats.longest, `${bytes} bytes, NATS takes ${one.nats.longest}`);
  await together(one, two);
  for (const [by, of] of [
    [one, two],
    [two, one],
  ] as const) {
    t.strictSame(seen(by), of.presence.services);
    t.equal(by.cluster.status.trouble, undefined);
  }
});

t.test('while a change of a long presence is on its way, the one before it stands', { skip: noNats }, async t => {
  const place = await stage(t);
  const [one, two] = [place('one', names(5_000)), place('two')];
  await Promise.all([one.join(), two.join()]);
  await together(one, two);
  const counts = new Set<number>();
  const changed = two.changed.bind(two);
  two.changed = () => {
    changed();
    counts.add(seen(two).length);
  };
  for (let count = 5_001; count <= 5_050; count += 1) one.serve(...names(count));
  await until('the last change is seen', () => seen(two).length === 5_050);
  t.ok(Math.min(...counts) >= 5_000, `${[...counts].join(' ')} services were seen meanwhile`);
  t.ok(counts.size < 50, `${counts.size} of 50 changes within a moment went out`);
});

t.test('one that comes later gets all', { skip: noNats }, async t => {
  const place = await stage(t);
  const one = await place('one', names(5_000)).join();
  await until('it is up', () => one.cluster.status.state === 'up');
  const two = await place('two').join();
  await together(one, two);
  t.equal(seen(two).length, 5_000);
});

t.test('a service with more commands than a packet holds is seen with all of them', { skip: noNats }, async t => {
  const place = await stage(t, 'max_payload: 4096');
  const [one, two] = [place('one', ['busy', 'idle']), place('two')];
  one.commands = Array.from({ length: 1_000 }, (_, n) => `COMMAND_${n}`);
  await Promise.all([one.join(), two.join()]);
  await together(one, two);
  t.equal(one.nats.longest, 4_096);
  t.strictSame(seen(two), one.presence.services);
});

t.test('what does not fit into any packet is told', { skip: noNats }, async t => {
  const place = await stage(t, 'max_payload: 512', 'off');
  const [one, two] = [place('one', ['short', 'x'.repeat(250)]), place('two')];
  one.commands = ['y'.repeat(250)];
  await Promise.all([one.join(), two.join()]);
  await together(one, two);
  t.same(
    seen(two).map(({ name }) => name),
    ['short'],
    'the others are seen',
  );
  t.equal(one.cluster.status.trouble, 'of the presence 1 services do not fit into packets');
  one.serve('short');
  await until('all is well again', () => !/presence/.test(one.cluster.status.trouble ?? ''));
});
