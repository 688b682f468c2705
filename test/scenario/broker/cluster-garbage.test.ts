// Another client of NATS that says whatever it likes under the subjects of the brokers: they live, see each other, and hand
// each other what they were given, and their memory has a bound.

import t from 'tap';
import { Communicator, Message } from '../../../lib/index.ts';
import { Chance } from '../../fuzz/input/chance.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { quick } from '../nats/nats-stage.ts';
import { Place } from './cluster-stage.ts';

const heads = [
  { server: 'one', life: 'x', serial: 1, services: [] },
  { server: 'two', life: 'other', serial: 9e15, services: [{ name: 'DO', commands: ['DO'], instances: 1 }] },
  { server: 'x', life: 'x', serial: 1, services: [{ name: 'job', commands: [7], instances: -1 }] },
  { server: 'x'.repeat(400), life: '', serial: 1.5, services: {} },
  { from: 'two', stream: 'made.up', first: 1, done: 0 },
  { from: 'two', stream: 'made.up', first: 5, done: 9e15 },
  { from: 'two', stream: '', first: 0, done: -1 },
  { stream: 'made.up', received: -1, gap: true, outcomes: [[1], [2, 'REFUSED', 'no'], [3, 4]], from: 'two' },
  { stream: 'made.up', received: 9e15, gap: false, outcomes: [], from: 'one' },
  { to: 'one' },
  { until: 9e15 },
  [],
  'text',
  null,
];
const lines = [
  'one/DO n=1',
  '<two:boss job/DO',
  'SHUTDOWN',
  '<a-b:c */DO',
  '',
  '\0',
  '"',
  'job/DO _answer=1',
  '*/DO n=2',
];

t.test('garbage harms no broker, nor what they say to each other', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  t.teardown(() => server.end());
  const [one, two] = [new Place(server.address, 'one', ['job']), new Place(server.address, 'two', ['desk'])];
  for (const place of [one, two]) {
    t.teardown(() => place.communicator.stop(50));
    await place.join();
  }
  await until('they see each other', () => one.sees.includes('two') && two.sees.includes('one'));
  const communicator = new Communicator();
  t.teardown(() => communicator.stop(50));
  const stranger = communicator.nats(server.address, { pause: quick });
  await until('it is connected', () => stranger.line !== undefined);
  const chance = new Chance('garbage', 7);
  const subjects = ['here', 'ask', 'gone', 'to.one', 're.one', 'to.two', 're.two', 'kept', 'say.public.x'].map(
    word => `test.cluster.${word}`,
  );
  const handled = one.taken.length;
  for (let n = 0; n < 4_000; n += 1) {
    const head = JSON.stringify(chance.pick(heads));
    const text = [head, ...Array.from({ length: chance.below(4) }, () => chance.pick(lines))].join('\n');
    const bad = chance.oneIn(3) ? text.slice(0, chance.below(text.length)) + chance.bytes(chance.below(9)) : text;
    // A beat that says another life of a broker is there is a broker's right; it is not in this noise.
    const subject = chance.pick(subjects);
    if (/here|gone/.test(subject) && /"(one|two)"/.test(bad)) continue;
    stranger.publish(chance.oneIn(20) ? `test.kept.${chance.pick(['job', 'x'])}` : subject, Buffer.from(bad, 'latin1'));
    if (n % 200 === 0)
      await one.cluster.forward('two', Message.of('DO', { n }, { to: { service: 'desk' } })).catch(() => undefined);
  }
  await until('all is over', () => one.cluster.status.waiting === 0);
  await one.cluster.forward('two', Message.of('DO', { n: 'last' }, { to: { service: 'desk' } }));
  t.ok(two.taken.some(text => text.includes('last')));
  t.ok(one.taken.length >= handled);
  t.same([one.sees.includes('two'), two.sees.includes('one')], [true, true]);
});

t.test('made-up brokers and streams have a bound', { skip: noNats }, async t => {
  const server = await NatsServer.start({ jetstream: 'off' });
  t.teardown(() => server.end());
  const one = new Place(server.address, 'one');
  t.teardown(() => one.communicator.stop(50));
  await one.join();
  const communicator = new Communicator();
  t.teardown(() => communicator.stop(50));
  const stranger = communicator.nats(server.address, { pause: quick });
  await until('both are connected', () => stranger.line !== undefined && one.cluster.status.state === 'up');
  const services = [{ name: 'job', commands: ['DO'], instances: 1 }];
  for (let n = 0; n < 3_000; n += 1) {
    const beat = { server: `made_up_${n}`, life: 'x', serial: 1, services };
    stranger.publish('test.cluster.here', Buffer.from(JSON.stringify(beat)));
  }
  await until('they came', () => one.cluster.status.computers > 900);
  await new Promise(resolve => setTimeout(resolve, 200));
  t.equal(one.cluster.status.computers, 1_001);
});
