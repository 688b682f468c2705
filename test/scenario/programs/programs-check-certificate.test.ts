// check-certificate as a program: against servers, files, and what is neither.

import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { tls } from '../../../lib/index.ts';
import type { Identity } from '../../support/certificate.ts';
import { authority, cert, expiredIdentity, key, otherIdentity, serverIdentity } from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import { start } from '../../support/programs.ts';
import { worldOf } from '../stairs.ts';

const files = folderOf(t, {
  'ca.pem': authority,
  'good.pem': serverIdentity.cert,
  'chain.pem': serverIdentity.cert + authority,
  'expired.pem': expiredIdentity.cert,
  'key.pem': key,
  'damaged.pem': serverIdentity.cert.replace('MII', 'AAA'),
  'notes.txt': 'no certificate\n',
});
const file = (name: string): string => join(files, name);
const ca = ['--ca', file('ca.pem')];

async function check(t: Test, ...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const program = start(t, 'tools/check-certificate', words);
  const { code } = await program.ended;
  return { code, out: program.out, err: program.err };
}

/** A service with tls; gives its port. */
async function secure(t: Test, identity: Identity): Promise<string> {
  const { communicator } = worldOf(t, { transports: { tls: tls(identity) } });
  return (await communicator.listen('tls://127.0.0.1:0').ready).replace(/^.*:/, '');
}

async function plain(t: Test, use: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer(socket => use(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

t.test('a good certificate is fine, whatever the name of the place', async t => {
  const port = await secure(t, serverIdentity);
  for (const place of [`localhost:${port}`, `127.0.0.1:${port}`, `https://localhost:${port}/path`]) {
    const { code, out, err } = await check(t, place, ...ca);
    t.same([code, err], [0, ''], place);
    t.match(out, /^\S+: 3\d{4} days left, until 2126-01-01T00:00:00Z\n$/);
  }
});

t.test('info and JSON say what is in it', async t => {
  const port = await secure(t, serverIdentity);
  const { out } = await check(t, `localhost:${port}`, ...ca, '--info');
  for (const line of [
    `domain: localhost:${port}`,
    'not-before: 2026-01-01T00:00:00Z',
    'not-after: 2126-01-01T00:00:00Z',
    'issuer-CN: ed test authority',
    'subject-CN: localhost',
    'names: DNS:localhost, IP Address:127.0.0.1',
    'protocol: TLSv1.3',
  ]) {
    t.ok(out.includes(`${line}\n`), line);
  }
  const { code, out: text } = await check(t, `localhost:${port}`, ...ca, '--json', '--limit', '6000w');
  t.equal(code, 1);
  t.match(JSON.parse(text), {
    place: `localhost:${port}`,
    daysLeft: Number,
    notAfter: '2126-01-01T00:00:00Z',
    findings: [{ code: 'limit' }],
  });
});

t.test('the limit has units, and is exit code 1', async t => {
  for (const [limit, expected] of [
    ['30000', 0],
    ['30000d', 0],
    ['4000w', 0],
    ['800000h', 0],
    ['40000', 1],
    ['6000w', 1],
    ['960000h', 1],
  ] as const) {
    const { code, err } = await check(t, '--file', file('good.pem'), ...ca, '--limit', limit);
    t.equal(code, expected, `${limit} ${err}`);
    if (code === 1)
      t.match(err, /^check-certificate: .*: expires on 2126-\S+, in 3\d{4} days; the limit is 4\d{4} days\n$/);
  }
});

t.test('each thing that is wrong is a line', async t => {
  const [good, expired, other, alone] = await Promise.all(
    [serverIdentity, expiredIdentity, otherIdentity, { cert, key }].map(identity => secure(t, identity)),
  );
  const cases: [string[], RegExp[]][] = [
    [[`localhost:${good}`], [/of an authority that is not trusted here$/]],
    [[`localhost:${expired}`, ...ca], [/expired on 2021-01-01T00:00:00Z, \d+ days ago$/]],
    [[`localhost:${expired}`], [/expired on/, /its authority is not trusted here: CN=ed test authority$/]],
    [[`localhost:${other}`, ...ca], [/it is not for localhost, but for DNS:elsewhere\.example$/]],
    [[`localhost:${good}`, ...ca, '--servername', 'a.example'], [/it is not for a\.example, but for DNS:localhost/]],
    [[`localhost:${alone}`], [/it is self-signed, and not trusted here$/]],
    [['--file', file('expired.pem'), ...ca], [/expired on/]],
    [['--file', file('good.pem')], [/its authority is not trusted here/]],
    [['--file', file('good.pem'), ...ca, '-n', 'x.example'], [/it is not for x\.example/]],
    [['--file', file('damaged.pem')], [/its certificate is damaged/]],
  ];
  for (const [words, patterns] of cases) {
    const { code, err } = await check(t, ...words);
    const lines = err.trim().split('\n');
    t.equal(code, 1, `${words.join(' ')}: ${err}`);
    t.equal(lines.length, patterns.length, err);
    for (const [index, pattern] of patterns.entries()) t.match(lines[index], pattern);
  }
  t.equal((await check(t, `localhost:${other}`, ...ca, '-n', 'elsewhere.example')).code, 0);
  t.equal((await check(t, '--file', file('chain.pem'), ...ca)).code, 0);
});

t.test('who does not speak tls, or is not there, is told in one line', async t => {
  const greeting = await plain(t, socket => socket.resume().write('220 mail.example\n'));
  const silent = await plain(t, socket => socket.resume());
  const closing = await plain(t, socket => socket.once('data', () => socket.destroy()));
  const cases: [string[], string, RegExp][] = [
    [[greeting], 'no-tls', /it does not speak tls\n$/],
    [[silent, '--timeout', '300ms'], 'timeout', /no handshake within 300 ms/],
    [[closing], 'no-tls', /it closed the connection during the handshake/],
    [['127.0.0.1:1'], 'refused', /nobody listens there \(connection refused\)\n$/],
    [['no-such-host.invalid'], 'unknown-host', /the host (?:is not known|cannot be looked up now)\n$/],
  ];
  for (const [words, finding, pattern] of cases) {
    const { code, out, err } = await check(t, ...words);
    t.same([code, out], [1, ''], words.join(' '));
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1);
    const json = await check(t, ...words, '--json');
    t.match([json.code, JSON.parse(json.out), json.err], [1, { findings: [{ code: finding }] }, '']);
  }
});

t.test('wrong use is exit code 2', async t => {
  const cases: [string[], RegExp][] = [
    [[], /give a place or a --file/],
    [['localhost', '--file', file('good.pem')], /one of them alone/],
    [['localhost:99999'], /is no place/],
    [['localhost:0'], /is no place/],
    [['localhost', '--limit', 'soon'], /--limit soon is no time/],
    [['localhost', '--limit', '5y'], /--limit 5y is no time/],
    [['--file', file('none.pem')], /ENOENT/],
    [['--file', files], /EISDIR/],
    [['--file', file('notes.txt')], /it holds no PEM/],
    [['--file', file('key.pem')], /it holds no certificate/],
    [['localhost:1', '--ca', file('none.pem')], /--ca .*ENOENT/],
  ];
  for (const [words, pattern] of cases) {
    const { code, err } = await check(t, ...words);
    t.equal(code, 2, `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1);
  }
  t.match((await check(t, '--help')).out, /Exit codes: 0 all is fine, 1 the limit is passed/);
});
