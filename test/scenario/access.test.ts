// Who may, and what must fit its definition: asked of each message before a handler sees it.

import dgram from 'node:dgram';
import t from 'tap';
import type { Allow } from '../../lib/index.ts';
import {
  allow,
  Definitions,
  Dispatcher,
  defineMessage,
  forbidden,
  integer,
  memory,
  oneOf,
  parseAddress,
  string,
} from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { stairs, worldOf } from './stairs.ts';

const notYou: Allow = allow.when(['QUIT', 'DAD'], () => 'not you');

t.test('who may not is answered INVALID, is logged, and stays', async t => {
  const { client, log, communicator } = await stairs(t, { listen: { allow: notYou } });
  const raw = await client();
  raw.send('QUIT\n<a:b c:d/DAD\nTOP\n');
  t.equal(await raw.line(), 'INVALID command=QUIT;message=QUIT is not allowed: not you\n');
  t.equal(await raw.line(), 'a:b/INVALID command=DAD;message=DAD is not allowed: not you\n');
  t.equal(await raw.line(), 'WHO\n', 'the link goes on');
  t.ok(log.lines.some(({ severity, fields }) => severity === 'warn' && fields.code === 'NOT_ALLOWED'));
  t.ok(communicator.connections.length > 1, 'it was not stopped');
});

t.test('on loopback QUIT is accepted by default', async t => {
  const { client, communicator } = await stairs(t);
  const raw = await client();
  raw.send('QUIT\n');
  await raw.end();
  await until('the communicator has ended', () => communicator.connections.length === 0);
  t.same(communicator.connections, []);
});

t.test('a rule sees the present link and the peer, and a client has none', async t => {
  const seen: string[] = [];
  const transports = { memory: memory() };
  const { communicator } = worldOf(t, { transports });
  const dispatcher = new Dispatcher().on('STOP', (_, peer) => peer.send('STOP'));
  const rule: Allow = ({ command }, { remote, peer, origin, certificate }) => {
    seen.push(`${command} ${remote} ${peer.remote} ${origin} ${certificate}`);
    return true;
  };
  communicator.listen('memory:place', { dispatcher, allow: rule });
  const stopped: string[] = [];
  const heard = new Dispatcher().on('STOP', ({ command }) => stopped.push(command));
  const client = communicator.connect('memory:place', { dispatcher: heard });
  client.send('STOP');
  await until('the client has heard STOP', () => stopped.length > 0);
  t.same(seen, ['STOP memory:place#dialler memory:place#dialler undefined undefined']);
});

t.test('a datagram whose sender may not is dropped and counted', async t => {
  const { communicator, log } = worldOf(t);
  const done: string[] = [];
  const dispatcher = new Dispatcher().on(/./, ({ command }) => done.push(command));
  const datagram = communicator.bind('udp://127.0.0.1:0', { dispatcher, allow: notYou });
  const { host, port } = parseAddress(await datagram.ready);
  const socket = dgram.createSocket('udp4');
  t.teardown(() => socket.close());
  for (const line of ['QUIT', 'TOP']) socket.send(line, port, host);
  await until('both came', () => datagram.snapshot().received === 2);
  t.match(datagram.snapshot(), { notAllowed: 1, handled: 1 });
  t.same(done, ['TOP']);
  t.ok(log.texts('warn').includes('dropped: QUIT is not allowed'));
});

const EVENT = defineMessage('EVENT', {
  id: integer({ min: 1, max: 9 }),
  kind: oneOf(['in', 'out'], { optional: true }),
  text: string({ empty: false }),
  old: forbidden(),
});

t.test('a message that does not fit gets every reason at once, whatever rule would take it', async t => {
  const definitions = new Definitions([EVENT], { checkSent: false });
  const taken: string[] = [];
  const { client } = await stairs(t, {
    listen: { dispatcher: new Dispatcher({ definitions }).on(/^E/, ({ command }) => taken.push(command)) },
  });
  const raw = await client();
  raw.send('EVENT id=10;kind=up;text=;old=1\nEVENT id=9;kind=in;text=x\nEND\n');
  t.equal(
    await raw.line(),
    'INVALID command=EVENT;message=parameter id: 10 is more than 9, parameter kind: "up" is none of in, out, ' +
      'parameter text: it is empty, parameter old: it is forbidden\n',
  );
  await until('the good ones', () => taken.length === 2);
  t.same(taken, ['EVENT', 'END']);
});

t.test('in development a message that does not fit is refused where it is sent, on every way', async t => {
  const definitions = new Definitions([EVENT], { checkSent: true });
  const { communicator } = worldOf(t, { transports: { memory: memory() } });
  const dispatcher = new Dispatcher({ definitions });
  const wrong = { name: 'UsageError', code: 'INVALID_VALUE', message: /EVENT does not fit/ };
  const codes: unknown[] = [];
  const listener = communicator.listen('memory:place', {
    dispatcher,
    accepted: async peer => {
      t.throws(() => peer.send('EVENT'), wrong);
      await t.rejects(peer.deliver('EVENT'), wrong);
      await t.rejects(peer.request('EVENT'), wrong);
      codes.push('listener');
    },
  });
  await listener.ready;
  const client = communicator.connect('memory:place', {
    dispatcher,
    opened: link => {
      t.throws(() => link.send('EVENT'), wrong);
      codes.push('greeting');
    },
  });
  t.throws(() => client.send('EVENT'), wrong);
  await t.rejects(client.deliver('EVENT'), wrong);
  await t.rejects(client.request('EVENT'), wrong);
  await until('both sides were asked', () => codes.length === 2);
  const datagram = communicator.bind('udp://127.0.0.1:0', { dispatcher });
  await t.rejects(datagram.sendTo(await datagram.ready, 'EVENT'), wrong);
});
