// The daemon, the client and ed-signal as programs of their own.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { edSignal, start, startServer } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

function dial(address: string): { socket: Socket; text: () => string } {
  const [host = '', port = ''] = address.split(':');
  const socket = connect({ host, port: Number(port), allowHalfOpen: true });
  let text = '';
  socket.on('data', chunk => {
    text += String(chunk);
  });
  socket.on('error', () => undefined);
  return { socket, text: () => text };
}

t.test('the client goes through the whole talk and ends by itself', async t => {
  const { address, server } = await startServer(t, '--trace');
  const client = start(t, 'examples/client', ['--trace', '--server', address, '--logrotate-listen', '127.0.0.1:0']);
  t.same(await client.ended, { code: 0, signal: null });
  const heard = [...client.err.matchAll(/(?:received|sent) (\w+)/g)].map(([, command]) => command);
  t.same(heard, ['HI', 'DAD', 'CLIMB', 'TOP', 'WHO', 'MOM', 'BYE']);
  t.match(server.err, /trace server: received MOM/);
});

t.test('the client waits for its server, whichever is started first', async t => {
  const { address, server } = await startServer(t);
  server.child.kill('SIGTERM');
  await server.ended;
  const client = start(t, 'examples/client', ['--server', address, '--logrotate-listen', '127.0.0.1:0']);
  await client.says(/not connected: cannot reach/);
  start(t, 'examples/server', ['--listen', address, '--log-rotate-listen', '127.0.0.1:0']);
  t.same(await client.ended, { code: 0, signal: null });
});

t.test('the client starts the talk again when its server dies in the middle', async t => {
  let links = 0;
  const server = createServer(socket => {
    links += 1;
    socket.on('error', () => undefined);
    socket.write('HI\n');
    const answers: Record<string, string> = { DAD: 'CLIMB\n', TOP: 'WHO\n', MOM: 'BYE\n' };
    socket.on('data', chunk => {
      for (const line of String(chunk).trim().split('\n')) {
        if (links === 1 && line === 'TOP') socket.resetAndDestroy();
        else socket.write(answers[line] ?? '');
      }
    });
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await until('the server listens', () => server.listening);
  const { port } = server.address() as { port: number };
  const client = start(t, 'examples/client', ['--server', `127.0.0.1:${port}`, '--logrotate-listen', '127.0.0.1:0']);
  t.same(await client.ended, { code: 0, signal: null });
  t.equal(links, 2);
});

t.test('QUIT ends the daemon within a second, even while other clients are connected', async t => {
  const { address, server } = await startServer(t);
  const clients = [dial(address), dial(address), dial(address)];
  await until('all were greeted', () => clients.every(({ text }) => text() === 'HI\n'));
  const idle = performance.now();
  await edSignal(t, '--version');
  const begin = performance.now();
  const quit = await edSignal(t, '--trace', '--server', address, '--type', 'tcp', '--message', 'QUIT');
  t.same(await server.ended, { code: 0, signal: null });
  // Twice: the machine may be busier than it was a moment ago.
  const took = performance.now() - begin - 2 * (begin - idle);
  t.ok(took < 1_700, `it took ${took} ms without the start of ed-signal; half of it is the linger for silent clients`);
  t.equal(quit.code, 0, quit.err);
  await until('all clients were told', () => clients.every(({ socket }) => socket.readableEnded || socket.destroyed));
  const late = dial(address);
  const refused = await new Promise(resolve =>
    late.socket.once('error', error => resolve((error as NodeJS.ErrnoException).code)),
  );
  t.equal(refused, 'ECONNREFUSED');
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends the daemon in good order, and a second one at once`, async t => {
    const first = await startServer(t);
    first.server.child.kill(signal);
    t.same(await first.server.ended, { code: 0, signal: null });
    const second = await startServer(t);
    const silent = dial(second.address);
    await until('it was greeted', () => silent.text() === 'HI\n');
    second.server.child.kill(signal);
    await until('it is told that the daemon ends', () => silent.socket.readableEnded);
    second.server.child.kill(signal);
    t.same(await second.server.ended, { code: null, signal });
  });
}

t.test('a LOG_ROTATE or LOG datagram makes the daemon go on in a new file', async t => {
  const folder = t.testdir({});
  const file = join(folder, 'server.log');
  const { udp, server } = await startServer(t, '--log-file', file, '--log-rotate-secret', 's3cret');
  for (const [index, command] of ['LOG_ROTATE', 'LOG'].entries()) {
    renameSync(file, `${file}.${index}`);
    const wrong = await edSignal(t, '--host', udp, '--message', command, '--secret-code', 'guess');
    t.equal(wrong.code, 0, 'a datagram is never answered');
    await edSignal(t, '--host', udp, '--message', command, '--secret-code', 's3cret');
    await until(`${command} reopens`, () => existsSync(file));
  }
  await until('it is told', () => server.err.split('reopened').length > 2);
  t.match(readFileSync(`${file}.0`, 'utf8'), /listening on/);
  t.match(server.err, /wrong secret code/);
});

t.test('a port in use is one clear line and exit code 1', async t => {
  const { address } = await startServer(t);
  const second = start(t, 'examples/server', ['--listen', address, '--log-rotate-listen', '127.0.0.1:0']);
  t.same(await second.ended, { code: 1, signal: null });
  t.match(second.err, `server: cannot listen on tcp://${address}: another program listens there already\n`);
});

t.test('options come from the command line, then the environment, then a file', async t => {
  const folder = t.testdir({});
  const file = join(folder, 'options.json');
  const ports = { listen: '127.0.0.1:0', 'log-rotate-listen': '127.0.0.1:0' };
  writeFileSync(file, JSON.stringify({ ...ports, trace: true, 'log-file': join(folder, 'file.log') }));
  const server = start(t, 'examples/server', ['--config', file, '--log-file', join(folder, 'line.log')]);
  await server.says(/listening on/);
  t.ok(existsSync(join(folder, 'line.log')));
  t.notOk(existsSync(join(folder, 'file.log')));
  const environment = { ED_SERVER_LISTEN: '127.0.0.1:0', ED_SERVER_LOG_ROTATE_LISTEN: '127.0.0.1:0', ED_OTHER: 'x' };
  const other = start(t, 'examples/server', [], environment);
  await other.says(/listening on/);
});

t.test('a wrong command line is exit code 2, and help says so', async t => {
  const wrong: [string, string[], RegExp][] = [
    ['examples/server', ['--bogus'], /Unknown argument: bogus/],
    ['examples/server', ['--listen', '127.0.0.1:99999', '--log-rotate-listen', '127.0.0.1:0'], /is no address/],
    ['examples/server', ['--config', '/nowhere/at/all'], /config file \/nowhere\/at\/all/],
    ['examples/client', ['stray'], /Unknown argument: stray/],
  ];
  for (const [path, words, pattern] of wrong) {
    const program = start(t, path, words);
    t.same(await program.ended, { code: 2, signal: null }, words.join(' '));
    t.match(program.err, pattern);
  }
  for (const path of ['examples/server', 'examples/client', 'tools/ed-signal']) {
    const help = start(t, path, ['--help']);
    t.same(await help.ended, { code: 0, signal: null });
    t.match(help.out, /Exit codes: 0 done, 1 failed.*2 wrong command line/);
    const version = start(t, path, ['--version']);
    await version.ended;
    t.match(version.out, /^\d+\.\d+\.\d+\n$/);
    const completion = start(t, path, ['completion']);
    t.same(await completion.ended, { code: 0, signal: null });
    t.match(completion.out, /yargs command completion script/);
  }
});

t.test('the demo runs the whole story', async t => {
  const demo = start(t, 'examples/demo', []);
  t.same(await demo.ended, { code: 0, signal: null });
  t.match(demo.out, /The whole talk took/);
});
