// ed-qio as a program: what it serves, sends and prints.

import t from 'tap';
import { bundleClient } from '../../support/client-bundle.ts';
import { edQio, serveQio, start } from '../../support/programs.ts';

t.test('serve, on, send and bench work together', async t => {
  const { server, url } = await serveQio(t, '--apps', 'clienttest', '--cors', '*');
  for (const transport of ['websocket', 'polling']) {
    const carrier = ['--transport', transport];
    const heard = await edQio(t, 'on', url, '/clienttest/broadcast', '--count', '2', ...carrier);
    t.match(heard, { code: 0, out: '"broadcast event"\n"broadcast event"\n', err: '' });
    const words = ['send', url, '/clienttest/echo', '{"a": [1]}', '--callback', ...carrier];
    t.match(await edQio(t, ...words), { code: 0, out: '{"a":[1]}\n', err: '' });
  }
  const one = await edQio(t, 'on', url, '/clienttest/on-data', '--data', '123987', '--json', '--count', '1', '--trace');
  t.same([one.code, one.out], [0, '{"path":"/clienttest/on-data","data":true}\n']);
  t.match(one.err, /^open: websocket to 127\.0\.0\.1:\d+\n/);
  t.match(await edQio(t, 'send', url, '/clienttest/echo', '--data', '5'), { code: 0, out: '', err: '' });
  const found = await edQio(t, 'bench', url, '--clients', '2', '--rate', '20', '--duration', '500ms', '--json');
  t.equal(found.code, 0, found.err);
  t.match(JSON.parse(found.out), { clients: 2, sent: 20, answered: 20, failed: 0, ms: { p50: Number, p99: Number } });
  const chased = await edQio(t, 'bench', url, '--clients', '1', '--rate', '0', '--duration', '0.1');
  t.match(chased.out, /^1 clients, .* 0 failed\n\d+ round trips a second; p50 .* ms, p99 .* ms, longest .* ms\n$/);
  server.child.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
});

t.test('serve gives the client for pages', async t => {
  const text = await bundleClient();
  const { url } = await serveQio(t);
  const answer = await fetch(new URL('/qio/client.js', url.replace('ws:', 'http:')));
  t.same([answer.status, answer.headers.get('content-type')], [200, 'text/javascript; charset=utf-8']);
  t.equal(await answer.text(), text);
});

t.test('on says that it lost its server, and comes back', async t => {
  const { server, url } = await serveQio(t);
  const listener = start(t, 'tools/ed-qio', ['on', url, '/clienttest/broadcast', '--trace']);
  await listener.says(/open: websocket/);
  server.child.kill('SIGTERM');
  await listener.says(/close: the WebSocket closed: 1001/);
  const again = start(t, 'tools/ed-qio', ['serve', '--port', new URL(url).port]);
  await again.says(/listening/);
  t.match(await listener.says(/close:[\s\S]*open: (websocket|polling)/), /\w/);
});

t.test('on ends when nobody reads it any more', async t => {
  const { url } = await serveQio(t);
  const listener = start(t, 'tools/ed-qio', ['on', url, '/clienttest/broadcast']);
  listener.child.stdout?.once('data', () => listener.child.stdout?.destroy());
  t.equal((await listener.ended).code, 0);
});

t.test('options may come from the environment', async t => {
  const { url } = await serveQio(t);
  const words = ['on', url, '/clienttest/broadcast'];
  const program = start(t, 'tools/ed-qio', words, { ED_QIO_COUNT: '1' });
  t.equal((await program.ended).code, 0);
  t.equal(program.out, '"broadcast event"\n');
});
