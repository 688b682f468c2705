// ed-message as a program: in a pipe, and on a terminal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { Peer } from '../../../lib/index.ts';
import { Dispatcher, systemCommands, tls } from '../../../lib/index.ts';
import { authority, serverIdentity } from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import type { Terminal } from '../../support/terminal.ts';
import { startOnTerminal } from '../../support/terminal.ts';
import { stairs, worldOf } from '../stairs.ts';

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `printf INPUT | ed-message WORDS` */
async function pipe(
  t: Test,
  input: string | ((say: (text: string) => void) => Promise<void>),
  ...words: string[]
): Promise<Result> {
  const child = spawn(process.execPath, [join(process.cwd(), 'dist/tools/ed-message.js'), ...words], {
    env: { ...process.env, NODE_V8_COVERAGE: '', NODE_OPTIONS: '' },
  });
  t.teardown(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  const result = { out: '', err: '' };
  child.stdout.on('data', chunk => {
    result.out += String(chunk);
  });
  child.stderr.on('data', chunk => {
    result.err += String(chunk);
  });
  child.stdin.on('error', () => undefined);
  if (typeof input !== 'string') await input(text => child.stdin.write(text));
  child.stdin.end(typeof input === 'string' ? input : '');
  const [code] = (await closed) as [number | null];
  return { code, ...result };
}

t.test('in a pipe sends lines, prints what comes back, and ends', async t => {
  const { address } = await stairs(t, { system: true });
  const { code, out, err } = await pipe(t, '# hello\nDAD\n\nTOP', address);
  t.same([code, err], [0, '']);
  t.equal(out, 'HI\nCLIMB\nWHO\n');
  const { out: help } = await pipe(t, 'HELP\n', address);
  t.match(help, /^HI\nCOMMANDS list=.*DAD/);
});

t.test('in a pipe more lines than a socket takes at once all go out', async t => {
  const { address } = await stairs(t, {
    rules: dispatcher => dispatcher.on('EVENT', () => 0).on('DONE', (_, peer) => peer.close()),
  });
  const lines = Array.from({ length: 20_000 }, (_, n) => `EVENT n=${n};text=${'x'.repeat(100)}`);
  const { code, out, err } = await pipe(t, `${lines.join('\n')}\nDONE\n`, address, '--wait', '20');
  t.same([code, out, err], [0, 'HI\n', ''], 'and the service’s end is an end');
});

t.test('in a pipe what is refused or is no message is exit code 1', async t => {
  const { address } = await stairs(t);
  const unknown = await pipe(t, 'FOO\n', address);
  t.match(unknown, { code: 1, out: 'HI\nUNKNOWN command=FOO\n', err: '' });
  const bad = await pipe(t, 'DAD\nfoo bar\nTOP\n', address);
  t.match(bad, { code: 1, out: 'HI\nCLIMB\nWHO\n', err: /^ed-message: line 2: .*\n$/ });
});

t.test('in a pipe who is not there, or leaves in the middle, is exit code 1', async t => {
  const away = await pipe(t, 'DAD\n', '127.0.0.1:1');
  t.match(away, { code: 1, out: '', err: /^ed-message: cannot reach tcp:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*\n$/ });
  const rude = createServer(socket => {
    socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
  }).listen(0, '127.0.0.1');
  t.teardown(() => rude.close());
  await once(rude, 'listening');
  const { port } = rude.address() as { port: number };
  t.match(await pipe(t, 'DAD\n', `127.0.0.1:${port}`, '--wait', '20'), {
    code: 1,
    err: /^ed-message: .*ECONNRESET.*\n$/,
  });
});

t.test('in a pipe a line that comes after the end of the service is exit code 1', async t => {
  let gone = (): void => undefined;
  const left = new Promise<void>(resolve => {
    gone = resolve;
  });
  const { address } = await stairs(t, {
    listen: { dispatcher: new Dispatcher().on('DONE', (_, peer) => (peer as Peer).on('close', gone).close()) },
  });
  const late = async (say: (text: string) => void): Promise<void> => {
    say('DONE\n');
    await left;
    // The other side's socket is closed before ours has heard of it.
    await new Promise(resolve => setTimeout(resolve, 200));
    say('DONE\nDONE\n');
  };
  const { code, err } = await pipe(t, late, address, '--wait', '5');
  t.equal(code, 1);
  t.match(err, /^ed-message: tcp:\S+ closed the connection, and 2 messages were not sent\n$/);
});

t.test('talks over tls and over unix sockets', async t => {
  const { communicator } = worldOf(t, { transports: { tls: tls(serverIdentity) } });
  const dispatcher = new Dispatcher().on('DAD', (message, peer) => peer.send(message.reply('CLIMB')));
  const secure = await communicator.listen('tls://127.0.0.1:0', { dispatcher }).ready;
  const abstract = await communicator.listen(`unix:@ed-message-test-${process.pid}`, { dispatcher }).ready;
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  t.match(await pipe(t, 'DAD\n', secure, '--ca', ca), { code: 0, out: 'CLIMB\n', err: '' });
  t.match(await pipe(t, 'DAD\n', abstract), { code: 0, out: 'CLIMB\n', err: '' });
  const untrusted = await pipe(t, 'DAD\n', secure);
  t.match(untrusted, { code: 1, err: /^ed-message: cannot reach .*not trusted here\n$/ });
});

t.test('wrong use is exit code 2', async t => {
  const place = folderOf(t, { 'BAD.conf': '[a]\ntype = int\n' });
  const cases: [string[], RegExp][] = [
    [[], /say whom to talk to/],
    [['nowhere'], /is no address/],
    [['udp://127.0.0.1:1'], /there is no transport for udp:/],
    [['127.0.0.1:1', '--wait', 'long'], /--wait long is no time/],
    [['127.0.0.1:1', '--definitions', '/no/such/folder'], /cannot read \/no\/such\/folder/],
    [['127.0.0.1:1', '--definitions', place], /BAD\.conf:2: "int" is no type/],
    [['tls://127.0.0.1:1', '--ca', place], /EISDIR/],
  ];
  for (const [words, pattern] of cases) {
    const { code, out, err } = await pipe(t, '', ...words);
    t.same([code, out], [2, ''], `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1);
  }
  t.match((await pipe(t, '', '--help')).out, /--no-history|--history/);
});

/** A console on a terminal, connected. */
async function onTerminal(
  t: Test,
  address: string,
  ...words: string[]
): Promise<{ terminal: Terminal; state: string }> {
  const state = folderOf(t);
  const terminal = startOnTerminal(t, 'tools/ed-message', [address, ...words], { XDG_STATE_HOME: state });
  await terminal.shows(/connected to/);
  return { terminal, state };
}

t.test('on a terminal shows what comes, completes, keeps what was typed', async t => {
  const { address } = await stairs(t, { system: true });
  const definitions = folderOf(t, { 'EVENT.conf': '[number]\ntype = integer\n[gone]\nflags = forbidden\n' });
  const { terminal, state } = await onTerminal(t, address, '--definitions', definitions);
  let at = await terminal.shows(/HI\r?\n/);
  terminal.type('DAD\r');
  at = await terminal.shows(/CLIMB/, at);
  t.match(terminal.raw, '\u001b[32mCLIMB', 'in colour');
  terminal.type('LOG_R\t');
  at = await terminal.shows(/LOG_ROTATE/, at);
  t.notMatch(terminal.text, /COMMANDS/, 'the list was for Tab');
  terminal.type('\u0015EVENT \t');
  at = await terminal.shows(/EVENT number=/, at);
  terminal.type('x\r');
  at = await terminal.shows(/it does not fit its definition: parameter number/, at);
  at = await terminal.shows(/UNKNOWN command=EVENT/, at);
  terminal.type('.trace\r');
  at = await terminal.shows(/trace is on/, at);
  terminal.type('TOP\r');
  at = await terminal.shows(/\d\d:\d\d:\d\d\.\d{3} > TOP[\s\S]*\d{3} < WHO/, at);
  terminal.type('nonsense\r');
  at = await terminal.shows(/"nonsense" is no command/, at);
  terminal.type('.commands\r');
  at = await terminal.shows(/DAD HELP/, at);
  terminal.type('.help\r.none\r');
  at = await terminal.shows(/send a message[\s\S]*there is no \.none/, at);
  terminal.type('.quit\r');
  t.equal(await terminal.ended, 0);
  const file = join(state, 'ed-communicator/ed-message.history');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.match(readFileSync(file, 'utf8'), /^DAD\nEVENT number=x\n\.trace\nTOP\n/);
  const again = startOnTerminal(t, 'tools/ed-message', [address], { XDG_STATE_HOME: state });
  const begun = await again.shows(/HI\r?\n/);
  again.type('\u001b[A'.repeat(6));
  await again.shows(/TOP/, begun);
  again.type('\u0003\u0003');
  t.equal(await again.ended, 0, 'Ctrl-C clears the line first, then ends');
});

t.test('on a terminal comes back when the service does', async t => {
  const first = await stairs(t);
  const { terminal, state } = await onTerminal(t, first.address, '--no-history');
  await first.communicator.stop();
  let at = await terminal.shows(/not connected:/);
  terminal.type('DAD\r');
  at = await terminal.shows(/it waits for the connection/, at);
  const second = worldOf(t);
  const dispatcher = new Dispatcher().on('DAD', (_, peer) => peer.send('CLIMB')).use(systemCommands());
  await second.communicator.listen(first.address, { dispatcher }).ready;
  at = await terminal.shows(/connected to/, at);
  at = await terminal.shows(/CLIMB/, at);
  terminal.type('.reconnect\r');
  at = await terminal.shows(/connected to/, at);
  terminal.type('\u0004');
  t.equal(await terminal.ended, 0);
  t.notOk(existsSync(join(state, 'ed-communicator')), 'and nothing was kept');
});
