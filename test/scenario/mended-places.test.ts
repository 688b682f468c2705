// Addresses that cannot serve are refused at once, and a bind that failed leaves nothing behind.

import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import t from 'tap';
import { Dispatcher } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import { worldOf } from './stairs.ts';

const descriptors = '/proc/self/fd';

/** How many of this process's descriptors are sockets; 0 where there is no /proc. */
function openSockets(): number {
  if (!existsSync(descriptors)) return 0;
  return readdirSync(descriptors).filter(name => {
    try {
      return readlinkSync(`${descriptors}/${name}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

t.test('a UDP bind that fails leaves no socket behind', async t => {
  const holder = createSocket('udp4').bind(0, '127.0.0.1');
  t.teardown(() => holder.close());
  await once(holder, 'listening');
  const { communicator } = worldOf(t);
  const bind = (address: string): Promise<string> => communicator.bind(address, { dispatcher: new Dispatcher() }).ready;
  const taken = `udp://127.0.0.1:${holder.address().port}`;
  await t.rejects(bind(taken), { code: 'LISTEN_FAILED' }, 'once before, so that all is loaded');

  const made: Socket[] = [];
  let closed = 0;
  const watch = (told: unknown): void => {
    const { socket } = told as { readonly socket: Socket };
    made.push(socket);
    socket.once('close', () => {
      closed += 1;
    });
  };
  subscribe('udp.socket', watch);
  t.teardown(() => unsubscribe('udp.socket', watch));
  const before = openSockets();
  for (let turn = 0; turn < 10; turn += 1) {
    await t.rejects(bind(taken), { code: 'LISTEN_FAILED', message: /another program listens there already/ });
    await t.rejects(bind('udp://192.0.2.1:9'), { code: 'LISTEN_FAILED', message: /no such address/ });
  }
  t.equal(made.length, 20);
  await until('all of them are closed', () => closed === made.length);
  t.equal(openSockets(), before);
  t.same(communicator.connections, []);
});

t.test('an address that no transport serves is refused at once, whoever asks', async t => {
  const { communicator, log } = worldOf(t);
  const refused = { name: 'UsageError', code: 'INVALID_ADDRESS', message: /there is no transport for (udp|nope):/ };
  t.throws(() => communicator.permanent('udp://127.0.0.1:9'), refused);
  t.throws(() => communicator.permanent('nope://x:1'), refused);
  t.throws(() => communicator.permanent(['tcp://127.0.0.1:9', 'nope://x:1']), refused, 'the second of two as well');
  t.throws(() => communicator.connect('nope://x:1'), refused);
  t.throws(() => communicator.listen('nope://x:1'), refused);
  t.throws(() => communicator.listen('udp://127.0.0.1:0'), refused);
  t.same(communicator.connections, [], 'nothing of it is kept');
  await settled();
  t.same(log.texts(), [], 'and nothing is tried again');
  t.equal(await communicator.run(), true, 'there is nothing to wait for');
});
