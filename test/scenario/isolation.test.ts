// A handler or a greeting that fails harms one message, at most one connection, and never the process.
// (An unhandled rejection anywhere fails the test it belongs to.)

import t from 'tap';
import { Dispatcher, defineMessage, integer, PeerError } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { gate, stairs, worldOf } from './stairs.ts';

const broken = new Error('broken');

const handlers: readonly (readonly [string, () => unknown, string])[] = [
  [
    'throws',
    () => {
      throw broken;
    },
    'broken',
  ],
  ['rejects', () => Promise.reject(broken), 'broken'],
  [
    'rejects later',
    async () => {
      await settled(2);
      throw broken;
    },
    'broken',
  ],
  [
    'throws no error',
    () => {
      throw 'a text';
    },
    'a text',
  ],
  ['rejects with nothing', () => Promise.reject(), 'undefined'],
];

for (const [what, handler, words] of handlers) {
  t.test(`a handler that ${what} is logged once, its sender gets INVALID, the next message works`, async t => {
    const made = await stairs(t, { rules: dispatcher => void dispatcher.on('BREAK', handler) });
    const [raw, other] = [await made.client(), await made.client()];
    raw.send('<s:v BREAK a=1\nDAD\n');
    other.send('DAD\n');
    t.equal(await raw.line(), 's:v/INVALID command=BREAK;message=the handler failed\n');
    t.equal(await raw.line(), 'CLIMB\n');
    t.equal(await other.line(), 'CLIMB\n');
    const errors = made.log.lines.filter(({ severity }) => severity === 'error');
    t.equal(errors.length, 1);
    t.match(errors[0], {
      message: `handler of BREAK failed: ${words}`,
      fields: { command: 'BREAK', connection: /^tcp:\/\/127\.0\.0\.1:\d+$/ },
    });
    t.ok(errors[0]?.fields && 'error' in errors[0].fields);
    t.notOk(raw.ended);
  });
}

t.test('what a handler tells with a PeerError goes back in its words', async t => {
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher
        .on(defineMessage('COUNT', { n: integer() }), (message, peer) => {
          peer.send(message.reply('NEXT', { n: message.parameters.n + 1 }));
        })
        .on('PICK', message => {
          throw new PeerError('INVALID_PARAMETER', 'not today', message.command);
        });
    },
  });
  const raw = await made.client();
  raw.send('COUNT n=x\nCOUNT\nCOUNT n=2\nPICK\n');
  t.equal(await raw.line(), 'INVALID command=COUNT;message=parameter n: "x" is no integer\n');
  t.equal(await raw.line(), 'INVALID command=COUNT;message=parameter n: it is missing\n');
  t.equal(await raw.line(), 'NEXT n=3\n');
  t.equal(await raw.line(), 'INVALID command=PICK;message=not today\n');
  t.same(made.log.texts('error'), []);
});

t.test('an observer that rejects and a handler that throws fail once, together', async t => {
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher
        .observe('BREAK', () => Promise.reject(new Error('observer broken')))
        .on('BREAK', () => {
          throw broken;
        });
    },
  });
  const raw = await made.client();
  raw.send('BREAK\nDAD\n');
  t.equal(await raw.line(), 'INVALID command=BREAK;message=the handler failed\n');
  t.equal(await raw.line(), 'CLIMB\n');
  await settled();
});

t.test('two promises that reject fail once', async t => {
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.observe('BREAK', () => Promise.reject(broken)).on('BREAK', () => Promise.reject(broken));
    },
  });
  const raw = await made.client();
  raw.send('BREAK\nDAD\n');
  t.equal(await raw.line(), 'INVALID command=BREAK;message=the handler failed\n');
  t.equal(await raw.line(), 'CLIMB\n');
  t.equal(made.log.texts('error').length, 1);
});

t.test('a handler that fails after its peer has gone disturbs nobody', async t => {
  const work = gate();
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.on('SLOW', async (message, peer) => {
        await work.promise;
        peer.send(message.reply('DONE'));
      });
    },
  });
  const raw = await made.client();
  const other = await made.client();
  raw.send('SLOW\n');
  await until('it runs', () => made.communicator.snapshot().connections.some(({ handlers }) => handlers === 1));
  raw.socket.resetAndDestroy();
  await until('the peer is gone', () => made.communicator.connections.length === 2);
  work.open();
  await settled();
  other.send('DAD\n');
  t.equal(await other.line(), 'CLIMB\n');
  t.same(made.log.texts('error'), [], 'a peer that left is no error of ours');
});

for (const [what, accepted] of [
  [
    'throws',
    () => {
      throw broken;
    },
  ],
  ['rejects', () => Promise.reject(broken)],
  [
    'waits for an answer that never comes',
    async (peer: { request(command: string): Promise<unknown> }) => void (await peer.request('WHO')),
  ],
] as const) {
  t.test(`a greeting of a peer that ${what} ends that peer at most, and is logged once`, async t => {
    const greeted: string[] = [];
    const made = await stairs(t, {
      listen: {
        accepted: peer => {
          greeted.push(peer.name);
          return greeted.length === 1 ? accepted(peer) : peer.send('HI');
        },
      },
    });
    const raw = await made.client();
    await until('it was greeted', () => greeted.length === 1);
    await settled();
    raw.socket.resetAndDestroy();
    await until('it is gone', () => made.communicator.connections.length === 1);
    await settled();
    const other = await made.client();
    other.send('DAD\n');
    t.equal(await other.take(9), 'HI\nCLIMB\n');
    t.equal(made.log.texts().filter(text => text.startsWith('greeting failed: ')).length, 1);
  });
}

t.test('an event listener of a peer that throws or rejects is logged, and no more', async t => {
  const made = await stairs(t, {
    listen: {
      accepted: peer => {
        peer.send('HI');
        peer.on('close', () => Promise.reject(broken));
        peer.on('close', () => {
          throw broken;
        });
      },
    },
  });
  const raw = await made.client();
  t.equal(await raw.line(), 'HI\n');
  raw.socket.end();
  await until('it is gone', () => made.communicator.connections.length === 1);
  await settled();
  t.same([...new Set(made.log.texts('error'))], ['a listener of "close" failed: broken']);
  const [listener] = made.communicator.snapshot().connections;
  t.match(listener, { kind: 'listener', peers: 0 });
});

t.test('a datagram handler that throws or rejects is counted, the next packet is handled', async t => {
  const { communicator, log } = worldOf(t);
  let handled = 0;
  const dispatcher = new Dispatcher()
    .on('THROW', () => {
      throw broken;
    })
    .on('REJECT', () => Promise.reject(broken))
    .on('WORK', () => {
      handled += 1;
    });
  const datagram = communicator.bind('udp://127.0.0.1:0', { dispatcher });
  const address = await datagram.ready;
  for (const command of ['THROW', 'REJECT', 'WORK']) await datagram.sendTo(address, command);
  await until('the last is handled', () => handled === 1);
  await settled();
  t.match(datagram.snapshot(), { received: 3, failed: 2 });
  t.same(log.texts('error'), ['handler of THROW failed: broken', 'handler of REJECT failed: broken']);
});
