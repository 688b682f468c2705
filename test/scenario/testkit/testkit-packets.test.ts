// The proxy for packets, over real ones and over a network in the hand of the test.

import type { Test } from 'tap';
import t from 'tap';
import type { Address, PacketEvents, PacketSocket, PacketTransport } from '../../../lib/index.ts';
import { formatAddress, packetTransport, parseAddress } from '../../../lib/index.ts';
import type { PacketProxyOptions } from '../../../lib/testkit/index.ts';
import { PacketProxy, Recorder, seededRandom, settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { until } from '../../support/world.ts';

/** A network without losses, by the addresses' texts. */
function network(): PacketTransport & { readonly bound: Map<string, PacketEvents> } {
  const bound = new Map<string, PacketEvents>();
  let port = 0;
  const transport = {
    bound,
    longest: 1024,
    sendOnce: async (): Promise<void> => undefined,
    async bind(address: Address, events: PacketEvents): Promise<PacketSocket> {
      port += 1;
      const own = address.path === '' && address.port === 0 ? { ...address, port } : address;
      bound.set(formatAddress(own), events);
      const send = async (bytes: Buffer, to: Address): Promise<void> =>
        bound.get(formatAddress(to))?.packet(bytes, own);
      return { address: own, send, close: () => void bound.delete(formatAddress(own)) };
    },
  };
  return transport;
}

interface End {
  readonly socket: PacketSocket;
  readonly heard: string[];
  readonly from: Address[];
}

async function bind(t: Test, transport: PacketTransport, address = 'udp://127.0.0.1:0'): Promise<End> {
  const heard: string[] = [];
  const from: Address[] = [];
  const socket = await transport.bind(parseAddress(address), {
    packet: (bytes, sender) => {
      heard.push(bytes.toString());
      from.push(sender);
    },
    trouble: () => undefined,
  });
  t.teardown(() => socket.close());
  return { socket, heard, from };
}

async function stage(t: Test, options: Partial<PacketProxyOptions> = {}) {
  const transport = network();
  const [server, client] = [await bind(t, transport), await bind(t, transport)];
  const proxy = await PacketProxy.open({ to: formatAddress(server.socket.address), transport, ...options });
  t.teardown(() => proxy.close());
  const to = parseAddress(proxy.address);
  const send = async (...texts: string[]): Promise<void> => {
    for (const text of texts) await client.socket.send(Buffer.from(text), to);
    await settled();
  };
  return { transport, server, client, proxy, to, send };
}

t.test('udp: packets pass, and answers find whom they are for', async t => {
  const udp = await packetTransport(parseAddress('udp://127.0.0.1:0'));
  const [server, a, b] = await Promise.all([bind(t, udp), bind(t, udp), bind(t, udp)]);
  const recorder = new Recorder();
  const proxy = await PacketProxy.open({ to: formatAddress(server.socket.address), recorder });
  t.match(proxy.address, /^udp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  const to = parseAddress(proxy.address);
  for (const [end, text] of [
    [a, 'from a'],
    [b, 'from b'],
  ] as const) {
    const before = server.heard.length;
    await end.socket.send(Buffer.from(text), to);
    await until('the server hears', () => server.heard.length > before);
  }
  t.same(server.heard, ['from a', 'from b']);
  for (const [index, text] of ['to a', 'to b'].entries()) {
    await server.socket.send(Buffer.from(text), server.from[index] ?? to);
  }
  await until('both are answered', () => a.heard.length + b.heard.length === 2);
  t.same([a.heard, b.heard], [['to a'], ['to b']]);
  t.same(proxy.packets, { toServer: 2, toClient: 2, dropped: 0, duplicated: 0, failed: 0 });
  t.same(
    recorder.passages.map(({ link, text }) => [link, text]).sort(),
    [
      [1, 'from a'],
      [1, 'to a'],
      [2, 'from b'],
      [2, 'to b'],
    ].sort(),
  );
  await proxy.close();
  await proxy.close();
  t.equal(proxy.state, 'closed');
  t.throws(() => proxy.drop(1), { code: 'ILLEGAL_STEP' });
  const again = await bind(t, udp, formatAddress(to));
  t.equal(again.socket.address.port, to.port, 'its port is free again');
});

t.test('drop and duplicate take their share, the same one for the same seed', async t => {
  const texts = Array.from({ length: 1000 }, (_, index) => String(index));
  const run = async (seed: number): Promise<string> => {
    const { proxy, send, server } = await stage(t, { random: seededRandom(seed) });
    proxy.drop(0.3);
    proxy.duplicate(0.1);
    await send(...texts);
    const { dropped, duplicated, toServer } = proxy.packets;
    t.ok(dropped > 250 && dropped < 350, `${dropped} were dropped`);
    t.ok(duplicated > 40 && duplicated < 100, `${duplicated} were doubled`);
    t.equal(toServer, 1000 - dropped + duplicated);
    t.equal(server.heard.length, toServer);
    return server.heard.join();
  };
  t.equal(await run(7), await run(7));
  t.not(await run(7), await run(8));
});

t.test('drop all loses all, in both directions, until heal', async t => {
  const { proxy, send, server, client } = await stage(t);
  await send('before');
  proxy.drop(1);
  await send('lost');
  await server.socket.send(Buffer.from('lost too'), server.from[0] ?? server.socket.address);
  await settled();
  t.same([server.heard, client.heard, proxy.packets.dropped], [['before'], [], 2]);
  proxy.heal();
  await send('after');
  t.same(server.heard, ['before', 'after']);
});

t.test('delay passes each packet that much later, and heal passes what waits', async t => {
  const clock = new VirtualClock();
  const { proxy, send, server } = await stage(t, { clock });
  proxy.delay(100);
  proxy.duplicate(1);
  await send('a');
  await clock.advance(60);
  await send('b');
  t.same([server.heard, proxy.held], [[], 4]);
  await clock.advance(40);
  t.same([server.heard, proxy.held], [['a', 'a'], 2]);
  proxy.heal();
  await settled();
  t.same([server.heard, proxy.held, clock.waiting], [['a', 'a', 'b', 'b'], 0, 0]);
  proxy.delay(100);
  await send('c');
  await proxy.close();
  await clock.advance(100);
  t.same([server.heard.length, clock.waiting], [4, 0]);
});

t.test('no more than 10,000 packets wait', async t => {
  const { proxy, send } = await stage(t, { clock: new VirtualClock() });
  proxy.delay(1);
  await send(...Array.from({ length: 10_001 }, () => 'x'));
  t.same([proxy.held, proxy.packets.dropped], [10_000, 1]);
});

t.test('no more than 1,000 askers are remembered', async t => {
  const { transport, proxy, to, server } = await stage(t);
  const before = transport.bound.size;
  const entry = transport.bound.get(formatAddress(to));
  for (let port = 10_000; port < 11_010; port += 1) {
    entry?.packet(Buffer.from('x'), { scheme: 'udp', host: '127.0.0.1', port, path: '' });
    await settled(1);
  }
  await settled();
  t.equal(server.heard.length, 1_010);
  t.equal(transport.bound.size, before + 1_000);
  await proxy.close();
  t.equal(transport.bound.size, before - 1);
});

t.test('places with paths: each asker has a path of its own', async t => {
  const transport = network();
  const [server, client] = [await bind(t, transport, 'memory:server'), await bind(t, transport, 'memory:client')];
  const proxy = await PacketProxy.open({ to: 'memory:server', transport });
  t.equal(proxy.address, 'memory:server-proxy');
  await client.socket.send(Buffer.from('ping'), parseAddress(proxy.address));
  await settled();
  t.same(server.from.map(formatAddress), ['memory:server-proxy-1']);
  await server.socket.send(Buffer.from('pong'), server.from[0] ?? parseAddress('memory:nobody'));
  await settled();
  t.same(client.heard, ['pong']);
  await proxy.close();
});

t.test('what the system does not take is counted', async t => {
  const transport = network();
  const bound: PacketTransport = {
    ...transport,
    bind: async (address, events) => ({
      ...(await transport.bind(address, events)),
      send: () => Promise.reject(new Error('no')),
    }),
  };
  const client = await bind(t, transport);
  const proxy = await PacketProxy.open({ to: 'udp://127.0.0.1:9', transport: bound });
  await client.socket.send(Buffer.from('x'), parseAddress(proxy.address));
  await settled();
  t.equal(proxy.packets.failed, 1);
  await proxy.close();
});

t.test('shares and options that make no sense are refused', async t => {
  const { proxy } = await stage(t);
  t.throws(() => proxy.drop(1.1), { code: 'OUT_OF_RANGE' });
  t.throws(() => proxy.duplicate(-0.1), { code: 'OUT_OF_RANGE' });
  t.throws(() => proxy.delay(-1), { code: 'OUT_OF_RANGE' });
  await t.rejects(PacketProxy.open({ to: 'nonsense' }), { code: 'INVALID_ADDRESS' });
  await t.rejects(PacketProxy.open({ to: 'udp://127.0.0.1:1', seed: 1 } as { to: string }), { code: 'UNKNOWN_OPTION' });
});
