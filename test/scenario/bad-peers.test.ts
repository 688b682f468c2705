// Peers that flood, vanish, stand still or never read; the server and its other peers go on.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { Raw } from './raw.ts';
import type { Stairs } from './stairs.ts';
import { stairs } from './stairs.ts';

async function stillAnswers(raw: Raw): Promise<string> {
  raw.send('DAD\n');
  return raw.line();
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const peersOf = ({ communicator }: Stairs): Record<string, unknown>[] =>
  communicator.snapshot().connections.filter(({ kind }) => kind === 'peer');

t.test('ten thousand lines and an end: each is handled and answered before the end', async t => {
  const made = await stairs(t);
  const raw = await made.client();
  raw.send('DAD\n'.repeat(10_000));
  raw.socket.end();
  await raw.end();
  t.equal(raw.rest, 'CLIMB\n'.repeat(10_000));
  t.ok(raw.ended && !raw.reset);
  await until('the peer is gone', () => peersOf(made).length === 0);
  t.equal(await stillAnswers(await made.client()), 'CLIMB\n');
});

t.test('half a line before the end is thrown away', async t => {
  const { client } = await stairs(t);
  const raw = await client();
  raw.send('DAD\nDAD');
  raw.socket.end();
  await raw.end();
  t.equal(raw.rest, 'CLIMB\n');
});

t.test('fifty requests and a reset', async t => {
  let handled = 0;
  const made = await stairs(t, {
    rules: dispatcher => {
      dispatcher.observe('DAD', () => {
        handled += 1;
      });
    },
  });
  const other = await made.client();
  const raw = await made.client();
  raw.send('DAD\n'.repeat(50));
  raw.socket.resetAndDestroy();
  await until('the peer is gone', () => peersOf(made).length === 1);
  t.ok(handled === 50 || handled === 0, `${handled} were handled`);
  t.equal(await stillAnswers(other), 'CLIMB\n');
  t.same(made.log.texts('error'), []);
});

t.test('a reset right after the connect', async t => {
  const made = await stairs(t, { listen: { accepted: peer => peer.send('HI') } });
  for (let count = 0; count < 20; count += 1) (await made.client()).socket.resetAndDestroy();
  const raw = await made.client();
  t.equal(await raw.line(), 'HI\n');
  t.equal(await stillAnswers(raw), 'CLIMB\n');
  await until('all are gone', () => peersOf(made).length === 1);
  t.same(made.log.texts('error'), []);
});

t.test('a line of five megabytes: INVALID, and the end', async t => {
  const made = await stairs(t);
  const other = await made.client();
  const before = process.memoryUsage().arrayBuffers;
  const raw = await made.client();
  raw.send('DAD\n');
  raw.send(Buffer.alloc(5 * 1024 * 1024, 'x'));
  t.equal(await raw.line(), 'CLIMB\n');
  t.equal(await raw.line(), 'INVALID message=the line is longer than 1048576 bytes\n');
  await raw.end();
  raw.socket.end();
  await until('the peer is gone', () => peersOf(made).length === 1);
  t.equal(await stillAnswers(other), 'CLIMB\n');
  t.match(made.log.texts('warn'), ['refused: the line is longer than 1048576 bytes']);
  await until('its memory is free again', () => {
    collect();
    return process.memoryUsage().arrayBuffers < before + 1024 * 1024;
  });
});

t.test('a line exactly as long as allowed is a line, one byte more is not', async t => {
  const { client } = await stairs(t, { listen: { limits: { line: 16 } } });
  const raw = await client();
  raw.send(`DAD a=${'x'.repeat(10)}\n`);
  t.equal(await raw.line(), 'CLIMB\n');
  raw.send(`DAD\nDAD a=${'x'.repeat(11)}\nDAD\n`);
  t.equal(await raw.line(), 'CLIMB\n');
  t.equal(await raw.line(), 'INVALID message=the line is longer than 16 bytes\n');
  await raw.end();
  t.equal(raw.rest, '', 'what follows such a line is not handled');
});

t.test('half a line and silence holds nobody up', async t => {
  const made = await stairs(t);
  const raw = await made.client();
  raw.send('DA');
  const other = await made.client();
  t.equal(await stillAnswers(other), 'CLIMB\n');
  t.equal(peersOf(made).length, 2);
  raw.send('D\n');
  t.equal(await raw.line(), 'CLIMB\n');
});

t.test('a peer that never reads is closed at its limit of unsent bytes, with the reason', async t => {
  const limit = 256 * 1024;
  let reason: Error | undefined;
  let most = 0;
  const made = await stairs(t, {
    listen: {
      limits: { unsent: limit },
      accepted: peer => {
        peer.send('HI');
        peer.once('close', (why: Error | undefined) => {
          reason = why;
        });
      },
    },
    rules: dispatcher => {
      dispatcher.on('MUCH', (message, peer) => {
        peer.send(message.reply('LOT', { text: 'x'.repeat(8 * 1024) }));
      });
    },
  });
  const other = await made.client();
  const raw = await made.client();
  raw.socket.pause();
  for (let count = 0; count < 5_000 && reason === undefined; count += 1) {
    raw.send('MUCH\n');
    await settled(1);
    most = Math.max(most, ...peersOf(made).map(({ unsent }) => Number(unsent)));
  }
  await until('it was closed', () => reason !== undefined);
  t.match(reason, { code: 'SLOW_PEER', message: /does not read: \d+ bytes wait$/ });
  t.ok(most <= limit + 64 * 1024, `${most} bytes waited`);
  t.equal(made.log.lines.filter(({ message }) => message.startsWith('closed: ')).length, 1);
  await other.line();
  t.equal(await stillAnswers(other), 'CLIMB\n');
  raw.destroy();
});

t.test('more connections than allowed are refused, counted, and logged once', async t => {
  const made = await stairs(t, { listen: { limits: { connections: 2 } } });
  const [first] = await Promise.all([made.client(), made.client()]);
  const refused = await Promise.all([Raw.dial(made.address), Raw.dial(made.address), Raw.dial(made.address)]);
  for (const raw of refused) {
    await raw.end();
    t.equal(raw.text, '');
    raw.destroy();
  }
  const [listener] = made.communicator.snapshot().connections.filter(({ kind }) => kind === 'listener');
  t.match(listener, { peers: 2, accepted: 2, refused: 3 });
  t.equal(made.log.texts('warn').filter(text => text.startsWith('connections refused')).length, 1);
  first.destroy();
  await until('there is room again', () => peersOf(made).length === 1);
  t.equal(await stillAnswers(await made.client()), 'CLIMB\n');
});
