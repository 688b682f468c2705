// One owner for everything: add, remove, enable, disable, run.

import t from 'tap';
import type { Owned } from '../../lib/index.ts';
import { Communicator, Dispatcher, PermanentClient, Timer } from '../../lib/index.ts';
import { settled, VirtualClock } from '../../lib/testkit/virtual-clock.ts';
import { until, world } from '../support/world.ts';
import { gate, stairs, worldOf } from './stairs.ts';

const names = (connections: readonly Owned[]): string[] => connections.map(({ name }) => name);

t.test('add takes a connection over once, remove ends it once', async t => {
  const { communicator } = worldOf(t);
  const timer = new Timer({ every: 1_000 }, () => undefined);
  t.equal(timer.state, 'idle');
  t.equal(communicator.add(timer), true);
  t.equal(communicator.add(timer), false);
  t.equal(timer.state, 'armed');
  t.equal(communicator.remove(timer), true);
  t.equal(timer.state, 'closed');
  t.equal(communicator.remove(timer), false);
  t.same(communicator.connections, []);
});

t.test('each kind is made, listed by priority and in the order of arrival, and named', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('memory:a', { priority: 200 });
  const client = communicator.permanent('memory:a', { priority: 0, name: 'link' });
  const datagram = communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher() });
  const rotate = communicator.logRotate('udp://127.0.0.1:0', { name: 'rotate' });
  const timer = communicator.timer({ after: 60_000 }, () => undefined);
  const signal = communicator.signal('SIGHUP', () => undefined);
  await Promise.all([listener.ready, datagram.ready, rotate.ready]);
  await until('the client is open', () => client.state === 'open');
  t.same(
    communicator.connections.map(({ kind, name, priority }) => [kind, name, priority]),
    [
      ['permanent client', 'link', 0],
      ['datagram', 'udp://127.0.0.1:0', 100],
      ['log rotate', 'rotate', 100],
      ['timer', 'timer', 100],
      ['signal', 'SIGHUP', 100],
      ['listener', 'memory:a', 200],
      ['peer', 'memory:a#dialler', 200],
    ],
  );
  timer.priority = 255;
  t.equal(communicator.connections.at(-1), timer);
  t.throws(
    () => {
      timer.priority = 256;
    },
    { code: 'OUT_OF_RANGE' },
  );
  t.throws(() => communicator.timer({ after: 1, priority: 1.5 }, () => undefined), { code: 'OUT_OF_RANGE' });
  t.equal(communicator.connections.length, 7, 'what was refused was not added');
  signal.stop();
});

t.test('run resolves with true when nothing is left', async t => {
  const { communicator } = worldOf(t);
  t.equal(await communicator.run(), true, 'at once where nothing was there');
  t.equal(communicator.state, 'idle');
  const timer = communicator.timer({ every: 60_000 }, () => undefined);
  const over = communicator.run();
  t.equal(communicator.state, 'running');
  communicator.remove(timer);
  t.equal(await over, true);
  communicator.timer({ after: 1 }, () => undefined);
  t.equal(await communicator.run(), true, 'and it can run again');
});

t.test('run resolves with false, and says so, when all that is left is disabled', async t => {
  const { communicator, log } = worldOf(t);
  const one = communicator.timer({ every: 60_000, name: 'one' }, () => undefined);
  const two = communicator.timer({ every: 60_000, name: 'two' }, () => undefined);
  one.disable();
  const over = communicator.run();
  await settled();
  t.equal(communicator.state, 'running');
  two.disable();
  t.equal(await over, false);
  t.same(log.texts('fatal'), ['all that is left is disabled: one, two']);
  t.equal(await communicator.run(), false, 'at once where all is disabled already');
  one.enable();
  const again = communicator.run();
  await settled();
  t.equal(communicator.state, 'running');
  communicator.remove(one);
  t.equal(await again, false);
});

t.test('a second run is refused, the first goes on', async t => {
  const { communicator } = worldOf(t);
  communicator.timer({ every: 60_000 }, () => undefined);
  const over = communicator.run();
  await t.rejects(communicator.run(), { code: 'ALREADY_RUNNING' });
  await communicator.stop();
  t.equal(await over, true);
});

t.test('run rejects with the failure of a listener that nobody else looks after', async t => {
  const { address } = await stairs(t);
  const { communicator, log } = worldOf(t);
  communicator.listen(address);
  await t.rejects(communicator.run(), { code: 'LISTEN_FAILED', message: /another program listens there already$/ });
  t.equal(log.texts('error').length, 1);
  t.equal(communicator.state, 'idle');
  t.equal(await communicator.run(), true, 'the failure is told once');

  const late = worldOf(t);
  late.communicator.listen(address);
  await until('it failed', () => late.communicator.connections.length === 0);
  await t.rejects(late.communicator.run(), { code: 'LISTEN_FAILED' }, 'also where it failed before the run');

  const other = worldOf(t);
  other.communicator.bind('udp://192.0.2.1:0', { dispatcher: new Dispatcher() });
  await t.rejects(other.communicator.run(), { code: 'LISTEN_FAILED' }, 'and of a packet socket');
});

t.test('run does not reject where somebody asked for ready', async t => {
  const { address } = await stairs(t);
  const { communicator } = worldOf(t);
  const listener = communicator.listen(address);
  const ready = listener.ready;
  const over = communicator.run();
  await t.rejects(ready, { code: 'LISTEN_FAILED' });
  t.equal(await over, true);
  t.equal(listener.state, 'closed');
});

t.test('a listener that is stopped before it listens says so', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('tcp://127.0.0.1:0');
  const ready = listener.ready;
  communicator.remove(listener);
  await t.rejects(ready, { code: 'CLOSED' });
  t.equal(await communicator.run(), true);
});

t.test('a listener that is disabled keeps connections waiting, and greets them when enabled', async t => {
  const made = await stairs(t, { listen: { accepted: peer => peer.send('HI') } });
  const [listener] = made.communicator.connections.filter(({ kind }) => kind === 'listener');
  if (listener === undefined || !('disable' in listener && 'enable' in listener)) throw new Error('no listener');
  const switched = listener as unknown as { disable(): void; enable(): void };
  switched.disable();
  const raw = await made.client();
  raw.send('DAD\n');
  await settled(100);
  t.equal(raw.text, '');
  t.same(names(made.communicator.connections), ['tcp://127.0.0.1:0']);
  switched.enable();
  t.equal(await raw.line(), 'HI\n');
  t.equal(await raw.line(), 'CLIMB\n');
});

t.test('a connection that is disabled handles nothing, and all of it when enabled', async t => {
  const { communicator } = worldOf(t);
  const handled: string[] = [];
  const dispatcher = new Dispatcher().otherwise(({ command }) => handled.push(command));
  const listener = communicator.listen('memory:a', {
    dispatcher,
    accepted: peer => {
      peer.disable();
      waiting.open(peer);
    },
  });
  const waiting = gate<{ enable(): void; disable(): void }>();
  await listener.ready;
  const client = communicator.permanent('memory:a', { dispatcher });
  client.send('ONE');
  const peer = await waiting.promise;
  client.send('TWO');
  await settled();
  t.same(handled, []);
  peer.enable();
  await until('both are handled', () => handled.length === 2);
  t.same(handled, ['ONE', 'TWO']);
  peer.disable();
  client.send('THREE');
  await settled();
  t.equal(handled.length, 2);
  communicator.remove(client);
  await settled();
  peer.enable();
  await until('the last one too, although its sender is gone', () => handled.length === 3);
});

t.test('timers, signals and datagrams that are disabled do nothing', async t => {
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock });
  let count = 0;
  const act = (): void => {
    count += 1;
  };
  const timer = communicator.timer({ every: 10 }, act);
  const signal = communicator.signal('SIGHUP', act);
  const datagram = communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher().on('ACT', act) });
  const address = await datagram.ready;
  for (const one of [timer, signal, datagram]) one.disable();
  await clock.advance(25);
  process.emit('SIGHUP');
  await datagram.sendTo(address, 'ACT');
  await until('the packet came', () => datagram.snapshot().received === 1);
  t.equal(count, 0);
  for (const one of [timer, signal, datagram]) one.enable();
  await clock.advance(5);
  process.emit('SIGHUP');
  await datagram.sendTo(address, 'ACT');
  await until('all three act', () => count === 3);
});

t.test('two communicators in one process know nothing of each other', async t => {
  const one = await stairs(t);
  const two = await stairs(t);
  const [a, b] = [await one.client(), await two.client()];
  const over = [one.communicator.run(), two.communicator.run()];
  a.send('QUIT\n');
  t.equal(await over[0], true);
  t.equal(two.communicator.state, 'running');
  b.send('DAD\n');
  t.equal(await b.line(), 'CLIMB\n');
  await two.communicator.stop();
  t.equal(await over[1], true);
});

t.test('the snapshot is plain data', async t => {
  const { communicator } = worldOf(t);
  communicator.listen('memory:a');
  const client = communicator.permanent(['memory:a', 'tcp://127.0.0.1:1']);
  communicator.permanent('memory:nobody');
  communicator.bind('udp://127.0.0.1:0', { dispatcher: new Dispatcher() });
  communicator.timer({ every: 1_000 }, () => undefined);
  communicator.signal('SIGHUP', () => undefined);
  await until('the client is open', () => client.state === 'open');
  const snapshot = communicator.snapshot();
  t.same(structuredClone(snapshot), snapshot);
  const text = JSON.stringify(snapshot);
  t.same(JSON.parse(text), JSON.parse(JSON.stringify(structuredClone(snapshot))));
  t.equal(snapshot.connections.length, 7);
  t.match(snapshot, { state: 'idle', idleTime: Number });
  t.match(
    snapshot.connections.find(({ name }) => name === 'memory:nobody'),
    { kind: 'permanent client', attempt: Number, lastError: 'cannot reach memory:nobody: nobody listens there' },
  );
});

t.test('showConnections writes one line for each', async t => {
  const { communicator, log } = worldOf(t);
  communicator.timer({ every: 1_000, name: 'tick' }, () => undefined).disable();
  communicator.permanent('memory:nobody');
  communicator.showConnections();
  communicator.showConnections('info');
  const lines = ['timer tick is armed, disabled', 'permanent client memory:nobody is dialing'];
  t.same(log.texts('debug'), lines);
  t.same(log.texts('info'), lines);
});

t.test('idleTime grows while the process waits', async t => {
  const { communicator } = worldOf(t);
  const before = communicator.idleTime;
  await until('it has waited', () => communicator.idleTime > before);
  t.ok(communicator.idleTime > before);
});

t.test('wrong options are refused, and nothing is made', async t => {
  t.throws(() => world({ drain: -1 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => world({ turn: { messages: 0 } }), { code: 'OUT_OF_RANGE' });
  t.throws(() => new Communicator(JSON.parse('{"loger":1}')), { code: 'UNKNOWN_OPTION' });
  const { communicator } = worldOf(t);
  t.throws(() => communicator.listen('nonsense'), { code: 'INVALID_ADDRESS' });
  t.throws(() => communicator.permanent([]), { code: 'INVALID_ADDRESS' });
  t.throws(() => new PermanentClient('tcp://a:1', { limits: { line: 0 } }), { code: 'OUT_OF_RANGE' });
  const unserved = { code: 'INVALID_ADDRESS', message: /there is no transport for carrier-pigeon:/ };
  t.throws(() => communicator.listen('carrier-pigeon://a:1'), unserved);
  t.throws(() => communicator.permanent('carrier-pigeon://a:1'), unserved);
  t.same(communicator.connections, []);
});
