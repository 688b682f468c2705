// Who we are for a NATS server, and how the way to it is secured; with a real server.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Communicator, Nats } from '../../../lib/index.ts';
import { authority, clientIdentity, expiredIdentity, serverIdentity } from '../../support/certificate.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { End } from './nats-stage.ts';

t.test('a wrong login is one clear error; it is tried again, and a new one is taken up', { skip: noNats }, async t => {
  const server = await NatsServer.start({ config: 'authorization { user: service, password: secret }' });
  let password = 'wrong';
  const end = new End(server.address, { login: async () => ({ user: 'service', password }) });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await until('it was tried some times', () => Number(end.shown.failures) > 3);
  const [words, ...more] = end.log.texts('error');
  t.match(words, /nats:\/\/127\.0\.0\.1:\d+ does not accept our login/);
  t.same(more, [], 'the same trouble is said once');
  t.match(end.nats.lastError, { code: 'NOT_AUTHENTICATED' });
  t.notMatch(JSON.stringify([end.log.lines, end.shown]), /wrong/, 'no secret is logged');
  end.backplane.publish('/p', 'it waits');
  t.equal(end.nats.waiting.packets, 1);
  password = 'secret';
  await end.ready();
  await until('it has gone out', () => end.nats.waiting.packets === 0);
});

t.test('a token, and a user without password', { skip: noNats }, async t => {
  const server = await NatsServer.start({ config: 'authorization { token: s3cret }' });
  const [right, none] = [new End(server.address, { login: { token: 's3cret' } }), new End(server.address)];
  t.teardown(async () => {
    await Promise.all([right.communicator.stop(), none.communicator.stop()]);
    await server.end();
  });
  await right.ready();
  await until('the other is refused', () => none.nats.lastError !== undefined);
  t.match(none.nats.lastError, { code: 'NOT_AUTHENTICATED' });
});

t.test('an nkey, by its seed', { skip: noNats }, async t => {
  const { nkeys } = await import('@nats-io/transport-node');
  const pair = nkeys.createUser();
  const server = await NatsServer.start({ config: `authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }` });
  const end = new End(server.address, { login: { seed: Buffer.from(pair.getSeed()).toString() } });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  t.resolves(end.ready());
  await end.ready();
});

t.test('credentials are read from their file at each dial', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const path = join(server.folder, 'service.creds');
  const end = new End(server.address, { login: { credentialsFile: path } });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await until('it was looked for', () => end.nats.lastError !== undefined);
  t.match(end.nats.lastError?.message, /cannot read the credentials in .*service\.creds/);
  const { nkeys } = await import('@nats-io/transport-node');
  const seed = Buffer.from(nkeys.createUser().getSeed()).toString();
  const part = (name: string, text: string): string => `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n\n`;
  await writeFile(path, part('NATS USER JWT', 'e30.e30.e30') + part('USER NKEY SEED', seed));
  await end.ready();
  t.equal(end.nats.state, 'open');
});

const tlsConfig = (folder: string, more = ''): string =>
  `tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem", ca_file: "${folder}/ca.pem" ${more} }`;

async function secureServer(t: Test, more = '', identity = serverIdentity) {
  const folder = t.testdir({ 'cert.pem': identity.cert, 'key.pem': identity.key, 'ca.pem': authority });
  return NatsServer.start({ config: tlsConfig(folder, more), scheme: 'tls' });
}

t.test('the way is secure where it must be, and both show certificates', { skip: noNats }, async t => {
  const server = await secureServer(t, ', verify: true');
  const known = new End(server.address, { tls: { ca: authority, ...clientIdentity } });
  const unknown = new End(server.address, { tls: { ca: authority } });
  const strange = new End(server.address);
  const ends = [known, unknown, strange];
  t.teardown(async () => {
    await Promise.all(ends.map(end => end.communicator.stop()));
    await server.end();
  });
  await known.ready();
  await until('the others are refused', () => ends.every(end => end === known || end.nats.lastError !== undefined));
  t.match(unknown.nats.lastError, { code: 'DIAL_FAILED' });
  t.match(strange.nats.lastError, { code: 'DIAL_FAILED' });
  t.match(strange.nats.lastError?.message, /cannot reach tls:.*(self-signed|authority|issuer|certificate)/);
  t.equal(unknown.nats.line, undefined);
});

t.test('a certificate that is over, or for another name, is refused', { skip: noNats }, async t => {
  const server = await secureServer(t, '', expiredIdentity);
  const right = await secureServer(t);
  const late = new End(server.address, { tls: { ca: authority } });
  const other = new End(right.address, { tls: { ca: authority, name: 'elsewhere.example' } });
  t.teardown(async () => {
    await Promise.all([late.communicator.stop(), other.communicator.stop()]);
    await Promise.all([server.end(), right.end()]);
  });
  await until('both are refused', () => late.nats.lastError !== undefined && other.nats.lastError !== undefined);
  t.match(late.nats.lastError, { code: 'DIAL_FAILED' });
  t.match(other.nats.lastError, { code: 'DIAL_FAILED' });
});

t.test('tls that was asked for is not given up where the server has none', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const end = new End(server.address, { tls: {} });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await until('it is refused', () => end.nats.lastError !== undefined);
  t.match(end.nats.lastError?.message, /does not support 'tls'/);
});

t.test('a server that refuses a subject is told of, and the rest goes on', { skip: noNats }, async t => {
  const rules = 'authorization { users: [ { user: a, password: b, permissions: { publish: ["ed.>"] } } ] }';
  const server = await NatsServer.start({ config: rules });
  const end = new End(server.address, { login: { user: 'a', password: 'b' } });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await end.ready();
  end.nats.publish('elsewhere', Buffer.from('x'));
  await until('it is told', () => /Permissions Violation.*elsewhere/.test(String(end.shown.lastError)));
  t.equal(end.nats.state, 'open');
  t.match(end.log.texts('warn').join(), /the server has refused something/);
});

t.test('options are checked', async t => {
  const bad = (run: () => unknown, code: string, words: RegExp): void => {
    t.throws(run, { code, message: words });
  };
  bad(() => new Nats([]), 'INVALID_ADDRESS', /no server/);
  bad(() => new Nats('tcp://a:1'), 'INVALID_ADDRESS', /nats:\/\/host:port/);
  bad(() => new Nats('nats://user:secret@a:1'), 'INVALID_ADDRESS', /give them as `login`/);
  bad(() => new Nats('nats://a:70000'), 'INVALID_ADDRESS', /port/);
  bad(() => new Nats('a', { login: {} }), 'INVALID_VALUE', /a login is one of/);
  bad(() => new Nats('a', { login: { user: 'a', token: 'b' } }), 'INVALID_VALUE', /a login is one of/);
  bad(() => new Nats('a', { login: { password: 'b' } }), 'INVALID_VALUE', /a login is one of/);
  bad(() => new Nats('a', { login: { passwordFile: 'b' } }), 'INVALID_VALUE', /a login is one of/);
  bad(
    () => new Nats('a', { login: { user: 'a', password: 'b', passwordFile: 'c' } }),
    'INVALID_VALUE',
    /a login is one/,
  );
  bad(() => new Nats('a', { login: { token: 'a', tokenFile: 'b' } }), 'INVALID_VALUE', /a login is one of/);
  bad(() => new Nats('a', { login: { name: 'b' } as object }), 'UNKNOWN_OPTION', /name/);
  bad(() => new Nats('a', { servers: 1 } as object), 'UNKNOWN_OPTION', /servers/);
  bad(() => new Nats('a', { limits: { ask: 0 } }), 'OUT_OF_RANGE', /ask/);
  bad(() => new Nats('a', { outbox: { count: -1 } }), 'OUT_OF_RANGE', /count/);
  bad(() => new Nats('a', { tls: { cat: '' } as object }), 'UNKNOWN_OPTION', /cat/);
  t.equal(new Nats('a').remote, 'nats://a:4222');
  t.equal(new Nats('a:1, tls://[::1]').remote, 'nats://a:1,tls://[::1]:4222');
});

t.test('a login that a function gives wrongly ends it, and the run', async t => {
  const communicator = new Communicator();
  communicator.nats('nats://127.0.0.1:1, nats://127.0.0.1:2', { login: () => ({}) });
  await t.rejects(communicator.run(), { code: 'INVALID_VALUE' });
});
