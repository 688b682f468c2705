// Who stands in line for a turn reads no more meanwhile, and no promise of a handler holds a connection for ever.

import t from 'tap';
import type { Clock } from '../../lib/index.ts';
import { Dispatcher, systemClock } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { StubPlace } from './session/session-stage.ts';
import { gate, stairs, worldOf } from './stairs.ts';
import type { StubChannel } from './stub.ts';

/** So many connections, accepted. */
function arrive(place: StubPlace, count: number): StubChannel[] {
  return Array.from({ length: count }, (_, index) => place.connect(`stub:${index}`));
}

t.test(
  'a link that comes behind a busy one is paused with its first bytes, and flows again after its turn',
  async t => {
    const place = new StubPlace();
    const handled: string[] = [];
    const { communicator } = worldOf(t, { clock: new VirtualClock(), transports: { memory: place } });
    const dispatcher = new Dispatcher().otherwise(({ command }) => handled.push(command));
    await communicator.listen('memory:a', { dispatcher }).ready;
    const [busy, ...others] = arrive(place, 6);
    busy?.says('BUSY\n'.repeat(1_000));
    t.equal(handled.length, 256, 'the busy one had its slice and stands in line');
    for (const channel of others) channel.says('LATER\n');
    t.same([...new Set(handled)], ['BUSY'], 'the line is busy, nobody else was served');
    t.same(
      [busy, ...others].map(channel => channel?.flow),
      Array.from({ length: 6 }, () => 'paused'),
    );
    await until('all is handled', () => handled.length === 1_005);
    await settled();
    t.same(
      [busy, ...others].map(channel => channel?.flow),
      Array.from({ length: 6 }, () => 'flowing'),
      'and all read on',
    );
  },
);

t.test('of many flooders, each is read no more than a chunk ahead while it waits for its turn', async t => {
  const place = new StubPlace();
  const chunk = 10;
  let handled = 0;
  // Time is what the handlers take: a tenth of a millisecond a message, so a round serves a hundred of them.
  const clock: Clock = {
    now: () => handled / 10,
    wall: () => handled / 10,
    after: (ms, run) => systemClock.after(ms, run),
  };
  const { communicator } = worldOf(t, { clock, transports: { memory: place } });
  const dispatcher = new Dispatcher().on('FLOOD', () => {
    handled += 1;
  });
  await communicator.listen('memory:a', { dispatcher }).ready;
  const flooders = arrive(place, 100);
  let given = 0;
  let ahead = 0;
  for (let round = 0; round < 100; round += 1) {
    for (const flooder of flooders) {
      if (flooder.flow !== 'flowing') continue;
      flooder.says('FLOOD\n'.repeat(chunk));
      given += chunk;
    }
    ahead = Math.max(ahead, given - handled);
    await settled(1);
  }
  t.ok(handled >= 5 * chunk, `${handled} handled`);
  t.ok(ahead <= flooders.length * chunk, `${ahead} messages were read ahead of ${flooders.length} flooders`);
  await until('all is handled in the end', () => handled === given);
});

// ---- thenables

type Settle = (value?: unknown) => void;
const member = 'then';

/** Something with a `then` of that kind, as a handler may return it. */
function thenable(then: (resolve: Settle, reject: Settle) => unknown): object {
  return { [member]: then };
}

t.test('a thenable whose `then` throws does not hold its connection', async t => {
  const { client, log } = await stairs(t, {
    rules: dispatcher =>
      dispatcher
        .on('THROWS', () =>
          thenable(() => {
            throw new Error('no then for you');
          }),
        )
        .on('RESOLVES_AND_THROWS', () =>
          thenable(resolve => {
            resolve();
            throw new Error('too late to matter');
          }),
        ),
  });
  const raw = await client();
  raw.send('THROWS\nDAD\n');
  t.equal(await raw.line(), 'INVALID command=THROWS;message=the handler failed\n');
  t.equal(await raw.line(), 'CLIMB\n');
  raw.send('RESOLVES_AND_THROWS\nTOP\n');
  t.equal(await raw.line(), 'WHO\n', 'a throw after the settlement counts for nothing');
  t.same(log.texts('error'), ['handler of THROWS failed: no then for you']);
});

t.test('a thenable that settles twice counts once', async t => {
  const hold = gate();
  let ran = 0;
  const { client, communicator } = await stairs(t, {
    rules: dispatcher =>
      dispatcher
        .on('TWICE', () =>
          thenable((resolve, reject) => {
            resolve();
            resolve();
            reject(new Error('changed its mind'));
          }),
        )
        .on('REJECTS_TWICE', () =>
          thenable((_, reject) => {
            reject(new Error('once'));
            reject(new Error('twice'));
          }),
        )
        .on('HOLD', () => {
          ran += 1;
          return hold.promise;
        }),
  });
  const raw = await client();
  raw.send('TWICE\nREJECTS_TWICE\nDAD\n');
  t.equal(await raw.line(), 'INVALID command=REJECTS_TWICE;message=the handler failed\n');
  t.equal(await raw.line(), 'CLIMB\n');
  raw.send('HOLD\nHOLD\nHOLD\n');
  await until('the first one runs', () => ran > 0);
  await settled();
  t.equal(ran, 1, 'one at a time, as before');
  t.match(communicator.snapshot(), { connections: [{ kind: 'listener' }, { kind: 'peer', handlers: 1 }] });
  hold.open();
  await until('the others had their turn', () => ran === 3);
});

t.test('after such thenables the connection still ends in good order', async t => {
  const { client, communicator } = await stairs(t, {
    rules: dispatcher =>
      dispatcher.on('THROWS', () =>
        thenable(() => {
          throw new Error('no then for you');
        }),
      ),
  });
  const raw = await client();
  raw.send('THROWS\n');
  t.match(await raw.line(), /^INVALID/);
  const stopped = communicator.stop();
  await raw.end();
  raw.socket.end();
  t.match(await stopped, { finished: 2, abandoned: [] });
});
