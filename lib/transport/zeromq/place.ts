// Addresses of ZeroMQ: tcp://host:port and ipc://path.

import { lstatSync } from 'node:fs';
import net from 'node:net';
import { formatHostPort, parseAddress } from '../../base/address.ts';
import { UsageError } from '../../base/errors.ts';

/** Where a socket is bound or connected. */
export interface Place {
  readonly scheme: 'tcp' | 'ipc';
  /** Empty for ipc. */
  readonly host: string;
  /** 0 asks the system for a free one. */
  readonly port: number;
  /** Of ipc. */
  readonly path: string;
}

/** The system has room for no longer path, in bytes. */
const longestPath = 107;
const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|localhost|lo)$/;

/** @throws UsageError INVALID_ADDRESS */
export function parsePlace(text: string): Place {
  if (text.startsWith('ipc://')) return ipcPlace(text.slice('ipc://'.length), text);
  if (!text.startsWith('tcp://')) throw invalid(text, 'ZeroMQ has tcp://host:port and ipc:///path here');
  const { host, port } = parseAddress(text);
  return { scheme: 'tcp', host, port, path: '' };
}

function ipcPlace(path: string, text: string): Place {
  const length = Buffer.byteLength(path);
  if (!path.startsWith('/')) throw invalid(text, 'write ipc:// and a path that begins with /');
  if (length > longestPath) throw invalid(text, `a path has at most ${longestPath} bytes, this has ${length}`);
  return { scheme: 'ipc', host: '', port: 0, path };
}

/** The address as text that `parsePlace` reads back. */
export function formatPlace({ scheme, host, port, path }: Place): string {
  return scheme === 'ipc' ? `ipc://${path}` : `tcp://${formatHostPort(host, port)}`;
}

/** As ZeroMQ wants it: it binds to interfaces and numbers, not to names. */
export function bindingOf(place: Place): string {
  if (place.scheme === 'ipc') return formatPlace(place);
  const host = place.host === 'localhost' ? '127.0.0.1' : place.host;
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${place.port === 0 ? '*' : place.port}`;
}

/** Whether only this machine can reach it. */
export function isPrivate({ scheme, host }: Place): boolean {
  return scheme === 'ipc' || loopback.test(host);
}

/** Whether it needs IPv6. */
export function isVersion6({ host }: Place): boolean {
  return host.includes(':');
}

/**
 * What lies at the path of an ipc address. ZeroMQ takes the path away from whoever has it without a word, so it is asked
 * first: `taken` where somebody answers, or where the file is no socket; `free` where nothing is, or a dead one's socket.
 */
export async function lookAt({ path }: Place): Promise<'free' | 'taken'> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'free';
  if (!found.isSocket()) return 'taken';
  return new Promise(resolve => {
    const probe = net.connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve('taken');
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'free' : 'taken'));
  });
}

function invalid(text: string, advice: string): UsageError {
  return new UsageError('INVALID_ADDRESS', `"${text}" is no address: ${advice}`);
}
