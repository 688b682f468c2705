// Nobody waits long for somebody busy. Told by the order of what happens, never by milliseconds.

import t from 'tap';
import { Dispatcher, Message } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { gate, stairs, worldOf } from './stairs.ts';

const flood = 200_000;

t.test('a flood of 200,000 lines lets a quiet peer, a timer and a higher priority have their turn', async t => {
  let handled = 0;
  const turns: Record<string, number> = {};
  const noted = (name: string): void => {
    turns[name] ??= handled;
  };
  const dispatcher = new Dispatcher()
    .on('FLOOD', () => {
      handled += 1;
    })
    .on('QUIET', (message, peer) => {
      noted('quiet');
      peer.send(message.reply('HEARD'));
    })
    .on('URGENT', () => noted('urgent'));
  const made = await stairs(t, { listen: { dispatcher } });
  const urgent = made.communicator.listen('tcp://127.0.0.1:0', { dispatcher, priority: 1 });
  const urgentClient = made.communicator.connect(await urgent.ready);
  const [flooder, quiet] = [await made.client(), await made.client()];
  await until('the urgent client is open', () => urgentClient.state === 'open');

  flooder.send('FLOOD\n'.repeat(flood));
  await until('the flood is under way', () => handled > 0);
  quiet.send('QUIET\n');
  urgentClient.send('URGENT');
  made.communicator.timer({ after: 0 }, () => noted('timer'));
  t.equal(await quiet.line(), 'HEARD\n');
  await until('all is handled', () => handled === flood);
  for (const name of ['quiet', 'urgent', 'timer']) {
    t.ok((turns[name] ?? flood) < flood / 2, `${name} had its turn after ${turns[name]} of ${flood}`);
  }
});

t.test('a thousand lines of each of three go 256 at a time, in turn', async t => {
  const order: string[] = [];
  const { communicator } = worldOf(t, { clock: new VirtualClock() });
  const listener = communicator.listen('memory:a', {
    dispatcher: new Dispatcher().otherwise(({ command }) => order.push(command)),
  });
  await listener.ready;
  const clients = ['A', 'B', 'C'].map(name => communicator.permanent('memory:a', { name }));
  await until('all are open', () => clients.every(({ state }) => state === 'open'));
  for (const client of clients) for (let count = 0; count < 1_000; count += 1) client.send(client.name);
  await until('all is handled', () => order.length === 3_000);
  const done: Record<string, number> = { A: 0, B: 0, C: 0 };
  let apart = 0;
  for (const name of order) {
    done[name] = (done[name] ?? 0) + 1;
    const counts = Object.values(done);
    apart = Math.max(apart, Math.max(...counts) - Math.min(...counts));
  }
  t.ok(apart <= 512, `they were ${apart} apart`);
  t.same(done, { A: 1_000, B: 1_000, C: 1_000 });
  t.same(
    order.slice(0, 256),
    Array.from({ length: 256 }, () => 'A'),
  );
  t.ok(order.indexOf('B') <= 512);
  t.ok(order.indexOf('C') <= 768);
});

t.test('who stands in line is served by priority', async t => {
  const order: string[] = [];
  const { communicator } = worldOf(t, { clock: new VirtualClock(), turn: { messages: 10 } });
  const listeners = [200, 5, 100].map(priority =>
    communicator.listen(`memory:${priority}`, {
      priority,
      dispatcher: new Dispatcher().otherwise(() => order.push(String(priority))),
    }),
  );
  await Promise.all(listeners.map(({ ready }) => ready));
  const clients = [200, 5, 100].map(priority => communicator.permanent(`memory:${priority}`));
  await until('all are open', () => clients.every(({ state }) => state === 'open'));
  for (const client of clients) for (let count = 0; count < 30; count += 1) client.send('WORK');
  await until('all is handled', () => order.length === 90);
  const slices = order.filter((_, index) => index % 10 === 0);
  // The first came when nobody stood in line.
  t.same(slices, ['200', '5', '100', '200', '5', '100', '200', '5', '100']);
});

t.test('slow handlers give way after 5 ms, however few they were', async t => {
  const clock = new (class extends VirtualClock {
    spent = 0;
    override now(): number {
      return super.now() + this.spent;
    }
  })();
  const order: string[] = [];
  const { communicator } = worldOf(t, { clock });
  const listener = communicator.listen('memory:a', {
    dispatcher: new Dispatcher().otherwise(({ command }) => {
      order.push(command);
      clock.spent += 1.5;
    }),
  });
  await listener.ready;
  const clients = ['A', 'B'].map(name => communicator.permanent('memory:a', { name }));
  await until('all are open', () => clients.every(({ state }) => state === 'open'));
  for (const client of clients) for (let count = 0; count < 12; count += 1) client.send(client.name);
  let rounds = 0;
  while (order.length < 24 && rounds < 100) {
    await settled(1);
    rounds += 1;
    t.ok(order.length <= 10 * rounds + 8, `${order.length} after ${rounds} rounds of the loop`);
  }
  const slices = Array.from({ length: 6 }, (_, index) => order.slice(index * 4, index * 4 + 4).join(''));
  t.same([...slices].sort(), ['AAAA', 'AAAA', 'AAAA', 'BBBB', 'BBBB', 'BBBB'], '6 ms are more than 5, 4.5 are not');
  t.ok(slices.indexOf('BBBB') <= 2, slices.join(' '));
});

t.test('an asynchronous handler holds its own connection, and no other', async t => {
  const work = gate();
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('SLOW', async (message, peer) => {
        await work.promise;
        peer.send(message.reply('DONE'));
      });
    },
  });
  const [raw, other] = [await made.client(), await made.client()];
  raw.send('SLOW\nDAD\nTOP\n');
  other.send('DAD\n');
  t.equal(await other.line(), 'CLIMB\n');
  await settled(50);
  t.equal(raw.rest, '');
  work.open();
  t.equal(await raw.take(15), 'DONE\nCLIMB\nWHO\n');
});

t.test('a held connection is not read without end', async t => {
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('SLOW', () => new Promise(() => undefined));
    },
  });
  const raw = await made.client();
  raw.send('SLOW\n');
  const chunk = Buffer.from('DAD\n'.repeat(256 * 1024));
  for (let count = 0; count < 24; count += 1) raw.send(chunk);
  await settled(200);
  t.ok(raw.socket.writableLength > 8 * chunk.length, 'most of it still waits at its sender');
});

t.test('concurrency lets several run at once, and no more', async t => {
  const gates = Array.from({ length: 5 }, () => gate());
  const begun: number[] = [];
  const made = await stairs(t, {
    listen: {
      concurrency: 3,
      dispatcher: new Dispatcher().on('WORK', async (message, peer) => {
        const number = message.integer('n');
        begun.push(number);
        await gates[number]?.promise;
        peer.send(message.reply('DONE', { n: number }));
      }),
      accepted: peer => peer.send('HI'),
    },
  });
  const raw = await made.client();
  t.equal(await raw.line(), 'HI\n');
  raw.send('WORK n=0\nWORK n=1\nWORK n=2\nWORK n=3\nWORK n=4\n');
  await until('three have begun', () => begun.length === 3);
  await settled(20);
  t.same(begun, [0, 1, 2]);
  gates[1]?.open();
  t.equal(await raw.line(), 'DONE n=1\n');
  await until('the next has begun', () => begun.length === 4);
  t.same(begun, [0, 1, 2, 3]);
  for (const one of gates) one.open();
  const rest = [await raw.line(), await raw.line(), await raw.line(), await raw.line()];
  t.same(rest.sort(), ['DONE n=0\n', 'DONE n=2\n', 'DONE n=3\n', 'DONE n=4\n']);
  t.same(begun, [0, 1, 2, 3, 4], 'begun in the order of arrival');
});

t.test('with concurrency, what a peer sent before its end is all handled before ours', async t => {
  const made = await stairs(t, {
    listen: {
      concurrency: 2,
      accepted: peer => peer.send('HI'),
      dispatcher: new Dispatcher().on('WORK', async (message, peer) => {
        await settled(3);
        peer.send(Message.of('DONE', { n: message.get('n') }));
      }),
    },
  });
  const raw = await made.client();
  raw.send(Array.from({ length: 9 }, (_, n) => `WORK n=${n}\n`).join(''));
  raw.socket.end();
  await raw.end();
  t.equal(raw.text.split('\n').length - 1, 10);
  t.ok(raw.text.includes('DONE n=8\n'));
});
