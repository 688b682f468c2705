// Where WebSockets are served: on servers of their own, on paths of others, with certificates; and without the package.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { WebSocketServer } from 'ws';
import type { Address } from '../../../lib/index.ts';
import { formatAddress, parseAddress, websocket } from '../../../lib/index.ts';
import { hello, listenTo, never } from '../../contract/ear.ts';
import { cert, key } from '../../support/certificate.ts';
import { until } from '../../support/world.ts';
import { foreign, frameEar, hall } from './websocket-stage.ts';

const deaf = { accept: (): void => undefined, trouble: (): void => undefined };

/** What a server says to the bytes of a request, until it closes. */
async function says(port: number, request: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', chunk => {
    text += String(chunk);
  });
  socket.write(request.replaceAll('\n', '\r\n'));
  await once(socket, 'close');
  return text;
}

const upgradeOf = (path: string): string => `GET ${path} HTTP/1.1
Host: here
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Version: 13
Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

`;

/** A web server with one page. */
async function webServer(t: Test): Promise<{ server: http.Server; at: (path: string) => Address; port: number }> {
  const server = http.createServer((request, response) => response.end(`the page ${request.url}`));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { server, port, at: path => parseAddress(`ws://127.0.0.1:${port}${path}`) };
}

t.test('a server of its own has no pages', async t => {
  const { listening } = await hall(t);
  const { port } = listening.address;
  const plain = await fetch(`http://127.0.0.1:${port}/talk`);
  t.equal(plain.status, 426);
  t.equal(plain.headers.get('upgrade'), 'websocket');
  t.equal((await fetch(`http://127.0.0.1:${port}/other`)).status, 404);
});

t.test('a wrong path and wrong upgrade headers are refused and closed, the query is ignored', async t => {
  const { listening, channel, url } = await hall(t);
  const { port } = listening.address;
  t.match(await says(port, upgradeOf('/other')), /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/);
  t.match(await says(port, upgradeOf('/talk/')), /^HTTP\/1\.1 400 /);
  t.match(await says(port, upgradeOf('/talk').replace('Version: 13', 'Version: 9')), /^HTTP\/1\.1 400 /);
  t.match(await says(port, upgradeOf('/talk').replace('websocket', 'h2c')), /^HTTP\/1\.1 400 /);
  const refused = websocket().dial(parseAddress(`ws://127.0.0.1:${port}/other`), never);
  await t.rejects(refused, { code: 'DIAL_FAILED', message: /^cannot reach ws:.*\/other: .*400$/ });
  const { ws } = await foreign(t, `${url}?token=x`);
  const ear = listenTo(await channel());
  ws.send('hello');
  await ear.holds(5);
});

t.test('mounts on a path of a server that serves pages too', async t => {
  const { server, at, port } = await webServer(t);
  const { listening, channel, url } = await hall(t, websocket({ server, path: '/api/socket' }), at(''));
  t.equal(formatAddress(listening.address), `ws://127.0.0.1:${port}/api/socket`);
  const page = async (path: string): Promise<string> => (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  t.equal(await page('/'), 'the page /');
  t.equal(await page('/api/socket'), 'the page /api/socket', "a plain request for the path is the server's");
  const near = await websocket().dial(listening.address, never);
  const ear = frameEar(await channel());
  near.send(hello);
  await ear.holds(5);
  t.match(await says(port, upgradeOf('/other')), /^HTTP\/1\.1 400 /);
  listening.close();
  listening.close();
  t.equal(await page('/still'), 'the page /still', 'the server goes on');
  await t.rejects(foreign(t, url), /200/, 'the path is a page again');
  near.send(hello);
  await ear.holds(10);
  near.destroy();
});

t.test('several mounts share a server, and each path is taken once', async t => {
  const { server, at } = await webServer(t);
  const transport = websocket({ server });
  const [one, two] = [await hall(t, transport, at('/one')), await hall(t, websocket({ server }), at('/two'))];
  await foreign(t, one.url);
  await foreign(t, two.url);
  await Promise.all([one.channel(), two.channel()]);
  await t.rejects(transport.listen(at('/one'), deaf), { code: 'LISTEN_FAILED', message: /taken already$/ });
  one.listening.close();
  const again = await hall(t, transport, at('/one'));
  one.listening.close();
  await foreign(t, again.url);
  await again.channel();
  t.same([one.accepted.length, two.accepted.length, again.accepted.length], [1, 1, 1]);
});

t.test('upgrades that another part of the server serves are left to it', async t => {
  const { server, at } = await webServer(t);
  const other = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (request.url === '/theirs') other.handleUpgrade(request, socket, head, ws => ws.send('theirs'));
  });
  const mine = await hall(t, websocket({ server }), at('/mine'));
  const theirs = await foreign(t, formatAddress(at('/theirs')));
  await until('they answer', () => theirs.messages.length === 1);
  await foreign(t, mine.url);
  await mine.channel();
  t.equal(mine.accepted.length, 1);
});

t.test('wss: with a key and a certificate, which the client checks', async t => {
  const own = websocket({ tls: { key, cert } });
  const { listening, channel } = await hall(t, own, parseAddress('wss://127.0.0.1:0/talk'));
  t.match(formatAddress(listening.address), /^wss:\/\/127\.0\.0\.1:\d+\/talk$/);
  await t.rejects(websocket().dial(listening.address, never), { code: 'DIAL_FAILED', message: /self.signed/ });
  const near = await websocket({ tls: { ca: cert } }).dial({ ...listening.address, host: 'localhost' }, never);
  const far = await channel();
  const [a, b] = [frameEar(near), frameEar(far)];
  near.send(hello);
  await b.holds(5);
  t.match(far.remote, /^wss:/);
  near.reset();
  await Promise.all([a.hears('closed'), b.hears('closed')]);
});

t.test('IPv6, and a lookup of our own', async t => {
  const { listening, channel } = await hall(t, websocket(), parseAddress('ws://[::1]:0/talk'));
  t.match(formatAddress(listening.address), /^ws:\/\/\[::1\]:\d+\/talk$/);
  const transport = websocket({ lookup: (_host, _options, found) => found(null, [{ address: '::1', family: 6 }]) });
  const near = await transport.dial({ ...listening.address, host: 'somewhere.else' }, never);
  t.equal((await channel()).request?.headers.host, `somewhere.else:${listening.address.port}`);
  near.destroy();
});

t.test('stops dialling at once, before and while the server thinks', async t => {
  const sockets: net.Socket[] = [];
  const silent = net.createServer(socket => void sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => silent.close());
  const during = new AbortController();
  const { port } = silent.address() as AddressInfo;
  const dialling = websocket().dial(parseAddress(`ws://127.0.0.1:${port}`), during.signal);
  dialling.catch(() => undefined);
  await until('it has asked', () => sockets.length === 1);
  const reason = new Error('no longer wanted');
  during.abort(reason);
  await t.rejects(dialling, reason);
  await until('the socket is gone', () => sockets[0]?.closed === true || sockets[0]?.resume().destroyed === true);
});

t.test('without the package ws the error names the command that installs it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'ed-without-ws-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'lib'));
  for (const part of ['base', 'transport']) cpSync(`dist/lib/${part}`, join(folder, 'lib', part), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const program = `
    import { parseAddress } from './lib/base/address.js';
    import { streamTransport } from './lib/transport/index.js';
    const address = parseAddress('ws://127.0.0.1:1');
    const transport = await streamTransport(address, {});
    const events = { accept() {}, trouble() {} };
    const ways = [transport.dial(address, new AbortController().signal), transport.listen(address, events)];
    for (const { reason } of await Promise.allSettled(ways)) {
      process.stdout.write([reason.name, reason.code, reason.message].join('|') + '\\n');
    }`;
  writeFileSync(join(folder, 'program.js'), program);
  const out = execFileSync(process.execPath, ['program.js'], { cwd: folder, encoding: 'utf8' });
  const words = 'ws:// and wss:// need the package ws, which is not installed: npm install ws';
  t.equal(out, `${['UsageError', 'MISSING_PACKAGE', words].join('|')}\n`.repeat(2));
});
