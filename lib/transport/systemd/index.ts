// Sockets that a service manager opened and passed to this process: `systemd:NAME` (FileDescriptorName= of the socket
// unit), or `systemd:3` by descriptor. While the service is restarted its manager keeps them open: whoever connects
// then waits in the system's queue, and is not refused.
//
// TCP and unix streams, and UDP packets. Each can be listened on once in the life of the process: closing gives our
// descriptor up for good, so that the next process accepts what comes from then on. Nobody can dial such an address.

import dgram from 'node:dgram';
import type { AddressInfo, Server } from 'node:net';
import net from 'node:net';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError, reasonOf } from '../../base/errors.ts';
import { listening, remoteOf } from '../socket-channel.ts';
import type { PacketTransport, Transport } from '../transport.ts';
import { bound, longest } from '../udp/index.ts';
import type { PassedSocket, SocketFacts } from './sockets.ts';
import { adopt, factsOf, giveBack, notHere } from './sockets.ts';

/**
 * Adopting calls listen(2) again, which sets how many connections may wait. During a restart they all wait there, so it
 * is as many as the system allows (net.core.somaxconn), whatever Backlog= says.
 */
const backlog = 2 ** 31 - 1;

export function systemd(): Transport {
  return {
    async dial(address) {
      throw new NetworkError('DIAL_FAILED', `cannot reach ${formatAddress(address)}: dial the socket's own address`);
    },
    async listen(address, events) {
      const socket = adopt(address);
      // Before anything else: a descriptor that fails is closed.
      const facts = factsOf(socket.fd);
      const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
      let accepted = 0;
      let real = address;
      const remote = (from: net.Socket): string => {
        if (real.scheme === 'tcp') return remoteOf('tcp', from);
        accepted += 1;
        return `unix:${real.path}#${accepted}`;
      };
      const place = (): Address => {
        real = realAddress(server, facts, socket);
        return real;
      };
      try {
        server.listen({ fd: socket.fd, backlog });
        return await listening(server, events, { address: place, remote });
      } catch (error) {
        giveBack(socket);
        throw notHere(address, `descriptor ${socket.fd}: ${whyNot(facts, 'stream', error)}`, error);
      }
    },
  };
}

/** The same for packets. */
export function systemdPackets(): PacketTransport {
  return {
    longest,
    async sendOnce(_bytes, to) {
      throw new NetworkError('CLOSED', `cannot send to ${formatAddress(to)}: send to the socket's own address`);
    },
    async bind(address, events) {
      const socket = adopt(address);
      const { fd } = socket;
      const facts = factsOf(fd);
      const udp = dgram.createSocket({ type: facts.kind === 'udp6' ? 'udp6' : 'udp4' });
      try {
        await new Promise<void>((resolve, reject) => {
          udp.once('error', reject);
          udp.bind({ fd }, () => {
            udp.off('error', reject);
            resolve();
          });
        });
      } catch (error) {
        giveBack(socket);
        udp.close();
        throw notHere(address, `descriptor ${fd}: ${whyNot(facts, 'datagram', error)}`, error);
      }
      const { address: host, port } = udp.address();
      return bound(udp, { scheme: 'udp', host, port, path: '' }, events);
    },
  };
}

/** Where others connect to. */
function realAddress(server: Server, { path }: SocketFacts, { name }: PassedSocket): Address {
  const found = server.address() as AddressInfo | null;
  if (typeof found === 'object' && found !== null) {
    return { scheme: 'tcp', host: found.address, port: found.port, path: '' };
  }
  return { scheme: 'unix', host: '', port: 0, path: path || name };
}

function whyNot({ kind, type }: SocketFacts, wanted: 'stream' | 'datagram', error: unknown): string {
  if (kind === 'not open') return 'it is not open';
  if (kind === 'no socket') return 'it is no socket';
  if (kind === 'unix' && type !== wanted) return `it is no ${wanted} socket but a ${type} socket`;
  if (kind === 'unix' && wanted === 'datagram')
    return 'it is a datagram socket of unix, which node cannot read; use UDP';
  const isPackets = kind === 'udp' || kind === 'udp6';
  if (wanted === 'stream' && isPackets) return 'it is no stream socket but a datagram socket';
  if (wanted === 'datagram' && !isPackets) return 'it is no datagram socket';
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EINVAL' ? 'it is a connection, and does not listen (Accept=yes?)' : reasonOf(error);
}
