// Our permanent client hears what the C++ server said, and says what the C++ client said. The parameter with which it
// offers a session is all that it adds; C++ peers leave aside parameters that they do not know.

import t from 'tap';
import type { PermanentClient } from '../../lib/index.ts';
import { Dispatcher } from '../../lib/index.ts';
import type { Raw } from '../scenario/raw.ts';
import { RawServer } from '../scenario/raw.ts';
import { worldOf } from '../scenario/stairs.ts';
import type { Recorded } from './replay-kit.ts';
import { recording } from './replay-kit.ts';

/** The example client: HI → DAD, CLIMB → TOP, WHO → MOM, BYE stops it. */
function exampleDispatcher(): Dispatcher {
  return new Dispatcher()
    .on('HI', (message, server) => server.send(message.reply('DAD')))
    .on('CLIMB', (message, server) => server.send(message.reply('TOP')))
    .on('WHO', (message, server) => server.send(message.reply('MOM')))
    .on('BYE', (_, server) => server.close())
    .otherwiseUnknown();
}

async function meet(t: Parameters<typeof worldOf>[0]): Promise<{ server: RawServer; start: () => PermanentClient }> {
  const server = await RawServer.listen();
  const { communicator } = worldOf(t);
  t.teardown(() => server.close());
  const start = (): PermanentClient =>
    communicator.permanent(server.address, { dispatcher: exampleDispatcher(), pause: { list: [1] } });
  return { server, start };
}

/** What a C++ peer makes of a line of ours. */
function withoutOffer(text: string): string {
  return text.replace(/ _session=[0-9a-f.]+(?=\n)/, '');
}

/** Says what the server said, and compares what comes with what came then. */
async function playServer(t: Parameters<typeof worldOf>[0], records: readonly Recorded[], raw: Raw): Promise<void> {
  for (const { dir, bytes = '', ev } of records) {
    if (dir === 'server->client') raw.send(bytes);
    if (dir === 'client->server') t.equal(withoutOffer(await raw.line()), bytes);
    if (ev === 'client FIN') {
      await raw.end();
      t.equal(raw.rest, '', 'the client ends first, as recorded');
    }
    if (ev === 'server FIN') raw.socket.end();
  }
}

t.test('01: our client talks to the example server', async t => {
  const { server, start } = await meet(t);
  const client = start();
  const closed = new Promise<Error | undefined>(resolve => client.once('close', resolve));
  await playServer(t, recording('01-session'), await server.connection(0));
  t.equal(await closed, undefined);
  t.equal(client.state, 'closed');
  t.equal(server.connections.length, 1);
});

t.test('12: our client comes back, answers a server that ends right after HI, and comes back again', async t => {
  const records = recording('12-permanent-client-reconnect');
  const heard = records.find(({ rx }) => rx !== undefined)?.rx ?? '';
  t.equal(heard, 'DAD\n');
  t.same(
    records.map(({ ev, rx }) => ev ?? rx),
    ['listening', 'accept', 'we close at once', 'accept', 'HI then FIN', 'DAD\n', 'client FIN'],
  );
  const { server, start } = await meet(t);
  server.accepted = raw => {
    if (server.connections.length === 1) raw.socket.end();
    if (server.connections.length === 2) raw.socket.end('HI\n');
  };
  const client = start();
  const first = await server.connection(0);
  await first.end();
  t.equal(first.text, '');
  const second = await server.connection(1);
  await second.end();
  t.equal(withoutOffer(second.text), heard, 'what came before its end was handled and answered');
  const third = await server.connection(2);
  t.match(client.why.lastError, { code: 'CLOSED' });
  client.stop();
  await third.end();
  third.socket.end();
});
