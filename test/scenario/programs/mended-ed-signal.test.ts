// ed-signal calls nothing delivered that was not, survives odd servers, and keeps secrets.

import type { Socket } from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import { edSignal, startServer } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { RawServer } from '../raw.ts';

async function rawServer(t: Test, accepted: (socket: Socket) => void): Promise<string> {
  const server = await RawServer.listen();
  server.accepted = ({ socket }) => accepted(socket);
  t.teardown(() => server.close());
  return `127.0.0.1:${server.port}`;
}

function isOneLine(t: Test, err: string): void {
  t.equal(err.trimEnd().split('\n').length, 1, `one line: ${err.slice(0, 500)}`);
  t.notMatch(err, /\n\s+at /, 'no stack trace');
}

t.test('a message to a frozen server is not known to be delivered', async t => {
  const { address, server } = await startServer(t);
  server.child.kill('SIGSTOP');
  const { code, err } = await edSignal(t, '--server', address, '--type', 'tcp', '--timeout', '1', '-m', 'QUIT');
  t.equal(code, 1);
  t.match(err, /not known to be delivered/);
  isOneLine(t, err);
});

t.test('a message to a server that never reads and never closes is not known to be delivered', async t => {
  const address = await rawServer(t, socket => socket.pause());
  const { code, err } = await edSignal(t, '--server', address, '--type', 'tcp', '--timeout', '1', '-m', 'QUIT');
  t.equal(code, 1);
  t.match(err, /not known to be delivered/);
  isOneLine(t, err);
});

t.test('nor is one to a server that reads, says nothing and never closes', async t => {
  const address = await rawServer(t, socket => socket.resume());
  const { code, err } = await edSignal(t, '--server', address, '--type', 'tcp', '--timeout', '1', '-m', 'QUIT');
  t.equal(code, 1);
  t.match(err, /not known to be delivered/);
  isOneLine(t, err);
});

for (const words of [[], ['--reply']]) {
  t.test(`an odd server that writes 5 MB without a line feed is one line and exit code 1 ${words}`, async t => {
    const address = await rawServer(t, socket => socket.write(Buffer.alloc(5 * 1024 * 1024, 'x')));
    const { code, err } = await edSignal(t, '--server', address, '--type', 'tcp', ...words, '--message', 'QUIT');
    t.equal(code, 1);
    t.match(err, /^ed-signal: .*(long|line)/);
    isOneLine(t, err);
    t.ok(err.length < 1_000, 'the line does not hold what came');
  });
}

t.test('--trace hides the whole secret, however it is quoted', async t => {
  let text = '';
  const address = await rawServer(t, socket => {
    socket.on('data', chunk => {
      text += String(chunk);
      socket.end();
    });
  });
  for (const secret of ['4711;0815', 'one4711;two0815;', '4711 "0815;4711', '4711\\;"0815', '4711']) {
    text = '';
    const words = ['--trace', '--secret-code', secret, '--param', 'zone=open;end'];
    const { code, err } = await edSignal(t, '--server', address, '--type', 'tcp', ...words, '-m', 'QUIT');
    t.equal(code, 0, err);
    await until('the message came', () => text.endsWith('\n'));
    t.match(text, /secret_code=.*4711/, 'it is sent');
    t.match(err, /^sent \S+ QUIT secret_code=\*\*\*;zone="open;end"\n$/, 'and nothing of it is shown');
  }
});
