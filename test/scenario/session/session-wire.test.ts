// What sessions put onto the wire, line by line: a listener and a client on real sockets, the other side bare bytes.

import type { Test } from 'tap';
import t from 'tap';
import type { CommunicatorOptions, ListenOptions } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';
import { Raw, RawServer } from '../raw.ts';
import type { Stairs } from '../stairs.ts';
import { stairs, worldOf } from '../stairs.ts';
import { agreementIn, key, offer } from './session-stage.ts';

const noted = (dispatcher: Dispatcher): void => {
  dispatcher.on('ITEM', (message, peer) => void peer.send(message.reply('NOTED', { n: message.get('n') })));
};

interface Daemon extends Stairs {
  readonly clock: VirtualClock;
  readonly dial: () => Promise<Raw>;
}

/** A listener that answers ITEM with NOTED, on a virtual clock. */
async function daemon(t: Test, listen: ListenOptions = {}, options: CommunicatorOptions = {}): Promise<Daemon> {
  const clock = new VirtualClock();
  const communicator = { clock, ...options };
  const made = await stairs(t, { listen: { accepted: () => undefined, ...listen }, rules: noted, communicator });
  const dial = async (): Promise<Raw> => {
    const raw = await Raw.dial(made.address);
    t.teardown(() => raw.destroy());
    return raw;
  };
  return { ...made, clock, dial };
}

/** Waits until the acknowledgement is owed, then lets its time go by. */
async function acknowledged(raw: Raw, clock: VirtualClock): Promise<string> {
  await until('an acknowledgement is owed', () => clock.waiting > 1);
  await clock.advance(99);
  if (raw.rest !== '') throw new Error(`too early: ${raw.rest}`);
  await clock.advance(1);
  return raw.line();
}

t.test('a new session: SESSION before all answers, counted from the first, ACK 100 ms after', async t => {
  const { dial, clock } = await daemon(t);
  const raw = await dial();
  raw.send(`ITEM _session=${offer(1)};n=1\nITEM n=2\n`);
  const session = await raw.line();
  const { epoch } = agreementIn(session);
  t.match(epoch, /^[0-9a-f]{8}$/);
  t.equal(session, `SESSION epoch=${epoch};id=${key.id};received=0\n`);
  t.equal(await raw.line(), 'NOTED n=1\n');
  t.equal(await raw.line(), 'NOTED n=2\n');
  t.equal(await acknowledged(raw, clock), 'ACK count=2\n');
});

t.test('a greeting takes the offer along and is not counted', async t => {
  const { dial, clock } = await daemon(t);
  const raw = await dial();
  raw.send(`DAD _session=${offer(2)}\nTOP _session=${offer(2)}\nITEM n=1\n`);
  t.match(await raw.line(), new RegExp(`^SESSION epoch=\\w{8};id=${key.id};received=0\n$`));
  for (const line of ['CLIMB\n', 'WHO\n', 'NOTED n=1\n']) t.equal(await raw.line(), line);
  t.equal(await acknowledged(raw, clock), 'ACK count=1\n');
});

t.test('the listener acknowledges the 64th message at once', async t => {
  const { dial } = await daemon(t);
  const raw = await dial();
  const items = Array.from({ length: 63 }, (_, n) => `ITEM n=${n + 2}\n`).join('');
  raw.send(`ITEM _session=${offer(1)};n=1\n${items}`);
  await raw.line();
  await until('the acknowledgement', () => raw.text.includes('ACK'));
  t.match(raw.text, 'NOTED n=64\nACK count=64\n');
});

t.test('back again: ALIVE, SESSION both ways, and what was not received once more', async t => {
  const { dial, clock } = await daemon(t);
  const first = await dial();
  first.send(`ITEM _session=${offer(1)};n=1\nITEM n=2\n`);
  const { epoch } = agreementIn(await first.line());
  await first.take('NOTED n=1\nNOTED n=2\n'.length);
  first.destroy();
  const second = await dial();
  second.send(`ALIVE _session=${offer(0)}\n`);
  t.equal(await second.line(), `SESSION epoch=${epoch};id=${key.id};received=2\n`);
  await settled();
  t.equal(second.rest, '', 'it waits for the word of the client');
  second.send(`SESSION epoch=${epoch};id=${key.id};received=1\nITEM n=3\n`);
  t.equal(await second.line(), 'ACK count=2\n', 'all is acknowledged again');
  t.equal(await second.line(), 'NOTED n=2\n');
  t.equal(await second.line(), 'NOTED n=3\n');
  t.equal(await acknowledged(second, clock), 'ACK count=3\n');
});

t.test('after the farewell the listener knows nothing of the session', async t => {
  const { dial, communicator } = await daemon(t);
  const known = (): unknown => {
    const listener = communicator.connections.find(({ kind }) => kind === 'listener');
    return (listener?.snapshot().sessions as { readonly known: number } | undefined)?.known;
  };
  const first = await dial();
  first.send(`ITEM _session=${offer(1)};n=1\n`);
  const { epoch } = agreementIn(await first.line());
  t.equal(known(), 1);
  first.send(`SESSION id=${key.id};over=true\n`);
  first.socket.end();
  await first.end();
  await until('the session is forgotten', () => known() === 0);
  const second = await dial();
  second.send(`ALIVE _session=${offer(0)}\n`);
  const again = agreementIn(await second.line());
  t.not(again.epoch, epoch, 'another life of it');
  t.equal(again.received, '0');
});

t.test('a peer that makes no offer never gets a byte more', async t => {
  const { dial, clock } = await daemon(t);
  const raw = await dial();
  raw.send('ITEM n=1\nDAD\nITEM n=2\n');
  const all = 'NOTED n=1\nCLIMB\nNOTED n=2\n';
  t.equal(await raw.take(all.length), all);
  await clock.advance(120_000);
  await settled();
  t.equal(raw.text, all, 'no SESSION, no ACK, no ALIVE');
});

t.test('an offer that comes later than on the first message is none', async t => {
  const { dial } = await daemon(t);
  const raw = await dial();
  raw.send(`ITEM n=1\nITEM _session=${offer(1)};n=2\n`);
  t.equal(await raw.take(20), 'NOTED n=1\nNOTED n=2\n');
  await settled();
  t.equal(raw.rest, '');
});

// ---- the client

interface Guest {
  readonly server: RawServer;
  readonly client: ReturnType<ReturnType<typeof worldOf>['communicator']['permanent']>;
  readonly clock: VirtualClock;
  readonly communicator: ReturnType<typeof worldOf>['communicator'];
  /** The link at this place. The clock is moved until the client has come. */
  readonly link: (index: number) => Promise<Raw>;
}

async function guest(t: Test, options: Parameters<Guest['communicator']['permanent']>[1] = {}): Promise<Guest> {
  const server = await RawServer.listen();
  t.teardown(() => server.close());
  const clock = new VirtualClock();
  const { communicator } = worldOf(t, { clock, random: () => 0 });
  const client = communicator.permanent(server.address, options);
  const link = async (index: number): Promise<Raw> => {
    if (index > 0) await until('the client waits', () => client.state === 'waiting');
    await clock.advance(index > 0 ? 5_000 : 0);
    const raw = await server.connection(index);
    await until('the client is open', () => client.state === 'open');
    return raw;
  };
  return { server, client, clock, communicator, link };
}

const carried = (line: string): { readonly id: string; readonly secret: string; readonly carrier: string } => {
  const [, id = '', secret = '', carrier = ''] = /_session=(\w{16})\.(\w{32})\.(\d)/.exec(line) ?? [];
  return { id, secret, carrier };
};

t.test('the client offers on its first message, and what follows does not wait', async t => {
  const { client, link } = await guest(t);
  client.send('ONE');
  client.send('TWO');
  const raw = await link(0);
  const line = await raw.line();
  const { id, secret } = carried(line);
  t.equal(line, `ONE _session=${id}.${secret}.1\n`);
  t.equal(await raw.line(), 'TWO\n');
});

t.test('where nothing is sent nothing is offered', async t => {
  const { clock, link } = await guest(t);
  const raw = await link(0);
  await clock.advance(60_000);
  await settled();
  t.equal(raw.text, '');
});

t.test('the client offers on each message of its greeting', async t => {
  const { client, link } = await guest(t, { opened: to => [to.send('HELLO'), to.send('REGISTER')] });
  client.send('ONE');
  const raw = await link(0);
  const { id, secret, carrier } = carried(await raw.line());
  t.equal(carrier, '2');
  t.equal(await raw.line(), `REGISTER _session=${id}.${secret}.2\n`);
  t.equal(await raw.line(), 'ONE\n');
});

t.test('the client comes back: ALIVE, then it waits, then SESSION and what was not received; farewell', async t => {
  const { client, communicator, clock, link } = await guest(t, {
    dispatcher: new Dispatcher().otherwise(() => undefined),
  });
  for (const command of ['ONE', 'TWO', 'THREE']) client.send(command);
  const first = await link(0);
  const { id, secret } = carried(await first.line());
  await first.take('TWO\nTHREE\n'.length);
  first.send(`SESSION epoch=e1;id=${id};received=0\nHI\nHO\n`);
  t.equal(await acknowledged(first, clock), 'ACK count=2\n');
  first.destroy();
  const second = await link(1);
  client.send('FOUR');
  t.equal(await second.line(), `ALIVE _session=${id}.${secret}.0\n`);
  await settled();
  t.equal(second.rest, '');
  second.send(`SESSION epoch=e1;id=${id};received=2\n`);
  t.equal(await second.line(), `SESSION epoch=e1;id=${id};received=2\n`);
  t.equal(await second.line(), 'ACK count=2\n', 'all is acknowledged again');
  t.equal(await second.line(), 'THREE\n');
  t.equal(await second.line(), 'FOUR\n');
  second.send('ACK count=4\n');
  await until('all is confirmed', () => client.unfinished.messages === 0);
  const stopped = communicator.stop();
  t.equal(await second.line(), `SESSION id=${id};over=true\n`);
  await second.end();
  second.destroy();
  await stopped;
});

t.test('the client acknowledges the 64th message at once', async t => {
  const { client, link } = await guest(t, { dispatcher: new Dispatcher().otherwise(() => undefined) });
  client.send('ONE');
  const raw = await link(0);
  const { id } = carried(await raw.line());
  raw.send(`SESSION epoch=e1;id=${id};received=0\n${'HI\n'.repeat(64)}`);
  t.equal(await raw.line(), 'ACK count=64\n');
});
