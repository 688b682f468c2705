// Keys: made in the folders of the original, asked for at the door, and without the right ones nothing passes.

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { ensureServer, usualFolder } from '../../../lib/protocol/events/index.ts';
import { until } from '../../support/world.ts';
import { anyPort, count, owner, Stage } from './events-stage.ts';

function scratch(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'ed-keys-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return join(folder, 'leap/events/zmq_certificates');
}

/** The folder of somebody else, who has the public key of the server. */
function stranger(t: Test, server: string): string {
  const folder = scratch(t);
  mkdirSync(join(folder, 'public_keys'), { recursive: true });
  copyFileSync(join(server, 'public_keys/server.key'), join(folder, 'public_keys/server.key'));
  return folder;
}

t.test('keys are made at the first use, in the files of the original, for their owner alone', async t => {
  const folder = scratch(t);
  const stage = new Stage(t);
  await stage.serve({ curve: { folder } });
  const client = stage.client({ curve: { folder } });
  let heard = 0;
  client.register('X', () => {
    heard += 1;
  });
  await client.ready();
  client.emit('X');
  await client.ready();
  t.equal(heard, 1);
  for (const name of [
    'public_keys/server.key',
    'public_keys/client.key',
    'private_keys/server.key_secret',
    'private_keys/client.key_secret',
  ]) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    const isSecret = name.endsWith('_secret');
    const text = readFileSync(join(folder, name), 'utf8');
    t.match(text, /^metadata\ncurve\n {4}public-key = "[^"]{40}"\n/m);
    t.equal(/^ {4}secret-key = "[^"]{40}"$/m.test(text), isSecret, `${name} and its secret`);
  }
  for (const name of ['', 'public_keys', 'private_keys']) {
    t.equal(statSync(join(folder, name)).mode & 0o777, 0o700, `folder ${name}`);
  }
  const before = readFileSync(join(folder, 'private_keys/server.key_secret'), 'utf8');
  await stage.communicator.stop();
  const again = new Stage(t);
  await again.serve({ curve: { folder } });
  t.equal(readFileSync(join(folder, 'private_keys/server.key_secret'), 'utf8'), before, 'they are used again');
  t.equal(usualFolder('linux', '/home/me'), '/home/me/.config/leap/events/zmq_certificates');
  t.equal(usualFolder('darwin', '/Users/me'), '/Users/me/Library/Preferences/leap/events/zmq_certificates');
});

t.test("a stranger's key is refused until it is allowed, and again when it is not", async t => {
  const folder = scratch(t);
  const stage = new Stage(t);
  const server = await stage.serve({ curve: { folder } });
  const friend = stage.client({ curve: { folder } });
  await friend.ready();
  const theirs = stranger(t, folder);
  const client = stage.client({ curve: { folder: theirs } });
  let heard = 0;
  friend.register('X', () => {
    heard += 1;
  });
  await friend.ready();
  t.equal(client.emit('X'), 'queued');
  await until('it is refused', () => count(server, 'stranger') > 0 && count(client, 'refused') > 0);
  t.ok(stage.log.texts('warn').some(line => /has a key that is not known here: .{40}/.test(line)));
  t.equal(client.state, 'connecting');
  t.equal(heard, 0, 'nothing came through');
  friend.emit('X');
  await friend.ready();
  t.equal(heard, 1, 'the server lives');

  const allowed = join(folder, 'public_keys/friend.key');
  copyFileSync(join(theirs, 'public_keys/client.key'), allowed);
  await client.ready({ timeout: 20_000 });
  await friend.ready();
  await until('what it had emitted came', () => heard === 2);
  client.stop();
  await stage.gone(client);
  rmSync(allowed);
  const later = stage.client({ curve: { folder: theirs } });
  await until('it is refused again', () => count(later, 'refused') > 0);
  t.equal(later.state, 'connecting');
});

t.test('with a wrong key of the server, or with none, nothing passes', async t => {
  const [folder, other] = [scratch(t), scratch(t)];
  const stage = new Stage(t);
  const server = await stage.serve({ curve: { folder } });
  const decoy = new Stage(t);
  await decoy.serve({ curve: { folder: other } });
  const wrong = stage.client({ curve: { folder: other } });
  const keyless = stage.client({ curve: false });
  for (const client of [wrong, keyless]) {
    client.emit('X');
    await t.rejects(client.ready({ timeout: 500 }), { code: 'REQUEST_TIMEOUT' });
    t.equal(client.state, 'connecting');
  }
  t.equal(count(server, 'forwarded'), 0);
  t.ok(count(server, 'refused') > 0, 'and it is counted');
  const friend = stage.client({ curve: { folder } });
  await friend.ready();
  t.ok(count(server, 'forwarded') > 0, 'the server lives');
});

t.test('keys are on by themselves where others can reach the address', async t => {
  const folder = scratch(t);
  const stage = new Stage(t);
  const server = await stage.serve({ emitAddress: 'tcp://0.0.0.0:0', curve: { folder } });
  t.equal(server.snapshot().curve, true);
  t.equal(ensureServer({ emitAddress: 'tcp://0.0.0.0:0' }).snapshot().curve, true);
  t.equal(ensureServer({ emitAddress: 'tcp://0.0.0.0:0', insecure: true }).snapshot().curve, false);
  t.equal(ensureServer({}).snapshot().curve, false);
  t.equal(stage.client({ emitAddress: 'tcp://192.0.2.1:9000', curve: { folder } }).snapshot().curve, true);
});

t.test("two servers with keys in one process do not ask each other's door", async t => {
  const [folder, other] = [scratch(t), scratch(t)];
  const [first, second] = [new Stage(t), new Stage(t)];
  await first.serve({ curve: { folder } });
  await second.serve({ curve: { folder: other } });
  await Promise.all([first.client({ curve: { folder } }).ready(), second.client({ curve: { folder: other } }).ready()]);
  t.equal(first.communicator.connections.length, 2);
});

t.test('keys that are none, that are missing, or that others can read, are an error', async t => {
  const folder = scratch(t);
  const { communicator } = owner(t);
  const client = new Stage(t).client({ curve: { folder } });
  await t.rejects(client.ready(), { code: 'INVALID_VALUE', message: /public_keys\/server\.key is not there/ });
  const secret = join(folder, 'private_keys/server.key_secret');
  const start = async (): Promise<unknown> => {
    const server = ensureServer({ ...anyPort, curve: { folder } });
    communicator.add(server);
    const addresses = await server.ready;
    server.destroy();
    return addresses;
  };
  await start();
  chmodSync(secret, 0o644);
  await t.rejects(start(), { code: 'INVALID_VALUE', message: /others can read the secret key/ });
  chmodSync(secret, 0o600);
  writeFileSync(secret, 'curve\n    public-key = "short"\n');
  await t.rejects(start(), { code: 'INVALID_VALUE', message: /a key in .* is none/ });
  writeFileSync(secret, 'curve\n');
  await t.rejects(start(), { code: 'INVALID_VALUE', message: /no public key/ });
});

t.test('a file in the folder of allowed keys that is no key lets nobody in, and disturbs nobody', async t => {
  const folder = scratch(t);
  const allowed = mkdtempSync(join(tmpdir(), 'ed-allowed-'));
  t.teardown(() => rmSync(allowed, { recursive: true }));
  const stage = new Stage(t);
  const server = await stage.serve({ curve: { folder, allowed } });
  const client = stage.client({ curve: { folder } });
  await until('it is refused', () => count(client, 'refused') > 0);
  writeFileSync(join(allowed, 'broken.key'), 'nonsense');
  copyFileSync(join(folder, 'public_keys/client.key'), join(allowed, 'client.key'));
  await client.ready({ timeout: 20_000 });
  t.ok(count(server, 'stranger') >= 2, 'once it, and once the broken file');
});
