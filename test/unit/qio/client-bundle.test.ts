// The client for pages: one small file that needs nothing.

import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import type * as Module from '../../../lib/protocol/qio/client.ts';
import { clientScript } from '../../../lib/protocol/qio/client-script.ts';
import { bundleClient } from '../../support/client-bundle.ts';
import { FakeSocket } from './client-stage.ts';

const text = await bundleClient();

t.test('it is under 6 kB gzipped', async t => {
  const { length } = gzipSync(text, { level: 9 });
  t.ok(length < 6_000, `${length} bytes`);
});

t.test('it imports nothing, and names nothing of Node', async t => {
  t.notMatch(text, /\bimport\b|\brequire\b|\bprocess\b|\bBuffer\b|node:/);
  t.match(text, /export\{.*QioClient/);
});

t.test('it is what a server has to give', async t => {
  t.equal(await clientScript(), text);
});

t.test('it works as it is', async t => {
  const { QioClient, QioError } = (await import(`data:text/javascript,${encodeURIComponent(text)}`)) as typeof Module;
  const sockets: FakeSocket[] = [];
  class Socket extends FakeSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol);
      sockets.push(this);
    }
  }
  const client = new QioClient('ws://one.example', { webSocket: Socket });
  const heard: unknown[] = [];
  client.on('/news', data => heard.push(data));
  await new Promise(resolve => setTimeout(resolve, 10));
  const [socket] = sockets;
  socket?.open();
  socket?.say('/news:0={"a":1}');
  t.same(heard, [{ a: 1 }]);
  const asked = client.request('/a');
  client.close();
  const error: unknown = await asked.catch((thrown: unknown) => thrown);
  t.ok(error instanceof QioError);
  t.match(error, { name: 'qio_error', code: -1 });
});

t.test('where it has not been built, that is said', async t => {
  const compiled = (path: string): string => readFileSync(`dist/lib/${path}`, 'utf8');
  const folder = t.testdir({
    'package.json': '{"type":"module"}',
    base: { 'errors.js': compiled('base/errors.js') },
    protocol: { qio: { 'client-script.js': compiled('protocol/qio/client-script.js') } },
  });
  const copy = (await import(`${folder}/protocol/qio/client-script.js`)) as { clientScript: typeof clientScript };
  await t.rejects(copy.clientScript(), { code: 'ILLEGAL_STEP', message: /npm run build/ });
});
