// Brokers over NATS: who is there, messages from one to the other, broadcasts; with a real server.

import type { Test } from 'tap';
import t from 'tap';
import { NatsCluster } from '../../../lib/broker/nats/index.ts';
import { Message, Nats } from '../../../lib/index.ts';
import { FaultProxy } from '../../../lib/testkit/index.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { Place, together } from './cluster-stage.ts';

const doIt = (n: number, service = 'worker'): Message =>
  Message.of('DO', { n: String(n) }, { to: { service }, from: { server: 'near', service: 'asker' } });
const numbers = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n));

async function stage(t: Test): Promise<{ server: NatsServer; place(...args: PlaceArguments): Promise<Place> }> {
  const server = await NatsServer.start();
  const places: Place[] = [];
  t.teardown(async () => {
    await Promise.all(places.map(({ communicator }) => communicator.stop(0)));
    await server.end();
  });
  const place = async (...[name, ...rest]: PlaceArguments): Promise<Place> => {
    const made = new Place(server.address, name, ...rest);
    places.push(made);
    return made.join();
  };
  return { server, place };
}

type PlaceArguments = ConstructorParameters<typeof Place> extends [string, ...infer Rest] ? Rest : never;

t.test('brokers find each other, see changes, and see who leaves', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const one = await place('one', ['worker']);
  t.equal(one.cluster.status.computers, 1);
  const [two, three] = [await place('two', ['a.b *>']), await place('drei.ü *>')];
  await together(one, two, three);
  t.same(two.sees, ['drei.ü *>', 'one']);
  t.match(three.cluster.others.find(({ server }) => server === 'one')?.services, [
    { name: 'worker', commands: ['DO'] },
  ]);
  t.match(one.cluster.status, { state: 'up', computers: 3, live: 3, waiting: 0 });
  one.serve('worker', 'helper');
  await until('the change is seen', () => two.cluster.others.some(({ services }) => services.length === 2));
  await one.cluster.leave(5_000);
  await until('it is gone', () => !two.sees.includes('one') && !three.sees.includes('one'));
  t.equal(one.cluster.status.state, 'left');
  t.match(two.cluster.status, { computers: 2, live: 2 });
  await three.crash();
  await until('its silence is noticed', () => two.sees.length === 0);
  t.match(two.cluster.status, { computers: 2, live: 1 }, 'it is known, and not there');
});

t.test('a message is forwarded in its order, and confirmed when it was handled there', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  await together(near, far);
  await Promise.all(numbers(5_000).map((_, n) => near.cluster.forward('far', doIt(n))));
  t.same(far.taken, numbers(5_000));
  let release: (() => void) | undefined;
  far.handling = () =>
    new Promise(resolve => {
      release = resolve;
    });
  const slow = near.cluster.forward('far', doIt(1));
  let done = '';
  void slow.then(() => {
    done = 'handled';
  });
  await until('it is in hand', () => release !== undefined && near.cluster.status.waiting === 1);
  await new Promise(resolve => setTimeout(resolve, 50));
  t.equal(done, '');
  release?.();
  await slow;
  t.equal(near.cluster.status.waiting, 0);
});

t.test('what is refused there is refused here', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  await together(near, far);
  await t.rejects(near.cluster.forward('far', doIt(1, 'nobody')), { code: 'REFUSED', message: /no nobody here/ });
  await t.rejects(near.cluster.forward('nowhere', doIt(1)), { code: 'REFUSED', message: /no server nowhere/ });
  const long = Message.of('DO', { n: 'x'.repeat(1024 * 1024) }, { to: { service: 'worker' } });
  await t.rejects(near.cluster.forward('far', long), { code: 'BODY_TOO_LONG' });
  far.handling = async () => {
    throw new Error('broken');
  };
  await t.rejects(near.cluster.forward('far', doIt(1)), { code: 'ABANDONED', message: 'broken' });
});

t.test('NATS killed and started again under load: nothing lost, nothing twice', { skip: noNats }, async t => {
  const { server, place } = await stage(t);
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  await together(near, far);
  let sent = 0;
  let confirmed = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < 5; count += 1) {
      void near.cluster.forward('far', doIt(sent)).then(() => {
        confirmed += 1;
      });
      sent += 1;
    }
  }, 1);
  t.teardown(() => clearInterval(timer));
  const rounds: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    await until('some have come', () => far.taken.length > round * 300);
    await server.kill();
    await until('both know', () => near.cluster.status.state === 'down' && far.cluster.status.state === 'down');
    t.match(near.cluster.status.trouble, /./, 'the status says why');
    const { length } = far.taken;
    await until('messages wait', () => near.cluster.status.waiting > 50);
    const at = performance.now();
    await server.again();
    await until('it goes on', () => far.taken.length > length);
    rounds.push(Math.round(performance.now() - at));
  }
  clearInterval(timer);
  await until('all is confirmed', () => confirmed === sent);
  t.comment(`${sent} messages, 3 kills, goes on ${rounds.join(', ')} ms after the start of the server`);
  t.same(far.taken, numbers(sent));
});

t.test('a broker that was started anew gets what its former life had not confirmed', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  await together(near, far);
  await near.cluster.forward('far', doIt(0));
  await far.crash();
  const waiting = [1, 2, 3].map(n => near.cluster.forward('far', doIt(n)));
  t.equal(near.cluster.status.waiting, 3);
  const again = await place('far', ['worker']);
  await Promise.all(waiting);
  t.same(again.taken, ['1', '2', '3']);
});

t.test('what nobody confirms in time is given up, and what is too much is refused', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const near = await place('near', [], { outbox: { age: 300, count: 2 } });
  const far = await place('far', ['worker']);
  await together(near, far);
  await far.crash();
  const two = [near.cluster.forward('far', doIt(1)), near.cluster.forward('far', doIt(2))];
  await t.rejects(near.cluster.forward('far', doIt(3)), { code: 'OUTBOX_FULL' });
  for (const one of two) await t.rejects(one, { code: 'EXPIRED' });
  const again = await place('far', ['worker']);
  await together(near, again);
  await near.cluster.forward('far', doIt(4));
  t.same(again.taken, ['4'], 'what was given up does not come later');
});

t.test('a broadcast reaches each other broker once; a private one those of the network', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const inside = { network: 'inside' };
  const [one, two, out] = [await place('one', [], inside), await place('two', [], inside), await place('out')];
  await together(one, two, out);
  one.cluster.broadcast(doIt(1), 'public');
  one.cluster.broadcast(doIt(2), 'private');
  one.cluster.broadcast(doIt(3), 'public');
  await until('all has come', () => two.heard.length === 3 && out.heard.length === 2);
  t.same([one.heard, two.heard, out.heard], [[], ['1', '2', '3'], ['1', '3']]);
});

t.test('two brokers of one name are told of', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [one, other] = [await place('same'), await place('same')];
  const words = /another broker of this cluster is called same too/;
  await until('both say so', () => [one, other].every(({ cluster }) => words.test(cluster.status.trouble ?? '')));
  t.match(one.cluster.status, { state: 'up', computers: 1 });
});

t.test('a broker begins without NATS, and is joined when it comes', { skip: noNats }, async t => {
  const { server, place } = await stage(t);
  await server.kill();
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  t.equal(near.cluster.status.state, 'joining');
  const early = near.cluster.forward('far', doIt(1));
  t.equal(await near.cluster.keep(doIt(2), 10_000), false, 'the broker keeps it itself');
  await until('the trouble is shown', () => /refused/.test(near.cluster.status.trouble ?? ''));
  await server.again();
  await early;
  t.same(far.taken, ['1']);
  await together(near, far);
});

t.test('to leave waits for what is under way, and the end of the connection ends it', { skip: noNats }, async t => {
  const { place } = await stage(t);
  const [near, far] = [await place('near'), await place('far', ['worker'])];
  await together(near, far);
  let release: (() => void) | undefined;
  far.handling = () =>
    new Promise(resolve => {
      release = resolve;
    });
  const slow = near.cluster.forward('far', doIt(1));
  await until('it is in hand', () => release !== undefined && near.cluster.status.waiting === 1);
  const left = near.cluster.leave(5_000);
  await t.rejects(near.cluster.forward('far', doIt(2)), { code: 'CLOSED' });
  await new Promise(resolve => setTimeout(resolve, 50));
  release?.();
  await Promise.all([slow, left]);
  far.handling = async () => undefined;
  near.serve();
  const other = await place('other');
  await together(other, far);
  far.handling = () => new Promise(() => undefined);
  const never = other.cluster.forward('far', doIt(3));
  const rejected = t.rejects(never, { code: 'ABANDONED' });
  await other.crash();
  await rejected;
  const patient = await place('patient');
  await together(patient, far);
  const tooLong = t.rejects(patient.cluster.forward('far', doIt(4)), { code: 'ABANDONED' });
  await until('it is under way', () => patient.cluster.status.waiting === 1);
  await patient.cluster.leave(50);
  await tooLong;
});

t.test('options are checked', async t => {
  const nats = new Nats('nats://127.0.0.1:1');
  const bad = (options: object, code: string): void => {
    t.throws(() => new NatsCluster(nats, options), { code }, JSON.stringify(options));
  };
  bad({ prefix: 'a b' }, 'INVALID_NAME');
  bad({ presence: { beat: 1 } }, 'OUT_OF_RANGE');
  bad({ presence: { beat: 100, silent: 50 } }, 'OUT_OF_RANGE');
  bad({ kept: { copies: 9 } }, 'OUT_OF_RANGE');
  bad({ outbox: { count: 0 } }, 'OUT_OF_RANGE');
  bad({ servers: 1 }, 'UNKNOWN_OPTION');
});

for (const fault of ['cut', 'freeze', 'reset'] as const) {
  t.test(
    `one broker's way to NATS is hit (${fault}) and heals, under load: nothing lost, nothing twice`,
    { skip: noNats },
    async t => {
      const { server, place } = await stage(t);
      const proxy = await FaultProxy.open({ listen: 'tcp://127.0.0.1:0', to: server.address.replace('nats', 'tcp') });
      const near = await place('near');
      const far = new Place(proxy.address.replace('tcp', 'nats'), 'far', ['worker'], {}, { ask: 100, dial: 500 });
      t.teardown(async () => {
        await far.communicator.stop(0);
        await proxy.close();
      });
      await far.join();
      await together(near, far);
      let sent = 0;
      let confirmed = 0;
      const timer = setInterval(() => {
        void near.cluster.forward('far', doIt(sent)).then(() => {
          confirmed += 1;
        });
        sent += 1;
      }, 1);
      t.teardown(() => clearInterval(timer));
      await until('some have come', () => far.taken.length > 100);
      await proxy[fault]();
      await until('it is noticed', () => far.cluster.status.state === 'down');
      if (fault !== 'reset') await until('near sees it gone', () => near.sees.length === 0);
      const at = performance.now();
      await proxy.heal();
      await until('they see each other', () => near.sees.length === 1 && far.cluster.status.state === 'up');
      const back = Math.round(performance.now() - at);
      clearInterval(timer);
      await until('all is confirmed', () => confirmed === sent);
      t.comment(`${fault}: ${sent} messages, they see each other ${back} ms after it healed`);
      t.same(far.taken, numbers(sent));
    },
  );
}
