// Faults of sessions in requests, spools and stopped processes that their tests found, each with its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import type { PermanentClient } from '../../../lib/index.ts';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { StoppableClock } from '../../support/stoppable-clock.ts';
import { until } from '../../support/world.ts';
import { gate, worldOf } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import { StubTransport } from '../stub.ts';
import { pairOf, place, Way } from './session-pair.ts';
import { clientStage, offered } from './session-stage.ts';

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'session-open-'));
  t.teardown(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

const note = (n: number): Message => Message.of('NOTE', { n });

interface Spooled {
  readonly client: PermanentClient;
  readonly stop: () => Promise<unknown>;
}

function spooled(t: Test, way: Way, directory: string): Spooled {
  const { communicator } = worldOf(t, { transports: { memory: way } });
  const client = communicator.permanent(place, { pause: { first: 5, most: 20 }, outbox: { spool: { directory } } });
  return { client, stop: () => communicator.stop(1_000) };
}

async function server(t: Test, way: Way): Promise<string[]> {
  const handled: string[] = [];
  const dispatcher = new Dispatcher().on('NOTE', message => {
    handled.push(message.get('n') ?? '');
  });
  await worldOf(t, { transports: { memory: way } }).communicator.listen(place, { dispatcher }).ready;
  return handled;
}

t.test('a request whose handler runs for longer than answers are kept is not run a second time', async t => {
  const { promise, open } = gate();
  let runs = 0;
  const { client, clock, away } = await pairOf(t, {
    listen: {
      limits: { remember: 10_000 },
      dispatcher: new Dispatcher().on('SLOW', async (message, peer) => {
        runs += 1;
        await promise;
        peer.send(message.reply('DONE'));
      }),
    },
  });
  const answer = client.request('SLOW', { timeout: 600_000 });
  await clock.advance(15_000);
  await away(11_000);
  await clock.advance(5_000);
  t.equal(runs, 1);
  open();
  await clock.advance(1_000);
  t.equal((await answer).command, 'DONE');
});

t.test('a send that is refused for good leaves nothing that is waited for', async t => {
  const { client, open, agree } = clientStage(t, { outbox: { bytes: 100 } });
  const channel = await open(0);
  client.send('ONE');
  await settled();
  await agree(channel, 0);
  channel.says('ACK count=1\n');
  await settled();
  t.throws(() => client.send(Message.of('LONG', { text: 'x'.repeat(200) })), { code: 'OUTBOX_FULL' });
  await t.rejects(client.deliver('NOTE', { until: 'stored' }), { code: 'INVALID_VALUE' });
  t.equal(client.awaiting, 0);
});

t.test('options of the spool that make no sense are refused like all others', async t => {
  const directory = folder(t);
  const { communicator } = worldOf(t, { transports: { memory: new Way() } });
  for (const spool of [{ directory: '' }, { directory, segment: 1 }, { directory, room: 1 }]) {
    const outbox = { spool };
    t.throws(() => communicator.permanent(place, { outbox }), { name: 'UsageError' }, JSON.stringify(spool));
  }
});

t.test('what was given to a spool that somebody else has is not said to be kept', async t => {
  const directory = folder(t);
  const way = new Way();
  await server(t, way);
  const first = spooled(t, way, directory);
  await first.client.deliver(note(1));
  const second = spooled(t, way, directory);
  await t.rejects(second.client.deliver(note(2)), { code: 'ABANDONED', message: /^(?!.*the spool keeps it)/ });
});

t.test('a line that was refused has its number in the next life too: what follows it is not lost', async t => {
  const outbox = { spool: { directory: folder(t) } };
  const first = clientStage(t, { outbox });
  first.client.send('ONE');
  for (const command of ['REFUSED', 'THREE']) await first.client.deliver(command, { until: 'stored' });
  const channel = await first.open(0);
  await until('all went out', () => channel.text.endsWith('THREE\n'));
  await first.agree(channel, 0);
  channel.says('ACK count=2;refused=2\n');
  await until('the refusal is known', () => first.client.snapshot().unconfirmed === 1);
  first.client.destroy();
  await until('it has ended', () => first.communicator.connections.length === 0);
  const second = clientStage(t, { outbox });
  const next = await second.open(0);
  t.equal(offered(next).carrier, '0');
  await second.agree(next, 2);
  await settled();
  t.match(next.text, /received=none\nTHREE\n$/, 'the third one was never taken up');
});

t.test('a process that was stopped while it waited for SESSION reads what came before it gives up', async t => {
  const clock = new StoppableClock();
  const stub = new StubTransport();
  const { communicator } = worldOf(t, { clock, random: () => 0, transports: { tcp: stub } });
  const client = communicator.permanent('tcp://a:1');
  const open = async (index: number): Promise<StubChannel> => {
    const channel = (await stub.at(index)).succeed();
    await settled();
    return channel;
  };
  const wakes = async (channel: StubChannel, ms: number): Promise<void> => {
    await clock.advance(ms - 1);
    clock.stopFor(3_600_000);
    await clock.advance(1);
    channel.says(`SESSION epoch=e1;id=${offered(channel).id};received=1\n`);
    await settled();
  };
  const first = await open(0);
  client.send('ONE');
  await settled();
  await wakes(first, 3_000);
  t.match([client.guarantee, first.phase], ['exactly-once-per-session', 'open'], 'the offer');
  first.gone();
  await clock.advance(5_000);
  const second = await open(1);
  t.equal(offered(second).carrier, '0');
  await wakes(second, 15_000);
  t.match([client.guarantee, second.phase], ['exactly-once-per-session', 'open'], 'the return');
});
