// A client and a server of ours, over real sockets, as /clienttest has it: over WebSocket, and over polls.

import t from 'tap';
import type { Reply } from '../../../lib/protocol/qio/client.ts';
import type { RunningServer } from './qio-client-stage.ts';
import { next, runClient, runServer } from './qio-client-stage.ts';

let one: RunningServer;
let two: RunningServer;
t.before(async () => {
  one = await runServer();
  two = await runServer();
});
t.teardown(() => Promise.all([one.stop(), two.stop()]));

for (const carrier of ['websocket', 'polling'] as const) {
  const options = { transports: [carrier] } as const;

  t.test(`${carrier}: it opens, and the server knows it`, async t => {
    const client = runClient(t, one.address, options);
    t.same(await next(client, '/open'), { transport: carrier, address: one.address });
    t.same(await client.request('/qio/ping'), null);
    t.equal(await client.request('/qio/hostname'), '127.0.0.1');
    t.ok(one.server.clients.some(known => known.carrier === carrier));
  });

  t.test(`${carrier}: broadcasts come, until off`, async t => {
    const client = runClient(t, one.address, options);
    const heard: unknown[] = [];
    await new Promise<void>(resolve => {
      client.on('/clienttest/broadcast', data => {
        if (heard.push(data) === 3) resolve();
      });
    });
    client.off('/clienttest/broadcast');
    t.same(heard.slice(0, 3), ['broadcast event', 'broadcast event', 'broadcast event']);
    await client.request('/qio/ping');
    const { length } = heard;
    await client.request('/qio/ping');
    t.equal(heard.length, length);
  });

  t.test(`${carrier}: one hears one`, async t => {
    const client = runClient(t, one.address, options);
    t.equal(await new Promise(resolve => client.one('/clienttest/broadcast', resolve)), 'broadcast event');
  });

  t.test(`${carrier}: echoes go on in chains`, async t => {
    const client = runClient(t, one.address, options);
    await next(client, '/open');
    const heard = await new Promise<unknown[]>(resolve => {
      const all: unknown[] = [];
      const again = (data: unknown, reply: Reply | undefined): void => {
        if (all.push(data) === 4) resolve(all);
        else reply?.({ n: all.length, text: 'ä\n"' }, again);
      };
      client.send('/clienttest/echo', 'first', again);
    });
    t.same(heard, ['first', { n: 1, text: 'ä\n"' }, { n: 2, text: 'ä\n"' }, { n: 3, text: 'ä\n"' }]);
  });

  t.test(`${carrier}: errors come with code, message and data`, async t => {
    const client = runClient(t, one.address, options);
    await next(client, '/open');
    await t.rejects(client.request('/clienttest/error/418'), {
      code: 418,
      err_msg: '418s are fun!',
      data: 'you requested an error?',
    });
    await t.rejects(client.request('/i/can/haz/404'), { code: 404, err_msg: null });
    const refused = await new Promise(resolve => {
      client.on('/i/can/haz/404', () => undefined, { error: (...words) => resolve(words) });
    });
    t.same(refused, [404, null]);
  });

  t.test(`${carrier}: a heartbeat that asks is answered`, async t => {
    const client = runClient(t, one.address, options);
    await next(client, '/open');
    t.equal(await client.request('/clienttest/heartbeat-challenge'), null);
  });

  t.test(`${carrier}: a pending subscription that is asked for again is accepted once it is decided`, async t => {
    const client = runClient(t, one.address, options);
    const refused = (code: number): unknown => t.fail(`refused with ${code}`);
    await next(client, '/open');
    client.on('/clienttest/in-progress', () => undefined, { error: refused }).off('/clienttest/in-progress');
    const accepted = new Promise<void>(resolve => {
      client.on('/clienttest/in-progress', () => undefined, { error: refused, accepted: resolve });
    });
    client.send('/clienttest/in-progress');
    await accepted;
    t.equal(client.state, 'open');
  });

  t.test(`${carrier}: data go with a subscription`, async t => {
    const client = runClient(t, one.address, options);
    const code = await new Promise(resolve => {
      client.on('/clienttest/on-data', () => undefined, { data: 'wrong', error: resolve });
    });
    t.equal(code, 401);
    t.equal(await new Promise(resolve => client.on('/clienttest/on-data', resolve, { data: 123_987 })), true);
  });

  t.test(`${carrier}: what it has not subscribed to is ignored`, async t => {
    const client = runClient(t, one.address, options);
    client.on('/error', ({ message }) => t.fail(message));
    client.send('/clienttest/send-unsubscribed');
    await next(client, '/open');
    await client.request('/qio/ping');
    t.equal(client.state, 'open');
  });

  for (const end of ['close', 'send-invalid']) {
    t.test(`${carrier}: after ${end} it is back, with its subscriptions; what was asked got -1`, async t => {
      const client = runClient(t, one.address, options);
      await next(client, '/open');
      const accepted: string[] = [];
      await new Promise<void>(resolve => {
        client.on('/clienttest/broadcast', () => undefined, {
          accepted: () => {
            accepted.push(client.state);
            resolve();
          },
        });
      });
      const dropped = client.request('/clienttest/drop-callback');
      const closed = next(client, '/close');
      const back = next(client, '/open');
      client.send(`/clienttest/${end}`);
      await t.rejects(dropped, { code: -1, err_msg: 'disconnected' });
      await closed;
      await back;
      t.equal(await new Promise(resolve => client.one('/clienttest/broadcast', resolve)), 'broadcast event');
      t.same(accepted, ['open', 'open']);
    });
  }

  t.test(`${carrier}: it moves, with its subscriptions`, async t => {
    const client = runClient(t, one.address, options);
    await next(client, '/open');
    client.on('/clienttest/broadcast', () => undefined);
    const moved = next(client, '/qio/move');
    const closed = next(client, '/close');
    const back = next(client, '/open');
    client.send('/clienttest/move', two.address);
    t.equal(await moved, two.address);
    t.same(await closed, { reason: `moved to ${two.address}` });
    t.same(await back, { transport: carrier, address: two.address });
    t.equal(await new Promise(resolve => client.one('/clienttest/broadcast', resolve)), 'broadcast event');
    t.ok(two.server.clients.some(known => known.carrier === carrier));
    // Between two polls, nothing tells the server that a client has gone: it takes its time to notice.
    if (carrier === 'polling') return client.close();
    const gone = new Promise(resolve => two.server.once('leave', resolve));
    client.close();
    await gone;
    t.equal(two.server.clients.length, 0);
  });

  t.test(`${carrier}: what was sent before close arrives`, async t => {
    const heard: unknown[] = [];
    const arrived = new Promise<void>(resolve => {
      arrive = resolve;
    });
    const server = await runServer(0, [
      {
        name: 'log',
        prefix: '/log',
        events: {
          '/line': {
            handler: ({ data }) => {
              if (heard.push(data) === 20) arrive();
            },
          },
        },
      },
    ]);
    t.teardown(() => server.stop());
    const client = runClient(t, server.address, options);
    for (let n = 0; n < 10; n += 1) client.send('/log/line', n);
    await next(client, '/open');
    for (let n = 10; n < 20; n += 1) client.send('/log/line', n);
    client.close();
    await arrived;
    t.same(
      heard,
      Array.from({ length: 20 }, (_, n) => n),
    );
  });
}

let arrive: () => void = () => undefined;
