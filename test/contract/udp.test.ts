// Packets: the contract of packet transports, which udp alone is today.

import { Socket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Address, Datagram, PacketSocket, UdpOptions } from '../../lib/index.ts';
import { Dispatcher, formatAddress, Message, packetTransport, parseAddress, udp } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { worldOf } from '../scenario/stairs.ts';
import { until } from '../support/world.ts';

const anyPort = parseAddress('udp://127.0.0.1:0');
const usual = await packetTransport(anyPort);

interface Place {
  readonly socket: PacketSocket;
  readonly packets: { readonly bytes: Buffer; readonly from: Address }[];
  readonly troubles: Error[];
}

async function place(at: Address = anyPort, options?: Partial<UdpOptions>): Promise<Place> {
  const packets: Place['packets'] = [];
  const troubles: Error[] = [];
  const socket = await (options === undefined ? usual : udp(options)).bind(at, {
    packet: (bytes, from) => void packets.push({ bytes: Buffer.from(bytes), from }),
    trouble: error => void troubles.push(error),
  });
  return { socket, packets, troubles };
}

t.test('a packet arrives whole, with the address of its sender', async t => {
  const [a, b] = await Promise.all([place(), place()]);
  t.ok(a.socket.address.port > 0);
  t.not(a.socket.address.port, b.socket.address.port);
  const bytes = Buffer.from([0, 255, 10, 13]);
  await a.socket.send(bytes, b.socket.address);
  await until('it arrives', () => b.packets.length === 1);
  t.same(b.packets[0]?.bytes, bytes);
  t.equal(formatAddress(b.packets[0]?.from ?? anyPort), formatAddress(a.socket.address));
  await b.socket.send(Buffer.from('back'), b.packets[0]?.from ?? anyPort);
  await until('the answer arrives', () => a.packets.length === 1);
  await b.socket.send(Buffer.alloc(0), a.socket.address);
  await until('an empty packet arrives', () => a.packets.length === 2);
  t.equal(a.packets[1]?.bytes.length, 0);
  a.socket.close();
  b.socket.close();
  t.same([...a.troubles, ...b.troubles], []);
});

t.test('a packet beyond what the system takes is refused, and the socket lives on', async t => {
  const [a, b] = await Promise.all([place(), place()]);
  await t.rejects(a.socket.send(Buffer.alloc(70_000), b.socket.address), {
    code: 'CLOSED',
    message: /^cannot send to /,
  });
  await a.socket.send(Buffer.from('small'), b.socket.address);
  await until('the small one arrives', () => b.packets.length === 1);
  a.socket.close();
  b.socket.close();
});

t.test('sending to nobody disturbs nobody', async t => {
  const [a, b] = await Promise.all([place(), place()]);
  b.socket.close();
  await settled();
  for (let count = 0; count < 5; count += 1) {
    await a.socket.send(Buffer.from('anybody?'), b.socket.address).catch(() => undefined);
    await settled(5);
  }
  const c = await place();
  await a.socket.send(Buffer.from('hello'), c.socket.address);
  await until('it still sends', () => c.packets.length === 1);
  a.socket.close();
  c.socket.close();
  t.same(c.troubles, []);
});

t.test('a port is bound once', async t => {
  const a = await place();
  const events = { packet: (): void => undefined, trouble: (): void => undefined };
  await t.rejects(usual.bind(a.socket.address, events), {
    code: 'LISTEN_FAILED',
    message: /another program listens there already/,
  });
  a.socket.close();
});

t.test('sending through a closed socket is an error, closing frees the port', async t => {
  const [a, b] = await Promise.all([place(), place()]);
  a.socket.close();
  await t.rejects(a.socket.send(Buffer.from('late'), b.socket.address), { code: 'CLOSED' });
  await settled();
  const again = await usual.bind(a.socket.address, { packet: () => undefined, trouble: () => undefined });
  t.equal(again.address.port, a.socket.address.port);
  again.close();
  b.socket.close();
});

t.test('the longest packet is 1024 bytes', async t => {
  t.equal(usual.longest, 1024);
});

// ---- to many at once; over the loopback interface, which every machine has

const onLoopback = { interface: '127.0.0.1' };

t.test('a packet to a group reaches all who bind it, and nobody else', async t => {
  const group = parseAddress('udp://239.255.77.77:0');
  const a = await place(group, onLoopback);
  const b = await place({ ...group, port: a.socket.address.port }, onLoopback);
  const other = await place({ ...group, host: '239.255.77.78', port: a.socket.address.port }, onLoopback);
  const sender = await place(anyPort, onLoopback);
  t.equal(formatAddress(a.socket.address), `udp://239.255.77.77:${a.socket.address.port}`);
  await sender.socket.send(Buffer.from('to all'), a.socket.address);
  await until('both have it', () => a.packets.length + b.packets.length === 2);
  t.equal(formatAddress(b.packets[0]?.from ?? anyPort), formatAddress(sender.socket.address));
  await a.socket.send(Buffer.from('back'), a.packets[0]?.from ?? anyPort);
  await until('one of the group answers', () => sender.packets.length === 1);
  await udp(onLoopback).sendOnce(Buffer.from('once'), a.socket.address);
  await until('one packet of nobody in particular', () => a.packets.length === 2 && b.packets.length === 2);
  await other.socket.send(Buffer.from('to the other'), other.socket.address);
  await until('the other group has its own', () => other.packets.length === 1);
  t.same(
    [a, b].map(({ packets }) => packets.length),
    [2, 2],
    'and its packet alone',
  );
  for (const { socket, troubles } of [a, b, other, sender]) {
    socket.close();
    t.same(troubles, []);
  }
});

/** The interfaces on which this machine is in the IPv6 group ff02::4d2. */
function members(): string[] {
  const lines = readFileSync('/proc/net/igmp6', 'utf8').split('\n');
  return lines.filter(line => / ff02[0]{24}04d2 /.test(line)).map(line => line.split(/\s+/)[1] ?? '');
}

// Packets cannot be seen there: the loopback interface has no way to IPv6 groups.
t.test('an IPv6 group is joined on the interface that its address names, or that was given', async t => {
  for (const options of [{}, { interface: '::%lo' }]) {
    const { socket } = await place(parseAddress('udp://[ff02::4d2%lo]:0'), options);
    t.same(members(), ['lo']);
    socket.close();
  }
  await until('it has left', () => members().length === 0);
});

t.test('the system is told how far packets to groups go', async t => {
  // The loopback interface itself gives back what it sends, so that what arrives tells nothing here.
  const told: [string, unknown][] = [];
  for (const name of ['setMulticastTTL', 'setMulticastLoopback', 'setMulticastInterface'] as const) {
    const { [name]: original } = Socket.prototype;
    Socket.prototype[name] = function (this: Socket, value: never): never {
      told.push([name, value]);
      return original.call(this, value) as never;
    };
    t.teardown(() => Object.assign(Socket.prototype, { [name]: original }));
  }
  const { socket } = await place(anyPort, { ...onLoopback, ttl: 0, loopback: false });
  t.same(told.splice(0), [
    ['setMulticastTTL', 0],
    ['setMulticastLoopback', false],
    ['setMulticastInterface', '127.0.0.1'],
  ]);
  await usual.sendOnce(Buffer.from('x'), socket.address);
  t.same(told, [
    ['setMulticastTTL', 1],
    ['setMulticastLoopback', true],
  ]);
  socket.close();
});

t.test('a packet to a broadcast address is sent as one', async t => {
  const all = await place(parseAddress('udp://0.0.0.0:0'));
  const to = { ...all.socket.address, host: '127.255.255.255' };
  const sender = await place();
  await sender.socket.send(Buffer.from('to all'), to);
  await sender.socket.send(Buffer.from('to all again'), to);
  await usual.sendOnce(Buffer.from('once'), to);
  await until('they arrive', () => all.packets.length === 3);
  t.same(
    all.packets.map(({ bytes }) => String(bytes)),
    ['to all', 'to all again', 'once'],
  );
  await sender.socket.send(Buffer.from('to one'), { ...to, host: '127.0.0.1' });
  await until('it still sends to one', () => all.packets.length === 4);
  all.socket.close();
  sender.socket.close();
});

t.test('an interface that this machine does not have is told in one line', async t => {
  const events = { packet: (): void => undefined, trouble: (): void => undefined };
  for (const name of ['192.0.2.77', 'eth99']) {
    await t.rejects(udp({ interface: name }).bind(parseAddress('udp://239.255.77.77:0'), events), {
      code: 'LISTEN_FAILED',
      message: /^cannot listen on udp:\/\/239\.255\.77\.77:0: this machine has no interface ".+" \(.+\)$/,
    });
  }
  await t.rejects(udp({ interface: '192.0.2.77' }).sendOnce(Buffer.from('x'), anyPort), {
    code: 'CLOSED',
    message: /this machine has no interface "192\.0\.2\.77"/,
  });
});

t.test('options out of their range are refused', async t => {
  t.throws(() => udp({ ttl: 256 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => udp({ ttl: 0.5 }), { code: 'OUT_OF_RANGE' });
  t.throws(() => udp({ interface: '' }), { code: 'INVALID_VALUE' });
  t.throws(() => udp({ broadcast: true } as object), { code: 'UNKNOWN_OPTION' });
});

t.test('a communicator takes the options of its transports', async t => {
  const { communicator } = worldOf(t, { transports: { udp: udp(onLoopback) } });
  const heard: string[] = [];
  const dispatcher = new Dispatcher().on('EVENT', message => void heard.push(message.string('id')));
  const address = await communicator.bind('udp://239.255.77.80:0', { dispatcher }).ready;
  await communicator.bind('127.0.0.1:0', { dispatcher }).ready;
  for (const bound of communicator.connections)
    await (bound as Datagram).sendTo(address, Message.of('EVENT', { id: 1 }));
  await until('both arrive', () => heard.length === 2);
  t.same(heard, ['1', '1']);
});
