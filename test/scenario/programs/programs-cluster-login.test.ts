// How communicatord shows NATS who it is: from its command line to a real nats-server, and no secret where others may look.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { authority, clientIdentity, serverIdentity } from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import type { NatsServerOptions } from '../../support/nats-server.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { machine, shows } from '../broker/cluster-programs.ts';

async function natsServer(t: Test, options: NatsServerOptions): Promise<NatsServer> {
  const nats = await NatsServer.start(options);
  t.teardown(() => nats.end());
  return nats;
}

const isUp = ({ cluster }: BrokerStatus): boolean => cluster.state === 'up' && cluster.trouble === undefined;
/** The same address with a login in it. */
const withLogin = ({ address }: NatsServer, login: string): string => address.replace('://', `://${login}@`);
const cut = (pid: number | undefined): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

t.test('a wrong password is said in log and status; the right one is taken up', { skip: noNats }, async t => {
  const nats = await natsServer(t, { config: 'authorization { user: broker, password: "r1ght-Secret" }' });
  const file = join(folderOf(t, { password: 'wr0ng-Secret\n' }), 'password');
  const near = await machine(
    t,
    'near',
    ...['--level', 'trace', '--cluster', nats.address],
    ...['--cluster-user', 'broker', '--cluster-password-file', file],
  );
  const refused = await shows(near, 'it is refused', ({ cluster }) => cluster.trouble !== undefined);
  t.match(refused.cluster, { state: 'joining', status: 'down', trouble: /^nats:\/\/\S+ does not accept our login: / });
  await near.broker.says(/error.*does not accept our login: .*Authorization Violation/);
  const tries = (): number => near.broker.err.split('does not accept our login').length - 1;
  await until('it is tried again', () => tries() > 3);
  const top = start(t, 'tools/ed-top', ['--broker', near.address, '--json', '--interval', '100ms']);
  await top.ended;
  t.match(JSON.parse(top.out).wrong, ['cluster: joining', /cluster: nats:.* does not accept our login/]);
  writeFileSync(file, 'r1ght-Secret\n');
  const up = await shows(near, 'it is up', isUp);
  const seen = [near.broker.err, JSON.stringify([refused, up]), top.out, cut(near.broker.child.pid)].join('\n');
  t.match(seen, 'connected to nats://', 'the log is there');
  t.notMatch(seen, /wr0ng|r1ght/, 'no secret is in log, status or process list');
});

t.test('user and password within the address', { skip: noNats }, async t => {
  const nats = await natsServer(t, { config: 'authorization { user: "b:roker", password: "p@ss,W0rd" }' });
  const near = await machine(t, 'near', '--level', 'trace', '--cluster', withLogin(nats, 'b%3Aroker:p%40ss%2CW0rd'));
  const up = await shows(near, 'it is up', isUp);
  t.match(near.broker.err, `connected to ${nats.address}`);
  t.notMatch(`${near.broker.err}${JSON.stringify(up)}`, /W0rd/);
  t.equal(cut(near.broker.child.pid).replace(/\0+$/, ''), 'communicatord', 'nor is it among the processes');
});

t.test('a token: in a file, and within the address', { skip: noNats }, async t => {
  const nats = await natsServer(t, { config: 'authorization { token: "t0ken-Secret" }' });
  const file = join(folderOf(t, { token: ' t0ken-Secret\n', empty: '\n' }), 'token');
  const near = await machine(t, 'near', '--level', 'trace', '--cluster', nats.address, '--cluster-token-file', file);
  const far = await machine(t, 'far', '--level', 'trace', '--cluster', withLogin(nats, 't0ken-Secret'));
  for (const place of [near, far]) {
    const up = await shows(place, 'both are up', ({ cluster }) => cluster.live === 2 && cluster.trouble === undefined);
    t.notMatch(`${place.broker.err}${JSON.stringify(up)}`, /t0ken/);
  }
  const empty = file.replace(/token$/, 'empty');
  const third = await machine(t, 'third', '--cluster', nats.address, '--cluster-token-file', empty);
  const refused = await shows(third, 'it says why', ({ cluster }) => cluster.trouble !== undefined);
  t.match(refused.cluster.trouble, /there is no token in .*empty: it is empty/);
});

t.test('a certificate of our own, where NATS must see one, and where it says who we are', { skip: noNats }, async t => {
  const folder = folderOf(t, {
    'ca.pem': authority,
    'server.pem': serverIdentity.cert,
    'server.key': serverIdentity.key,
    'client.pem': clientIdentity.cert,
    'client.key': clientIdentity.key,
  });
  const files = `cert_file: "${folder}/server.pem", key_file: "${folder}/server.key", ca_file: "${folder}/ca.pem"`;
  const users = 'authorization { users: [ { user: "worker-7.example" } ] }';
  const nats = await natsServer(t, { config: `tls { ${files}, verify_and_map: true }\n${users}`, scheme: 'tls' });
  const trust = ['--cluster', nats.address, '--cluster-authority', join(folder, 'ca.pem')];
  const shown = ['--cluster-certificate', join(folder, 'client.pem'), '--cluster-key', join(folder, 'client.key')];
  const near = await machine(t, 'near', ...trust, ...shown);
  await shows(near, 'it is up', isUp);
  const none = await machine(t, 'none', ...trust);
  const refused = await shows(none, 'it says why', ({ cluster }) => cluster.trouble !== undefined);
  t.match(refused.cluster, { state: 'joining', trouble: /^cannot reach tls:\/\// });
  const strange = await machine(t, 'strange', '--cluster', nats.address, ...shown);
  const unknown = await shows(strange, 'it says why', ({ cluster }) => cluster.trouble !== undefined);
  t.match(unknown.cluster.trouble, /^cannot reach tls:.*(self-signed|authority|issuer|certificate)/);
});

t.test('what does not go together is exit code 2, and no secret is repeated', async t => {
  const at = ['--cluster', 'nats://127.0.0.1:1'];
  const within = (address: string): string[] => ['--cluster', address];
  const wrong: [string[], RegExp][] = [
    [['--cluster-user', 'a'], /--cluster-user is for --cluster, which is not given/],
    [['--cluster-copies', '3'], /--cluster-copies is for --cluster/],
    [[...at, '--cluster-copies', '6'], /--cluster-copies 6 is no whole number from 1 to 5/],
    [[...at, '--cluster-password-file', 'a'], /--cluster-password-file needs --cluster-user/],
    [[...at, '--cluster-user', 'a', '--cluster-token-file', 'b'], /two logins for NATS/],
    [[...at, '--cluster-credentials', 'a', '--cluster-token-file', 'b'], /two logins for NATS/],
    [[...within('nats://a:Secret@b'), '--cluster-user', 'c'], /two logins for NATS/],
    [within('nats://a:Secret@b,nats://a:Secret2@c'), /--cluster holds two logins/],
    [within('nats://a:Sec,ret@b'), /--cluster cannot be read: .*%2C for ,/],
    [within('nats://a:Sec:ret@b'), /--cluster cannot be read: .*%3A for :/],
    [within('nats://:Secret@b'), /--cluster cannot be read/],
    [within('nats://a:Secret@'), /--cluster cannot be read/],
    [within('http://a:Secret@b'), /--cluster cannot be read/],
    [within('nats://a:Secret%@b'), /begins no escape; write %25/],
    [within('http://b'), /"http:\/\/b" is no address of NATS/],
    [[...at, '--cluster-key', 'a'], /--cluster-certificate and --cluster-key go together/],
    [[...at, '--cluster-certificate', 'a'], /--cluster-certificate and --cluster-key go together/],
  ];
  for (const [words, pattern] of wrong) {
    const program = start(t, 'tools/communicatord', ['--unix', 'none', '--tcp', '127.0.0.1:0', ...words]);
    t.match([(await program.ended).code, program.err], [2, pattern], words.join(' '));
    t.notMatch(program.err, /Sec|ret\b/);
  }
});
