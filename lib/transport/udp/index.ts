// UDP packets.

import type { RemoteInfo, Socket } from 'node:dgram';
import dgram from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError, reasonOf } from '../../base/errors.ts';
import { listenFailed } from '../socket-channel.ts';
import type { PacketEvents, PacketSocket, PacketTransport } from '../transport.ts';

/** Longest message in a UDP packet, in bytes (reference eventdispatcher §2.6). */
export const longest: number = 1024;
/** A refusal (ICMP port unreachable) from this machine or a near one comes within so many ms. */
const refusalTime = 20;

export function udp(): PacketTransport {
  return {
    longest,
    sendOnce,
    async bind(address, events) {
      const { host, port } = address;
      const socket = dgram.createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' });
      try {
        await new Promise<void>((resolve, reject) => {
          socket.once('error', reject);
          socket.bind({ address: host, port }, () => {
            socket.off('error', reject);
            resolve();
          });
        });
      } catch (error) {
        socket.close();
        throw listenFailed(address, error);
      }
      return bound(socket, { ...address, port: socket.address().port }, events);
    },
  };
}

function sendOnce(bytes: Buffer, to: Address): Promise<void> {
  const socket = dgram.createSocket({ type: isIPv6(to.host) ? 'udp6' : 'udp4' });
  return new Promise<void>((resolve, reject) => {
    socket.once('error', error => reject(notSent(to, error)));
    socket.connect(to.port, to.host, () => {
      socket.send(bytes, error => {
        if (error === null) setTimeout(resolve, refusalTime);
        else reject(notSent(to, error));
      });
    });
  }).finally(() => socket.close());
}

function notSent(to: Address, error: unknown): NetworkError {
  return new NetworkError('CLOSED', `cannot send to ${formatAddress(to)}: ${reasonOf(error)}`, { cause: error });
}

/** A socket that is bound, for its owner. */
export function bound(socket: Socket, address: Address, events: PacketEvents): PacketSocket {
  socket.on('error', events.trouble);
  socket.on('message', (bytes: Buffer, from: RemoteInfo) =>
    events.packet(bytes, { scheme: 'udp', host: from.address, port: from.port, path: '' }),
  );
  return {
    address,
    send: (bytes, to) =>
      new Promise((resolve, reject) => {
        const failed = (error: unknown): void => reject(notSent(to, error));
        try {
          socket.send(bytes, to.port, to.host, error => (error === null ? resolve() : failed(error)));
        } catch (error) {
          failed(error);
        }
      }),
    close: () => {
      socket.off('error', events.trouble).on('error', () => undefined);
      socket.close();
    },
  };
}
