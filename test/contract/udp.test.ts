// Packets: the contract of packet transports, which udp alone is today.

import t from 'tap';
import type { Address, PacketSocket } from '../../lib/index.ts';
import { formatAddress, packetTransport, parseAddress } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';

const anyPort = parseAddress('udp://127.0.0.1:0');
const udp = await packetTransport(anyPort);

interface Place {
  readonly socket: PacketSocket;
  readonly packets: { readonly bytes: Buffer; readonly from: Address }[];
  readonly troubles: Error[];
}

async function place(): Promise<Place> {
  const packets: Place['packets'] = [];
  const troubles: Error[] = [];
  const socket = await udp.bind(anyPort, {
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
  await t.rejects(udp.bind(a.socket.address, events), {
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
  const again = await udp.bind(a.socket.address, { packet: () => undefined, trouble: () => undefined });
  t.equal(again.address.port, a.socket.address.port);
  again.close();
  b.socket.close();
});

t.test('the longest packet is 1024 bytes', async t => {
  t.equal(udp.longest, 1024);
});
