// ed-signal as a program: what it sends, what it says, and its exit codes.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { nameOfHost } from '../../../lib/message/names.ts';
import { edSignal, start, startServer } from '../../support/programs.ts';

const sender = `<${nameOfHost(hostname())}:ed_signal`;

async function udpEar(t: Test): Promise<{ address: string; next: () => Promise<string> }> {
  const ear = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => ear.close());
  await once(ear, 'listening');
  const next = async (): Promise<string> => String((await once(ear, 'message'))[0]);
  return { address: `127.0.0.1:${ear.address().port}`, next };
}

async function tcpServer(t: Test, use: (socket: Socket) => void): Promise<string> {
  const server: Server = createServer(socket => {
    socket.on('error', () => undefined);
    use(socket);
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** The server-only target is the one place where ours differs: it is not lost. */
const exceptions: Record<string, string> = { '--type udp --message FOO --server srv': `${sender} srv:FOO` };

t.test('sends the datagrams of the recording, byte for byte', async t => {
  const ear = await udpEar(t);
  const lines = readFileSync(join(process.cwd(), 'test/golden/text-session-06-udp-ed-signal.jsonl'), 'utf8').trim();
  const records = lines.split('\n').map(line => JSON.parse(line) as Record<string, string>);
  let words: string[] = [];
  for (const record of records) {
    const call = record['ed-signal'];
    if (call !== undefined) {
      const parts = call
        .replace(/ ?--host \S+/, '')
        .replaceAll("'", '')
        .split(' ');
      words = parts;
    } else if (record.bytes !== undefined) {
      const heard = ear.next();
      const { code, err } = await edSignal(t, ...words, '--host', ear.address);
      t.equal(code, 0, err);
      const recorded = record.bytes.replace('<vm:ed_signal', sender);
      t.equal(await heard, exceptions[words.join(' ')] ?? recorded, words.join(' '));
    }
  }
});

t.test('a name as --server is the server in the message, an address is where it goes', async t => {
  const ear = await udpEar(t);
  const cases: [string[], string][] = [
    [['--host', ear.address, '--server', 'my_server', 'FOO'], 'my_server:FOO'],
    [['--host', ear.address, '-s', 'my_server', '-S', 'svc', '-m', 'FOO'], 'my_server:svc/FOO'],
    [['--server', ear.address, '-m', 'svc/FOO', '-p', 'b=2', '-p', 'a=x y'], 'svc/FOO a=x y;b=2'],
    [['--server', `udp://${ear.address}`, '-m', '*/FOO'], '*/FOO'],
  ];
  for (const [words, expected] of cases) {
    const heard = ear.next();
    const { code, err } = await edSignal(t, ...words);
    t.equal(code, 0, err);
    t.equal(await heard, `${sender} ${expected}`);
  }
});

t.test('prints the answer to its message, not the greeting', async t => {
  const { address } = await startServer(t);
  const { code, out } = await edSignal(t, '--server', address, '--type', 'tcp', '--reply', '--message', 'DAD');
  t.same([code, out], [0, `${sender.slice(1)}/CLIMB\n`]);
});

t.test('talks to a service on a unix socket', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const long = start(t, 'examples/server', ['--listen', `unix:${folder}/${'x'.repeat(100)}`]);
  t.same(await long.ended, { code: 2, signal: null });
  t.match(long.err, /a unix path has at most 107 bytes/);
  const path = join(folder, 'service.sock');
  const service = start(t, 'examples/server', ['--listen', `unix:${path}`, '--log-rotate-listen', '127.0.0.1:0']);
  await service.says(/listening on (unix:\S+)/);
  const { code, out } = await edSignal(t, '--server', `unix:${path}`, '--reply', '--message', 'TOP');
  t.same([code, out], [0, `${sender.slice(1)}/WHO\n`]);
});

t.test('prints the first line where the answer is addressed to nobody, as old services do', async t => {
  const address = await tcpServer(t, socket => socket.once('data', () => socket.write('OLD_ANSWER x=1\n')));
  const { code, out } = await edSignal(t, '-s', address, '-t', 'tcp', '-r', 'ASK');
  t.same([code, out], [0, 'OLD_ANSWER x=1\n']);
});

t.test('sends the line of the recording over tcp', async t => {
  let text = '';
  const address = await tcpServer(t, socket => {
    socket.write('HI\n');
    socket.on('data', chunk => {
      text += String(chunk);
      socket.end();
    });
  });
  const { code } = await edSignal(t, '--trace', '--server', address, '--type', 'tcp', '--message', 'QUIT');
  t.same([code, text], [0, `${sender} QUIT\n`]);
});

t.test('is done with a service that answers nothing, and closes when we close', async t => {
  const address = await tcpServer(t, socket => socket.resume());
  const { code, err } = await edSignal(t, '-s', address, '-t', 'tcp', 'EVENT');
  t.equal(code, 0, err);
});

t.test('what was not delivered is exit code 1 with the reason', async t => {
  const resetting = await tcpServer(t, socket => socket.once('data', () => socket.resetAndDestroy()));
  const mute = await tcpServer(t, () => undefined);
  const gone = await tcpServer(t, socket => socket.end());
  const { address } = await startServer(t);
  const failures: [string[], RegExp][] = [
    [['-s', '127.0.0.1:1', '-t', 'tcp', 'QUIT'], /cannot reach tcp:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    [['-s', '127.0.0.1:1', '-t', 'udp', 'QUIT'], /cannot send to udp:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/],
    [['-s', resetting, '-t', 'tcp', 'QUIT'], /not delivered: .*ECONNRESET/],
    [['-s', mute, '-t', 'tcp', '--reply', '--timeout', '300ms', 'ASK'], /did not answer within 300 ms/],
    [['-s', gone, '-t', 'tcp', '--reply', 'ASK'], /closed without an answer/],
    [['-s', address, '-t', 'tcp', 'FOO'], /answered .*UNKNOWN command=FOO/],
    [['-s', 'no-such-host.invalid:3001', '-t', 'tcp', 'QUIT'], /cannot reach tcp:\/\/no-such-host\.invalid:3001/],
    [['-s', '127.0.0.1:1', 'FOO', '-p', `x=${'y'.repeat(2000)}`], /a datagram holds 1024/],
  ];
  for (const [words, pattern] of failures) {
    const { code, err } = await edSignal(t, ...words);
    t.equal(code, 1, `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1, 'one line');
  }
});

t.test('a wrong call is exit code 2 with the reason', async t => {
  const wrong: [string[], RegExp][] = [
    [[], /no --message/],
    [['quit'], /is no \[\[server:\]service\/\]COMMAND/],
    [['-m', 'FOO x=1'], /is no \[\[server:\]service\/\]COMMAND/],
    [['-m', 'FOO', '-t', 'carrier-pigeon'], /Invalid values/],
    [['-m', 'a:b/FOO', '-s', 'c'], /server is in --message already/],
    [['-m', 'b/FOO', '-S', 'c'], /service is in --message already/],
    [['-m', 'FOO', '-s', '127.0.0.1:1', '-H', '127.0.0.1:2'], /give one of them/],
    [['-m', 'FOO', '-H', '127.0.0.1:1', '-H', '127.0.0.1:2'], /--host is given twice/],
    [['-m', 'FOO', '--reply'], /a datagram has no reply/],
    [['-m', 'FOO', '--timeout', 'soon'], /is no time/],
    [['-m', 'FOO', '-p', 'a-b=1'], /is no parameter name/],
    [['-m', 'FOO', '-s', 'my-server'], /is no server/],
    [['-m', 'FOO', '-s', 'http://127.0.0.1:1'], /http: is not known here/],
  ];
  for (const [words, pattern] of wrong) {
    const { code, err } = await edSignal(t, ...words);
    t.equal(code, 2, `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
  }
});
