// UDP packets: to one, to a group (multicast) and to all of a network (broadcast).
//
// Who binds the address of a group joins it, and gets the packets of that group alone; several programs of a machine
// may bind it. A socket may send to a broadcast address once the system has said of one that it is such.

import type { RemoteInfo, Socket } from 'node:dgram';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError, reasonOf, UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { wholeInRange, withDefaults } from '../../base/options.ts';
import { systemReason } from '../reasons.ts';
import { listenFailed } from '../socket-channel.ts';
import type { PacketEvents, PacketSocket, PacketTransport } from '../transport.ts';

export interface UdpOptions {
  /**
   * Where groups are joined, and packets to groups go out: the address of one of this machine's interfaces; of IPv6
   * its name, as in `::%eth0`. @default the system's choice
   */
  readonly interface: string | undefined;
  /** How many networks a packet to a group may pass: 0 none at all, 1 this one. @default 1 */
  readonly ttl: number;
  /** Whether this machine gets its own packets to groups. @default true */
  readonly loopback: boolean;
}

const defaults: UdpOptions = { interface: undefined, ttl: 1, loopback: true };

/** Longest message in a UDP packet, in bytes (reference eventdispatcher §2.6). */
export const longest: number = 1024;
/** A refusal (ICMP port unreachable) from this machine or a near one comes within so many ms. */
const refusalTime = 20;
const group = /^(?:2(?:2[4-9]|3\d)\.|ff[0-9a-f]{2}:)/i;

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE */
export function udp(options: Given<UdpOptions> = {}): PacketTransport {
  const settings = withDefaults<UdpOptions>('udp', defaults, options);
  wholeInRange('ttl', settings.ttl, 0, 255);
  if (settings.interface === '') throw new UsageError('INVALID_VALUE', 'an interface cannot be empty');
  return {
    longest,
    sendOnce: (bytes, to) => sendOnce(bytes, to, settings),
    async bind(address, events) {
      const { host, port } = address;
      const socket = socketFor(host, group.test(host));
      try {
        const [, zone] = host.split('%');
        const here = { ...settings, interface: settings.interface ?? (zone && `::%${zone}`) };
        await open(socket, { address: host, port }, here);
        if (group.test(host)) join(socket, host, here);
      } catch (error) {
        socket.close();
        throw listenFailed(address, error);
      }
      return bound(socket, { ...address, port: socket.address().port }, events);
    },
  };
}

function socketFor(host: string, shared = false): Socket {
  return dgram.createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', reuseAddr: shared });
}

async function open(socket: Socket, place: dgram.BindOptions, settings: UdpOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(place, () => {
      socket.off('error', reject);
      resolve();
    });
  });
  socket.setMulticastTTL(settings.ttl);
  socket.setMulticastLoopback(settings.loopback);
  if (settings.interface !== undefined) withInterface(settings, name => socket.setMulticastInterface(name));
}

function join(socket: Socket, host: string, settings: UdpOptions): void {
  withInterface(settings, name => socket.addMembership(host.replace(/%.*$/, ''), name));
}

/** The system's words for an interface that it does not have are many. */
function withInterface({ interface: name }: UdpOptions, use: (name: string) => void): void {
  try {
    use(name as string);
  } catch (error) {
    const which = name === undefined ? 'for groups' : `"${name}"`;
    throw new Error(`this machine has no interface ${which} (${reasonOf(error)})`, { cause: error });
  }
}

async function sendOnce(bytes: Buffer, to: Address, settings: UdpOptions): Promise<void> {
  const socket = socketFor(to.host);
  try {
    await open(socket, { port: 0 }, settings);
    await allowed(socket, () => connected(socket, to));
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.send(bytes, error => (error === null ? setTimeout(resolve, refusalTime) : reject(error)));
    });
  } catch (error) {
    throw notSent(to, error);
  } finally {
    socket.on('error', () => undefined).close();
  }
}

function connected(socket: Socket, { host, port }: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = (error?: Error): void => (error === undefined ? resolve() : reject(error));
    socket.connect(port, host, settled);
  });
}

/** The system refuses a broadcast address until it is told that broadcast is meant; which are such, it knows best. */
async function allowed(socket: Socket, attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    socket.setBroadcast(true);
    await attempt();
  }
}

function notSent(to: Address, error: unknown): NetworkError {
  return new NetworkError('CLOSED', `cannot send to ${formatAddress(to)}: ${systemReason(error)}`, { cause: error });
}

/** A socket that is bound, for its owner. */
export function bound(socket: Socket, address: Address, events: PacketEvents): PacketSocket {
  socket.on('error', events.trouble);
  socket.on('message', (bytes: Buffer, from: RemoteInfo) =>
    events.packet(bytes, { scheme: 'udp', host: from.address, port: from.port, path: '' }),
  );
  const sent = (bytes: Buffer, { host, port }: Address): Promise<void> =>
    new Promise((resolve, reject) => {
      socket.send(bytes, port, host, error => (error === null ? resolve() : reject(error)));
    });
  return {
    address,
    send: (bytes, to) =>
      allowed(socket, () => sent(bytes, to)).catch((error: unknown) => Promise.reject(notSent(to, error))),
    close: () => {
      socket.off('error', events.trouble).on('error', () => undefined);
      socket.close();
    },
  };
}
