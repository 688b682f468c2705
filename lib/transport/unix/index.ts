// Unix stream sockets by path, mode 0600; a file that a dead process left behind is taken over. `unix:@name` is an
// abstract one (Linux): no file, and no rights, so that every user of the machine may connect.

import { chmodSync, chownSync, existsSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import net from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import type { Address } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';
import type { Given } from '../../base/options.ts';
import { wholeInRange, withDefaults } from '../../base/options.ts';
import { listenFailed, listening, opened } from '../socket-channel.ts';
import type { ListenEvents, Listening, Transport } from '../transport.ts';

export interface UnixOptions {
  /** Rights of the file. @default 0o600: its owner alone */
  readonly mode: number;
  /** Group of the file, by name or number. @default the group of this process */
  readonly group: string | number | undefined;
}

const defaults: UnixOptions = { mode: 0o600, group: undefined };
/** The system has room for no longer path, in bytes; it would cut it without a word. */
const longestPath = 107;

/** @throws UsageError UNKNOWN_OPTION, OUT_OF_RANGE, INVALID_VALUE for a group that is not known */
export function unix(options: Given<UnixOptions> = {}): Transport {
  const settings = withDefaults<UnixOptions>('unix', defaults, options);
  wholeInRange('mode', settings.mode, 0, 0o777);
  const group = groupId(settings.group);
  const rights = (path: string): void => {
    // The group first: until then the file is for its owner alone.
    if (group !== undefined) chownSync(path, -1, group);
    chmodSync(path, settings.mode);
  };
  return {
    async dial(address, signal) {
      return opened(net.connect({ path: systemPath(address), allowHalfOpen: true }), address, signal);
    },
    async listen(address, events) {
      const path = systemPath(address);
      try {
        return await listen(address, events, rights);
      } catch (error) {
        if (!(await isStale(error, path))) throw listenFailed(address, named(error, path));
      }
      unlinkSync(path);
      return listen(address, events, rights).catch(error => Promise.reject(listenFailed(address, error)));
    },
  };
}

function isAbstract(path: string): boolean {
  return path.startsWith('@');
}

/** @throws UsageError INVALID_ADDRESS */
function systemPath({ path }: Address): string {
  const length = Buffer.byteLength(path);
  if (length > longestPath) {
    throw new UsageError(
      'INVALID_ADDRESS',
      `a unix path has at most ${longestPath} bytes, this has ${length}: ${path}`,
    );
  }
  return isAbstract(path) ? `\0${path.slice(1)}` : path;
}

/** @throws UsageError INVALID_VALUE */
function groupId(group: string | number | undefined): number | undefined {
  if (group === undefined || typeof group === 'number') return group;
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find(line => line.startsWith(`${group}:`));
  if (line === undefined) throw new UsageError('INVALID_VALUE', `there is no group "${group}" on this machine`);
  return Number(line.split(':')[2]);
}

async function listen(address: Address, events: ListenEvents, rights: (path: string) => void): Promise<Listening> {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true });
  listenPrivately(server, systemPath(address));
  let accepted = 0;
  const remote = (): string => {
    accepted += 1;
    return `unix:${address.path}#${accepted}`;
  };
  const place = await listening(server, events, { address: () => address, remote });
  if (isAbstract(address.path)) return place;
  try {
    rights(address.path);
  } catch (error) {
    place.close();
    throw error;
  }
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

/** Where there is no folder for the socket, node speaks of rights. */
function named(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EACCES' || path.startsWith('\0') || existsSync(dirname(path))) return error;
  return Object.assign(new Error(`there is no folder ${dirname(path)}`, { cause: error }), { code: 'ENOENT' });
}

/** Whether the path is a socket that nobody answers on. */
async function isStale(error: unknown, path: string): Promise<boolean> {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || path.startsWith('\0') || !lstatSync(path).isSocket())
    return false;
  return new Promise(resolve => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (refused: NodeJS.ErrnoException) => resolve(refused.code === 'ECONNREFUSED'));
  });
}
