// Streams with tls: names, certificates, versions, and the words of each refusal; certificates exchanged under way.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import type { Test } from 'tap';
import t from 'tap';
import type { Channel, TlsListening, TlsOptions } from '../../../lib/index.ts';
import { Dispatcher, parseAddress, tcp, tls } from '../../../lib/index.ts';
import { Ear, listenTo, never } from '../../contract/ear.ts';
import type { Identity } from '../../support/certificate.ts';
import {
  authority,
  cert,
  clientIdentity,
  expiredIdentity,
  key,
  nextIdentity,
  otherIdentity,
  serverIdentity,
} from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';
import { worldOf } from '../stairs.ts';

interface Hall {
  readonly listening: TlsListening;
  readonly accepted: Channel[];
  readonly troubles: string[];
}

async function hall(t: Test, options: TlsOptions): Promise<Hall> {
  const accepted: Channel[] = [];
  const troubles: string[] = [];
  const listening = await tls(options).listen(parseAddress('tls://127.0.0.1:0'), {
    accept: channel => void accepted.push(channel),
    trouble: error => void troubles.push(error.message),
  });
  t.teardown(() => {
    listening.close();
    for (const channel of accepted) channel.destroy();
  });
  return { listening, accepted, troubles };
}

/** The fingerprint of the certificate that the place shows now. */
async function shown({ listening, accepted }: Hall): Promise<string> {
  const before = accepted.length;
  const channel = await tls({ ca: authority }).dial(listening.address, never);
  const fingerprint = channel.certificate?.fingerprint ?? '';
  listenTo(channel);
  await until('it is accepted', () => accepted.length > before);
  channel.destroy();
  return fingerprint;
}

const trusting = { ca: authority };

t.test('a certificate that does not fit is refused, in words', async t => {
  const cases: [string, Identity, TlsOptions, RegExp][] = [
    ['an unknown authority', serverIdentity, {}, /of an authority that is not trusted here$/],
    ['self-signed', { cert, key }, trusting, /its certificate is self-signed, and is not trusted here$/],
    ['expired', expiredIdentity, trusting, /its certificate has expired$/],
    ['another name', otherIdentity, trusting, /its certificate is for other names: .*127\.0\.0\.1/],
    ['not the name that is wanted', serverIdentity, { ...trusting, name: 'worker-7.example' }, /is for other names/],
  ];
  for (const [what, identity, options, words] of cases) {
    const { listening, accepted } = await hall(t, { ...identity });
    await t.rejects(tls(options).dial(listening.address, never), { code: 'DIAL_FAILED', message: words }, what);
    for (const channel of accepted) listenTo(channel);
  }
  const { listening } = await hall(t, { cert, key });
  const channel = await tls({ ca: cert }).dial(listening.address, never);
  t.equal(channel.certificate?.subject, 'localhost', 'a self-signed one is its own authority');
  t.same(channel.certificate?.names, ['localhost', '127.0.0.1']);
  channel.destroy();
  const other = await hall(t, { ...otherIdentity });
  const named = await tls({ ...trusting, name: 'elsewhere.example' }).dial(other.listening.address, never);
  t.equal(named.certificate?.subject, 'elsewhere');
  named.destroy();
});

t.test('the certificate of a client can be read, where it is asked for and confirmed', async t => {
  const asking = await hall(t, { ...serverIdentity, ca: authority, clients: 'asked' });
  const dial = async (options: TlsOptions): Promise<Channel | undefined> => {
    const index = asking.accepted.length;
    const near = await tls({ ...trusting, ...options }).dial(asking.listening.address, never);
    t.teardown(() => near.destroy());
    await until('it is accepted', () => asking.accepted.length > index);
    return asking.accepted[index];
  };
  const known = await dial(clientIdentity);
  t.match(known?.certificate, {
    subject: 'worker-7',
    names: ['worker-7.example', 'seven.example'],
    fingerprint: /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/,
  });
  t.equal((await dial({}))?.certificate, undefined, 'without one');
  t.equal((await dial(expiredIdentity))?.certificate, undefined, 'with one that nobody confirms');
  t.match(known?.remote, /^tls:\/\/127\.0\.0\.1:\d+$/);
});

t.test('who must show a certificate and shows none, or a wrong one, is refused at both ends, in words', async t => {
  const place = await hall(t, { ...serverIdentity, ca: authority, clients: 'required' });
  const { accepted, troubles } = place;
  const refusal = async (options: TlsOptions): Promise<string> => {
    const near = await tls({ ...trusting, ...options }).dial(place.listening.address, never);
    const ear = listenTo(near);
    await Promise.race([ear.hears('ended'), ear.hears('closed')]);
    near.close();
    await ear.hears('closed');
    return ear.reason?.message ?? '';
  };
  t.match(await refusal({}), /it wants a certificate of ours, and got none$/);
  await until('it is told', () => troubles.length === 1);
  t.match(troubles[0], /^127\.0\.0\.1:\d+ was refused: it showed no certificate$/);
  await refusal(expiredIdentity);
  await until('it is told', () => troubles.length === 2);
  t.match(troubles[1], /was refused: its certificate has expired$/);
  await refusal({ cert, key });
  await until('it is told', () => troubles.length === 3);
  t.match(troubles[2], /was refused: its certificate is self-signed, and is not trusted here$/);
  t.equal(accepted.length, 0);
  const good = await tls({ ...trusting, ...clientIdentity }).dial(place.listening.address, never);
  await until('the right one is accepted', () => accepted.length === 1);
  t.equal(accepted[0]?.certificate?.subject, 'worker-7');
  good.destroy();
});

t.test('a version that is too old is refused at both ends, in words', async t => {
  const place = await hall(t, { ...serverIdentity, least: 'TLSv1.3' });
  const { port } = place.listening.address;
  const error = await new Promise<Error>(resolve => {
    connect({ port, host: '127.0.0.1', ca: authority, maxVersion: 'TLSv1.2' }).on('error', resolve);
  });
  t.match(error, { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
  await until('it is told', () => place.troubles.length === 1);
  t.match(place.troubles[0], /was refused: it speaks no version of tls that is allowed here$/);
  const late = await hall(t, { ...serverIdentity });
  const ancient = await new Promise<Error>(resolve => {
    const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    connect({ port: late.listening.address.port, host: '127.0.0.1', ca: authority, ...versions }).on('error', resolve);
  });
  t.match(ancient, { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' }, 'TLS 1.1 is too old by default');
  const server = createServer({ ...serverIdentity, maxVersion: 'TLSv1.2' }).on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until('it listens', () => server.listening);
  const address = parseAddress(`tls://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await t.rejects(tls({ ...trusting, least: 'TLSv1.3' }).dial(address, never), {
    message: /it (?:speaks|allows) no version of tls/,
  });
});

t.test('plain text on a port with tls, and the reverse, is told in words', async t => {
  const place = await hall(t, { ...serverIdentity });
  const plain = await Raw.dial(`tcp://127.0.0.1:${place.listening.address.port}`);
  plain.send('HI this is plain text\n');
  await until('it is refused', () => plain.ended || plain.closed);
  await until('it is told', () => place.troubles.length === 1);
  t.match(place.troubles[0], /was refused: it does not speak tls$/);
  const web = await Raw.dial(`tcp://127.0.0.1:${place.listening.address.port}`);
  web.send('GET / HTTP/1.1\r\n\r\n');
  await until('it is told', () => place.troubles.length === 2);
  t.match(place.troubles[1], /was refused: it speaks http without tls$/);
  t.equal(place.accepted.length, 0);
  plain.destroy();
  web.destroy();
  const listening = await tcp().listen(parseAddress('tcp://127.0.0.1:0'), {
    accept: channel => {
      channel.start(new Ear());
      channel.send(Buffer.from('HI, plain text is spoken here\n'));
    },
    trouble: () => undefined,
  });
  t.teardown(() => listening.close());
  await t.rejects(tls(trusting).dial({ ...listening.address, scheme: 'tls' }, never), {
    code: 'DIAL_FAILED',
    message: /^cannot reach tls:\/\/127\.0\.0\.1:\d+: it does not speak tls$/,
  });
});

t.test('a certificate is exchanged on request and when its file changes; who is connected stays so', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), ca: join(folder, 'ca.pem') };
  const write = (identity: Identity): void => {
    for (const name of ['cert', 'key'] as const) {
      writeFileSync(`${files[name]}.new`, identity[name]);
      renameSync(`${files[name]}.new`, files[name]);
    }
  };
  write(serverIdentity);
  writeFileSync(files.ca, authority);
  const place = await hall(t, { files });
  const first = await shown(place);
  const linked = await tls({ files: { ca: files.ca } }).dial(place.listening.address, never);
  const ear = listenTo(linked);
  await until('both were accepted', () => place.accepted.length === 2);
  write(nextIdentity);
  let now = first;
  for (let count = 0; count < 200 && now === first; count += 1) now = await shown(place);
  t.not(now, first, 'the new one is shown without being asked');
  write(serverIdentity);
  await place.listening.reload();
  t.equal(await shown(place), first, 'and on request at once');
  writeFileSync(files.cert, 'rubbish');
  await t.rejects(place.listening.reload(), {
    code: 'LISTEN_FAILED',
    message: /^the certificate was not exchanged, the old one stays: the certificate and its key cannot be used: /,
  });
  await until('the change is told too', () => place.troubles.length > 0);
  t.match(place.troubles[0], /^the certificate was not exchanged, the old one stays: /);
  t.equal(await shown(place), first);
  rmSync(files.key);
  await t.rejects(place.listening.reload(), { message: /cannot read .*key\.pem: there is no such file$/ });
  place.accepted[1]?.send(Buffer.from('still here'));
  await ear.holds(10);
  t.equal(ear.text, 'still here');
  linked.destroy();
});

t.test('files that cannot be read are told, in words', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-tls-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'folder'));
  const [missing, directory] = [join(folder, 'none.pem'), join(folder, 'folder')];
  const place = parseAddress('tls://127.0.0.1:0');
  const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
  await t.rejects(tls({ files: { cert: missing, key: missing } }).listen(place, deaf), {
    code: 'LISTEN_FAILED',
    message: `cannot listen on tls://127.0.0.1:0: cannot read ${missing}: there is no such file`,
  });
  await t.rejects(tls({ cert, files: { key: directory } }).listen(place, deaf), { message: /it is a folder$/ });
  await t.rejects(tls({ cert, key: otherIdentity.key }).listen(place, deaf), { message: /cannot be used: .*mismatch/ });
  await t.rejects(tls({ files: { ca: missing } }).dial({ ...place, port: 1 }, never), {
    code: 'DIAL_FAILED',
    message: `cannot reach tls://127.0.0.1:1: cannot read ${missing}: there is no such file`,
  });
  await t.rejects(tls({ cert }).listen(place, deaf), { code: 'INVALID_VALUE', message: /give it cert and key/ });
  t.throws(() => tls({ cert, files: { cert: missing } }), { code: 'INVALID_VALUE', message: /cert is given twice/ });
  t.throws(() => tls({ least: 'TLSv1' as 'TLSv1.2' }), { code: 'INVALID_VALUE' });
  t.throws(() => tls({ clients: 'some' as 'asked' }), { code: 'INVALID_VALUE' });
  t.throws(() => tls({ verify: false } as object), { code: 'UNKNOWN_OPTION' });
  t.throws(() => tls({ files: { pfx: missing } as object }), { code: 'UNKNOWN_OPTION' });
});

t.test('a client and a listener talk, with a session', async t => {
  const transports = { tls: tls({ ...serverIdentity, ca: authority }) };
  const { communicator } = worldOf(t, { transports });
  const listener = communicator.listen('tls://localhost:0', {
    dispatcher: new Dispatcher().on('ASK', (message, peer) => peer.send(message.reply('ANSWER'))),
  });
  const client = communicator.permanent(await listener.ready);
  t.equal((await client.request('ASK')).command, 'ANSWER');
  await until('the session is agreed', () => client.guarantee === 'exactly-once-per-session');
});
