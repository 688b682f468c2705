// Where a server of events listens, and what it does where it cannot.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { ensureServer } from '../../../lib/protocol/events/index.ts';
import { until } from '../../support/world.ts';
import { anyPort, owner, Stage } from './events-stage.ts';

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ed-events-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

t.test('port 0 gives the real port', async t => {
  const stage = new Stage(t);
  const server = await stage.serve();
  for (const address of [stage.addresses.emitAddress, stage.addresses.regAddress]) {
    t.match(address, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  }
  const { emitAddress, regAddress } = stage.addresses;
  t.match(server.snapshot(), { state: 'open', kind: 'events server', emitAddress, regAddress });
  t.match(stage.log.texts('info')[0], /taking events on tcp:\/\/127\.0\.0\.1:\d+, publishing on tcp/);
});

t.test('an address in use is an error that names it', async t => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => other.once('listening', resolve));
  t.teardown(() => other.close());
  const taken = `tcp://127.0.0.1:${(other.address() as net.AddressInfo).port}`;
  for (const address of ['emitAddress', 'regAddress'] as const) {
    const { communicator } = owner(t);
    const server = ensureServer({ ...anyPort, [address]: taken });
    communicator.add(server);
    await t.rejects(
      server.ready,
      { code: 'LISTEN_FAILED', message: `cannot listen on ${taken}: it is in use` },
      address,
    );
    t.equal(server.state, 'closed');
  }
  const { communicator } = owner(t);
  communicator.add(ensureServer({ ...anyPort, regAddress: taken }));
  await t.rejects(communicator.run(), { code: 'LISTEN_FAILED' }, 'nobody asked for ready: run() rejects');
});

t.test('a server that runs there already is found and used, and its place is taken when it ends', async t => {
  const first = new Stage(t);
  const running = await first.serve();
  const second = new Stage(t);
  const { emitAddress, regAddress } = first.addresses;
  const standby = await second.serve({ emitAddress, regAddress });
  t.same(second.addresses, { emitAddress, regAddress, reused: true });
  t.equal(standby.state, 'standby');
  const client = second.client();
  const heard: unknown[] = [];
  client.register('X', (_event, number) => heard.push(number));
  await client.ready();
  client.emit('X', 1);
  await client.ready();
  t.same(heard, [1], 'events pass');
  await first.communicator.stop();
  t.equal(running.state, 'closed');
  await until('the other one listens', () => standby.state === 'open');
  client.emit('X', 2);
  await client.ready({ timeout: 20_000 });
  client.emit('X', 3);
  await client.ready();
  t.ok(heard.includes(3), 'and events pass again');
  t.equal(standby.state, 'open');
});

t.test("ipc works, its file is for its owner alone, and a dead one's file is taken over", async t => {
  const folder = scratch(t);
  const addresses = { emitAddress: `ipc://${folder}/emit`, regAddress: `ipc://${folder}/reg` };
  const dead = `require('net').createServer().listen(${JSON.stringify(join(folder, 'emit'))}, () => process.kill(process.pid, 'SIGKILL'))`;
  t.throws(() => execFileSync(process.execPath, ['-e', dead]), 'a process dies and leaves its socket');
  t.ok(statSync(join(folder, 'emit')).isSocket());
  const stage = new Stage(t);
  await stage.serve(addresses);
  t.same(stage.addresses, { ...addresses, reused: false });
  for (const name of ['emit', 'reg']) t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
  const client = stage.client();
  const heard: unknown[] = [];
  client.register('X', (_event, number) => heard.push(number));
  await client.ready();
  client.emit('X', 1);
  await client.ready();
  t.same(heard, [1]);
  const second = new Stage(t);
  await second.serve(addresses);
  t.equal(second.addresses.reused, true, 'the path of a living server is not stolen');
  client.emit('X', 2);
  await client.ready();
  t.same(heard, [1, 2], 'and that server lives');
});

t.test("an ipc path that is a file, or somebody else's socket, is in use", async t => {
  const folder = scratch(t);
  writeFileSync(join(folder, 'file'), 'mine');
  const other = net.createServer().listen(join(folder, 'other'));
  await new Promise(resolve => other.once('listening', resolve));
  t.teardown(() => other.close());
  for (const name of ['file', 'other']) {
    const { communicator } = owner(t);
    const server = ensureServer({ emitAddress: `ipc://${folder}/${name}`, regAddress: `ipc://${folder}/reg` });
    communicator.add(server);
    await t.rejects(server.ready, { code: 'LISTEN_FAILED', message: /\/(file|other): it is in use/ }, name);
  }
  t.ok(statSync(join(folder, 'file')).isFile());
});

t.test('a public address without keys is refused, unless it is said to be insecure', async t => {
  for (const address of ['tcp://0.0.0.0:0', 'tcp://[::]:0', 'tcp://*:0', 'tcp://192.0.2.1:0', 'tcp://eth0:0']) {
    const refused = (): unknown => ensureServer({ ...anyPort, regAddress: address, curve: false });
    t.throws(
      refused,
      { code: 'INVALID_VALUE', message: /is open to others: it needs curve, or insecure: true/ },
      address,
    );
    t.ok(ensureServer({ ...anyPort, regAddress: address, curve: false, insecure: true }), 'insecure');
  }
  for (const address of [
    'tcp://127.0.0.1:0',
    'tcp://127.3.2.1:0',
    'tcp://localhost:0',
    'tcp://[::1]:0',
    'ipc:///tmp/x',
  ]) {
    t.ok(ensureServer({ ...anyPort, regAddress: address, curve: false }), address);
  }
  const stage = new Stage(t);
  await stage.serve({ emitAddress: 'tcp://0.0.0.0:0', regAddress: 'tcp://localhost:0', insecure: true });
  t.match(stage.addresses, { emitAddress: /^tcp:\/\/0\.0\.0\.0:\d+$/, regAddress: /^tcp:\/\/127\.0\.0\.1:\d+$/ });
});

t.test('a server is stopped in any state', async t => {
  const { communicator } = owner(t);
  const idle = ensureServer(anyPort);
  idle.stop();
  t.equal(idle.state, 'closed');
  const opening = ensureServer(anyPort);
  communicator.add(opening);
  opening.stop();
  await t.rejects(opening.ready, { code: 'CLOSED' });
  await until('it has ended', () => opening.state === 'closed' && communicator.connections.length === 0);
  const open = ensureServer(anyPort);
  communicator.add(open);
  await open.ready;
  open.destroy();
  t.equal(open.state, 'closed');
  t.same(communicator.connections, []);
});

t.test('without the package zeromq the error names the command that installs it', async t => {
  const folder = scratch(t);
  mkdirSync(join(folder, 'lib'));
  cpSync('dist/lib', join(folder, 'lib'), { recursive: true });
  for (const name of ['p-retry', 'is-network-error']) {
    cpSync(`node_modules/${name}`, join(folder, 'node_modules', name), { recursive: true, dereference: true });
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const program = `
    import { Communicator } from './lib/communicator/index.js';
    import { ensureServer, eventsClient } from './lib/protocol/events/index.js';
    const communicator = new Communicator();
    const server = ensureServer();
    communicator.add(server);
    await server.ready.catch(error => console.log(error.name, error.code, error.message));
    communicator.add(eventsClient());
    await communicator.run().catch(error => console.log(error.name, error.code, error.message));`;
  writeFileSync(join(folder, 'program.js'), program);
  const out = execFileSync(process.execPath, ['program.js'], { cwd: folder, encoding: 'utf8' });
  const words =
    'UsageError MISSING_PACKAGE events need the package zeromq, which is not installed: npm install zeromq@6';
  t.equal(out, `${words}\n`.repeat(2));
});
