// The end in good order: what is under way finishes, the deadline holds, the report tells.

import t from 'tap';
import { Dispatcher } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { RawServer } from './raw.ts';
import type { StairsOptions } from './stairs.ts';
import { gate, stairs, worldOf } from './stairs.ts';

const slow = (work: Promise<void>): NonNullable<StairsOptions['rules']> => {
  return dispatcher => {
    dispatcher.on('SLOW', async (message, peer) => {
      await work;
      peer.send(message.reply('DONE'));
    });
  };
};

t.test('with nothing to do it is done at once', async t => {
  const { communicator, log } = worldOf(t);
  const report = await communicator.stop();
  t.match(report, { finished: 0, abandoned: [] });
  t.equal(communicator.state, 'idle');
  t.match(log.texts('info'), [/^stopped in \d+ ms: 0 finished, 0 abandoned$/]);
});

t.test('a running handler finishes, and its answer goes out; nothing new is begun', async t => {
  const work = gate();
  const made = await stairs(t, { rules: slow(work.promise) });
  const raw = await made.client();
  raw.send('SLOW\nDAD\n');
  const peer = (): Record<string, unknown> | undefined =>
    made.communicator.snapshot().connections.find(({ kind }) => kind === 'peer');
  await until('the handler runs', () => peer()?.handlers === 1);
  const over = made.communicator.run();
  const stopping = made.communicator.stop();
  t.equal(made.communicator.state, 'stopping');
  raw.send('DAD\n');
  await settled(50);
  t.notOk(raw.ended);
  t.same(
    made.communicator.connections.map(({ kind, state }) => [kind, state]),
    [['peer', 'draining']],
  );
  work.open();
  await raw.end();
  t.equal(raw.rest, 'DONE\n');
  raw.socket.end();
  t.match(await stopping, { finished: 2, abandoned: [] });
  t.equal(await over, true);
});

t.test('at the deadline the rest is destroyed, and reported', async t => {
  const clock = new VirtualClock();
  const made = await stairs(t, { rules: slow(new Promise(() => undefined)), communicator: { clock } });
  const raw = await made.client();
  const idle = await made.client();
  raw.send('SLOW\n');
  await until('the handler runs', () =>
    made.communicator.snapshot().connections.some(({ handlers }) => handlers === 1),
  );
  const stopping = made.communicator.stop(300);
  await idle.end();
  idle.socket.end();
  await clock.advance(299);
  t.notOk(raw.closed);
  await clock.advance(1);
  const report = await stopping;
  await raw.end();
  t.match(report, {
    finished: 2,
    abandoned: [{ kind: 'peer', name: /^tcp:/, messages: 0, handlers: 1 }],
    milliseconds: 300,
  });
  t.equal(report.abandoned.length, 1);
  t.match(
    made.log.lines.filter(({ severity }) => severity === 'warn'),
    [{ message: 'abandoned at stop', fields: { handlers: 1, connection: report.abandoned[0]?.name } }],
  );
});

t.test('what a client could not send is in the report', async t => {
  const server = await RawServer.listen();
  const address = server.address;
  server.close();
  const { communicator } = worldOf(t);
  const client = communicator.permanent(address);
  client.send('ONE');
  client.send('TWO');
  t.match(await communicator.stop(), {
    finished: 0,
    abandoned: [{ kind: 'permanent client', name: address, messages: 2, bytes: 0, handlers: 0 }],
  });
});

t.test('the default deadline is 10 s, and `drain` sets it', async t => {
  for (const [options, deadline] of [
    [{}, 10_000],
    [{ drain: 70 }, 70],
  ] as const) {
    const clock = new VirtualClock();
    const made = await stairs(t, {
      rules: slow(new Promise(() => undefined)),
      communicator: { clock, ...options },
    });
    const raw = await made.client();
    raw.send('SLOW\n');
    await until('the handler runs', () =>
      made.communicator.snapshot().connections.some(({ handlers }) => handlers === 1),
    );
    const stopping = made.communicator.stop();
    await clock.advance(deadline - 1);
    t.equal(made.communicator.state, 'stopping');
    await clock.advance(1);
    t.match(await stopping, { abandoned: [{ handlers: 1 }] });
  }
});

t.test('stop again gives the same promise, and after the end a new one', async t => {
  const made = await stairs(t);
  const raw = await made.client();
  const first = made.communicator.stop();
  t.equal(made.communicator.stop(), first);
  t.equal(made.communicator.stop(1), first);
  raw.socket.end();
  const report = await first;
  t.equal(report.finished, 2);
  const second = made.communicator.stop();
  t.not(second, first);
  t.match(await second, { finished: 0 });
});

t.test('after a stop the communicator can be used again', async t => {
  const { communicator } = worldOf(t);
  await communicator.stop();
  communicator.timer({ after: 1 }, () => undefined);
  t.equal(await communicator.run(), true);
});

t.test('what is added while stopping is ended at once', async t => {
  const work = gate();
  const made = await stairs(t, { rules: slow(work.promise) });
  const raw = await made.client();
  raw.send('SLOW\n');
  await until('the handler runs', () =>
    made.communicator.snapshot().connections.some(({ handlers }) => handlers === 1),
  );
  const stopping = made.communicator.stop();
  const timer = made.communicator.timer({ every: 1 }, () => undefined);
  const client = made.communicator.permanent(made.address);
  const listener = made.communicator.listen('tcp://127.0.0.1:0');
  t.same([timer.state, client.state, listener.state], ['closed', 'closed', 'closed']);
  work.open();
  raw.socket.end();
  t.match(await stopping, { abandoned: [] });
});

for (const [what, stops] of [
  ['a handler', (stop: () => Promise<unknown>) => void stop()],
  ['a handler that returns its promise', (stop: () => Promise<unknown>) => stop()],
  ['an asynchronous handler that awaits it', async (stop: () => Promise<unknown>) => void (await stop())],
] as const) {
  t.test(`stop called in ${what} does not wait for itself`, async t => {
    const clock = new VirtualClock();
    let report: unknown;
    const made = await stairs(t, {
      communicator: { clock },
      rules: (dispatcher, communicator) => {
        dispatcher.on('HALT', () => stops(() => communicator.stop().then(told => (report = told))));
      },
    });
    const raw = await made.client();
    const other = await made.client();
    const over = made.communicator.run();
    raw.send('HALT\n');
    for (const one of [raw, other]) {
      await one.end();
      one.socket.end();
    }
    t.equal(await over, true);
    t.match(report, { finished: 3, abandoned: [], milliseconds: 0 }, 'no deadline was needed');
  });
}

t.test('a handler that waits for a stop it called late is abandoned at the deadline', async t => {
  const clock = new VirtualClock();
  const made = await stairs(t, {
    communicator: { clock },
    rules: (dispatcher, communicator) => {
      dispatcher.on('HALT', async () => {
        await settled();
        await communicator.stop();
      });
    },
  });
  const raw = await made.client();
  const over = made.communicator.run();
  raw.send('HALT\n');
  await until('it stops', () => made.communicator.state === 'stopping');
  await settled();
  await clock.advance(10_000);
  t.equal(await over, true);
});

t.test('a handler that waits for an answer gets it while its connection drains', async t => {
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('ASK', async (message, peer) => {
        const answer = await peer.request('WHICH');
        peer.send(message.reply('GOT', { which: answer.get('which') }));
      });
    },
  });
  const raw = await made.client();
  raw.send('ASK\n');
  t.equal(await raw.line(), 'WHICH _request=1\n');
  const stopping = made.communicator.stop();
  raw.send('THIS _answer=1;which=one\n');
  t.equal(await raw.line(), 'GOT which=one\n');
  raw.socket.end();
  t.match(await stopping, { finished: 2, abandoned: [] });
});

t.test('clients that listen to each other stop together', async t => {
  const made = await stairs(t);
  const { communicator } = worldOf(t);
  const clients = Array.from({ length: 5 }, () =>
    communicator.permanent(made.address, { dispatcher: new Dispatcher().otherwiseUnknown() }),
  );
  await until('all are open', () => clients.every(({ state }) => state === 'open'));
  const [there, here] = await Promise.all([made.communicator.stop(), communicator.stop()]);
  t.same([there.abandoned, here.abandoned], [[], []]);
});
