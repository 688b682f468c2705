// ed-signal over each transport, and what it says where tls refuses.

import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { TlsOptions } from '../../../lib/index.ts';
import { Dispatcher, tls, websocket } from '../../../lib/index.ts';
import {
  authority,
  clientIdentity,
  expiredIdentity,
  otherIdentity,
  serverIdentity,
} from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import { edSignal } from '../../support/programs.ts';
import { worldOf } from '../stairs.ts';

/** A service that answers DAD with CLIMB. */
async function service(t: Test, address: string, security: TlsOptions = serverIdentity): Promise<string> {
  const transports = { tls: tls(security), wss: websocket({ tls: security }) };
  const { communicator } = worldOf(t, { transports });
  const dispatcher = new Dispatcher().on('DAD', (message, peer) => peer.send(message.reply('CLIMB')));
  return communicator.listen(address, { dispatcher }).ready;
}

t.test('asks over each transport', async t => {
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  const places: [string, ...string[]][] = [
    ['tcp://127.0.0.1:0'],
    ['tls://127.0.0.1:0', '--ca', ca],
    ['ws://127.0.0.1:0/talk'],
    ['wss://127.0.0.1:0/talk', '--ca', ca],
    [`unix:${folderOf(t)}/x.sock`],
    [`unix:@ed-signal-test-${process.pid}`],
  ];
  for (const [place, ...words] of places) {
    const address = await service(t, place);
    const { code, out, err } = await edSignal(t, '--host', address, '--reply', ...words, 'DAD');
    t.same([code, err], [0, ''], place);
    t.match(out, /^\S+:ed_signal\/CLIMB\n$/, place);
    t.equal((await edSignal(t, '--server', address, ...words, 'DAD')).code, 0, `${place} without --reply`);
  }
});

t.test('asks a program that it starts', async t => {
  const { code, out } = await edSignal(t, '--host', 'stdio:head -n 1', '--reply', 'DAD');
  t.equal(code, 0);
  t.match(out, /^<\S+:ed_signal DAD\n$/, 'what it says is its answer');
  const gone = await edSignal(t, '--host', 'stdio:/no/such/program', 'DAD');
  t.equal(gone.code, 1);
  t.match(gone.err, /^ed-signal: cannot reach stdio:\/no\/such\/program: there is no such program \(.*ENOENT\)\n$/);
});

t.test('the option --encrypt makes tls of tcp, as --type tls does', async t => {
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  const host = (await service(t, 'tls://127.0.0.1:0')).replace('tls://', '');
  for (const words of [
    ['-t', 'tcp', '--encrypt'],
    ['-t', 'tls'],
    ['-e', '-t', 'tls'],
  ]) {
    const { code, err } = await edSignal(t, '-H', host, ...words, '--ca', ca, '-r', 'DAD');
    t.same([code, err], [0, ''], words.join(' '));
  }
});

t.test('a certificate of ours is shown where it is asked for', async t => {
  const { cert, key } = clientIdentity;
  const place = folderOf(t, { 'ca.pem': authority, 'cert.pem': cert, 'key.pem': key });
  const [ca, ours, secret] = ['ca.pem', 'cert.pem', 'key.pem'].map(name => join(place, name)) as [string, ...string[]];
  const security = { ...serverIdentity, ca: authority, clients: 'required' } as const;
  const address = await service(t, 'tls://127.0.0.1:0', security);
  const shown = await edSignal(t, '-H', address, '--ca', ca, '--cert', `${ours}`, '--key', `${secret}`, '-r', 'DAD');
  t.same([shown.code, shown.err], [0, '']);
  const { code, err } = await edSignal(t, '-H', address, '--ca', ca, '-r', 'DAD');
  t.equal(code, 1);
  t.match(err, /it wants a certificate of ours, and got none\n$/);
});

t.test('a certificate that is not right is exit code 1 with the reason', async t => {
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  const plain = (await service(t, 'tcp://127.0.0.1:0')).replace('tcp:', 'tls:');
  const good = await service(t, 'tls://127.0.0.1:0');
  const expired = await service(t, 'tls://127.0.0.1:0', expiredIdentity);
  const other = await service(t, 'tls://127.0.0.1:0', otherIdentity);
  const failures: [string[], RegExp][] = [
    [['-H', good], /its certificate is of an authority that is not trusted here/],
    [['-H', expired, '--ca', ca], /its certificate has expired/],
    [['-H', other, '--ca', ca], /its certificate is for other names/],
    [['-H', good, '--ca', ca, '--tls-name', 'elsewhere.example'], /its certificate is for other names/],
    [['-H', plain, '--ca', ca, '--timeout', '1'], /does not speak tls|did not answer within 1000 ms/],
    [['-H', 'tls://127.0.0.1:1'], /cannot reach tls:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    [['-H', 'unix:/no/such.sock'], /cannot reach unix:\/no\/such\.sock: .*ENOENT/],
  ];
  for (const [words, pattern] of failures) {
    const { code, err } = await edSignal(t, ...words, 'DAD');
    t.equal(code, 1, `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1, 'one line');
  }
  const right = await edSignal(t, '-H', other, '--ca', ca, '--tls-name', 'elsewhere.example', 'DAD');
  t.same([right.code, right.err], [0, ''], 'the other name is right for the other host');
});

t.test('files and options that do not fit are exit code 2', async t => {
  const place = folderOf(t, { 'ca.pem': authority, 'notes.txt': 'no certificate\n', 'empty.pem': '' });
  const ca = join(place, 'ca.pem');
  const wrong: [string[], RegExp][] = [
    [['-H', 'tls://127.0.0.1:1', '--ca', join(place, 'none.pem')], /--ca .*none\.pem: ENOENT/],
    [['-H', 'tls://127.0.0.1:1', '--ca', place], /--ca .*: EISDIR/],
    [['-H', 'tls://127.0.0.1:1', '--ca', join(place, 'notes.txt')], /it holds no PEM/],
    [['-H', 'tls://127.0.0.1:1', '--ca', join(place, 'empty.pem')], /it is empty/],
    [['-H', 'tls://127.0.0.1:1', '--cert', ca], /--cert and --key go together/],
    [['-H', 'tcp://127.0.0.1:1', '--ca', ca], /--ca is for tls: and wss:, not for tcp:/],
    [['-H', 'unix:@x', '--encrypt'], /--encrypt is for tcp, not for unix/],
    [['-H', 'memory:x'], /memory: is not known here \(there is udp, tcp, tls, unix, ws, wss, stdio\)/],
  ];
  for (const [words, pattern] of wrong) {
    const { code, err } = await edSignal(t, ...words, 'DAD');
    t.equal(code, 2, `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
  }
});
