// TCP streams. Names are looked up at each dial, and each of their addresses is tried (node does that).

import type { AddressInfo, LookupFunction } from 'node:net';
import net from 'node:net';
import { listenFailed, listening, opened, remoteOf } from '../socket-channel.ts';
import type { Transport } from '../transport.ts';

export interface TcpOptions {
  /** Resolves host names at each dial. @default the system's resolver */
  readonly lookup?: LookupFunction;
}

/** Connections that may wait to be accepted; the system lowers it to what it allows. */
const backlog = 1024;

export function tcp({ lookup }: TcpOptions = {}): Transport {
  return {
    dial(address, signal) {
      const { host, port } = address;
      const found = lookup === undefined ? {} : { lookup };
      const socket = net.connect({ host, port, noDelay: true, allowHalfOpen: true, ...found });
      return opened(socket, address, signal);
    },
    async listen(address, events) {
      const { host, port } = address;
      const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
      try {
        server.listen({ host, port, backlog });
        return await listening(server, events, {
          address: () => ({ ...address, port: (server.address() as AddressInfo).port }),
          remote: socket => remoteOf('tcp', socket),
        });
      } catch (error) {
        throw listenFailed(address, error);
      }
    },
  };
}
