// Unix stream sockets by path, mode 0600. A file that a dead process left behind is taken over.

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import net from 'node:net';
import { isMainThread } from 'node:worker_threads';
import type { Address } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import { listenFailed, listening, opened } from '../socket-channel.ts';
import type { ListenEvents, Listening, Transport } from '../transport.ts';

/** The system has room for no longer path, in bytes; it would cut it without a word. */
const longestPath = 107;

export function unix(): Transport {
  return {
    async dial(address, signal) {
      refuseLong(address);
      return opened(net.connect({ path: address.path, allowHalfOpen: true }), address, signal);
    },
    async listen(address, events) {
      refuseLong(address);
      try {
        return await listen(address, events);
      } catch (error) {
        if (!(await isStale(error, address.path))) throw listenFailed(address, error);
      }
      unlinkSync(address.path);
      return listen(address, events).catch(error => Promise.reject(listenFailed(address, error)));
    },
  };
}

/** @throws UsageError INVALID_ADDRESS */
function refuseLong({ path }: Address): void {
  const length = Buffer.byteLength(path);
  if (length <= longestPath) return;
  throw new UsageError('INVALID_ADDRESS', `a unix path has at most ${longestPath} bytes, this has ${length}: ${path}`);
}

async function listen(address: Address, events: ListenEvents): Promise<Listening> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  listenPrivately(server, address.path);
  let accepted = 0;
  const remote = (): string => {
    accepted += 1;
    return `unix:${address.path}#${accepted}`;
  };
  const place = await listening(server, events, { address: () => address, remote });
  chmodSync(address.path, 0o600);
  return place;
}

/** The file is for its owner alone from its first moment; the mask is the whole process's, so a worker cannot set it. */
function listenPrivately(server: Server, path: string): void {
  if (!isMainThread) return void server.listen({ path });
  const mask = process.umask(0o177);
  try {
    server.listen({ path });
  } finally {
    process.umask(mask);
  }
}

/** Whether the path is a socket that nobody answers on. */
async function isStale(error: unknown, path: string): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || !lstatSync(path).isSocket()) return false;
  return new Promise(resolve => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (refused: NodeJS.ErrnoException) => resolve(refused.code === 'ECONNREFUSED'));
  });
}
