// How a client comes to its server where the way is bad: spoilt upgrades, a server that starts anew, none at all.

import t from 'tap';
import type { Spoiling } from './qio-client-stage.ts';
import { next, runClient, runServer, runSpoiler } from './qio-client-stage.ts';

const spoilings: Record<string, Spoiling> = {
  'Connection of the request': { in: 'request', from: /^connection:.*$/im, to: 'Connection: keep-alive' },
  'Upgrade of the request': { in: 'request', from: /^upgrade:.*\r\n/im, to: '' },
  'the subprotocol asked for': {
    in: 'request',
    from: /^sec-websocket-protocol:.*$/im,
    to: 'Sec-WebSocket-Protocol: other',
  },
  'the key': { in: 'request', from: /^sec-websocket-key:.*$/im, to: 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==' },
  'the version': { in: 'request', from: /^sec-websocket-version:.*$/im, to: 'Sec-WebSocket-Version: 8' },
  'Connection of the answer': { in: 'response', from: /^connection:.*$/im, to: 'Connection: close' },
  'Upgrade of the answer': { in: 'response', from: /^upgrade:.*$/im, to: 'Upgrade: other' },
  'the subprotocol answered': {
    in: 'response',
    from: /^sec-websocket-protocol:.*$/im,
    to: 'Sec-WebSocket-Protocol: other',
  },
  'the accept': { in: 'response', from: /^sec-websocket-accept:.*$/im, to: 'Sec-WebSocket-Accept: AAAA' },
  '101, which becomes 200': { in: 'response', from: /^HTTP\/1\.[01] 101/, to: 'HTTP/1.1 200' },
};

for (const [name, spoiling] of Object.entries(spoilings)) {
  t.test(`it polls where a proxy spoils ${name}`, async t => {
    const { address, stop } = await runServer();
    const proxy = await runSpoiler(address, spoiling);
    t.teardown(() => proxy.stop());
    t.teardown(stop);
    const client = runClient(t, proxy.address, { limits: { handshake: 1_000, poll: 20 } });
    const errors: string[] = [];
    client.on('/error', ({ message }) => errors.push(message));
    t.same(await next(client, '/open'), { transport: 'polling', address: proxy.address });
    // On a slow machine a poll may miss its time too; then both ways are tried once more.
    const attempts = proxy.spoilt();
    t.ok(attempts >= 1);
    t.equal(errors.length, 2 * attempts - 1, errors.join(', '));
    t.equal(await client.request('/clienttest/echo', 'through'), 'through');
    client.close();
  });
}

for (const carrier of ['websocket', 'polling'] as const) {
  t.test(`${carrier}: it comes back to a server that starts anew, and nothing that waited is lost`, async t => {
    const first = await runServer();
    const client = runClient(t, first.address, { transports: [carrier] });
    client.on('/clienttest/broadcast', () => undefined);
    await next(client, '/open');
    const closed = next(client, '/close');
    await first.stop();
    await closed;
    const heard: unknown[] = [];
    t.equal(client.send('/log/line', 1), 'queued');
    t.equal(client.send('/log/line', 2), 'queued');
    await t.rejects(client.request('/log/line', 3), { code: -1 });
    const log = {
      name: 'log',
      prefix: '/log',
      events: { '/line': { handler: ({ data }: { data: unknown }) => void heard.push(data) } },
    };
    const back = next(client, '/open');
    const second = await runServer(Number(first.address.split(':')[1]), [log]);
    t.teardown(second.stop);
    t.same(await back, { transport: carrier, address: first.address });
    await client.request('/log/line', 4);
    t.same(heard, [1, 2, 4]);
    t.equal(await new Promise(resolve => client.one('/clienttest/broadcast', resolve)), 'broadcast event');
    client.close();
  });
}

t.test('it waits for a server that is not there yet', async t => {
  const gone = await runServer();
  await gone.stop();
  const client = runClient(t, gone.address);
  const errors: string[] = [];
  client.on('/error', ({ err_msg }) => errors.push(String(err_msg)));
  const open = next(client, '/open');
  await next(client, '/error');
  await next(client, '/error');
  await next(client, '/error');
  const server = await runServer(Number(gone.address.split(':')[1]));
  t.teardown(server.stop);
  t.match((await open).address, gone.address);
  t.ok(errors.length >= 3, 'each failed attempt is told');
  client.close();
});

t.test('a server that may not be polled is tried until it takes a WebSocket', async t => {
  const { address, stop } = await runServer();
  const proxy = await runSpoiler(address, spoilings['the accept'] as Spoiling);
  t.teardown(() => proxy.stop());
  t.teardown(stop);
  const client = runClient(t, proxy.address, { transports: ['websocket'] });
  for (let n = 0; n < 3; n += 1) await next(client, '/error');
  t.ok(proxy.spoilt() >= 3);
  t.not(client.state, 'open');
});
