// What run() waits for keeps the process alive; what has ended is not taken over; what is destroyed takes no more.

import { spawn } from 'node:child_process';
import t from 'tap';
import type { Peer } from '../../lib/index.ts';
import { Datagram, Dispatcher, Listener, Message, PermanentClient, Signal, Timer } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { permanentStage } from './client-stage.ts';
import { stairs, worldOf } from './stairs.ts';

t.test('a run that waits for a signal alone keeps the process alive until the signal comes', async t => {
  const lib = new URL('../../lib/index.js', import.meta.url).href;
  const program = `
    import { Communicator } from '${lib}';
    const communicator = new Communicator();
    communicator.signal('SIGHUP', () => communicator.stop());
    process.stdout.write('ready');
    process.stdout.write(String(await communicator.run()));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended = new Promise<number | null>(resolve => child.once('close', resolve));
  await until('it runs', () => output === 'ready');
  // A process with nothing to wait for would be gone long before this one has started and ended.
  const another = spawn(process.execPath, ['-e', '0']);
  await new Promise(resolve => another.once('close', resolve));
  t.equal(child.exitCode, null);
  child.kill('SIGHUP');
  t.equal(await ended, 0);
  t.equal(output, 'readytrue');
});

t.test('a run that is over does not keep the process alive', async t => {
  const lib = new URL('../../lib/index.js', import.meta.url).href;
  const program = `
    import { Communicator } from '${lib}';
    const communicator = new Communicator();
    communicator.timer({ every: 60_000 }, () => undefined);
    setTimeout(() => communicator.stop(), 1);
    process.stdout.write(String(await communicator.run()));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
  t.teardown(() => child.kill('SIGKILL'));
  t.equal(await new Promise(resolve => child.once('close', resolve)), 0);
});

const dispatcher = new Dispatcher();
const kinds = {
  'permanent client': () => new PermanentClient('memory:nobody'),
  listener: () => new Listener('memory:a'),
  datagram: () => new Datagram('udp://127.0.0.1:0', { dispatcher }),
  timer: () => new Timer({ every: 1_000 }, () => undefined),
  signal: () => new Signal('SIGHUP', () => undefined),
};

for (const [kind, make] of Object.entries(kinds)) {
  t.test(`a ${kind} that has ended cannot be added, and nothing is left behind`, async t => {
    const { communicator } = worldOf(t);
    const unused = make();
    unused.stop();
    t.throws(() => communicator.add(unused), { code: 'ILLEGAL_STEP' });
    t.equal(communicator.connections.length, 0);
    const used = make();
    communicator.add(used);
    communicator.remove(used);
    t.throws(() => communicator.add(used), { code: 'ILLEGAL_STEP' });
    t.equal(communicator.connections.length, 0);
  });
}

t.test('a peer that was closed for being slow takes nothing more', async t => {
  const peers: Peer[] = [];
  const made = await stairs(t, {
    listen: { limits: { unsent: 1024 }, accepted: peer => peers.push(peer) },
  });
  const raw = await made.client();
  await until('it is accepted', () => peers.length === 1);
  const [peer] = peers;
  raw.socket.pause();
  const large = Message.of('LARGE', { text: 'x'.repeat(16 * 1024 * 1024) });
  peer?.send(large);
  t.throws(() => peer?.send('LATE'), { code: 'CLOSED', message: /does not read/ }, 'in the same turn');
  await until('it is gone', () => made.communicator.connections.length === 1);
  t.throws(() => peer?.send('LATER'), { code: 'CLOSED', message: /does not read/ });
});

t.test('a permanent client whose link was closed for being slow keeps what is sent for the next', async t => {
  const made = permanentStage(t, { limits: { unsent: 1024 } });
  const { client } = made;
  const channel = await made.open(0);
  channel.unsent = 2_000;
  client.send(Message.of('LARGE', { text: 'x'.repeat(64 * 1024) }));
  t.equal(client.send('KEPT'), 'queued', 'in the same turn');
  await until('it is gone', () => client.state === 'waiting');
  t.match(client.why.lastError, { code: 'SLOW_PEER' });
  await made.clock.advance(50);
  t.equal((await made.open(1)).text, 'KEPT\n');
});
