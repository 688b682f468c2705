// The sockets that a service manager opened for this process (systemd's socket activation), and what is known of them.
//
// LISTEN_FDS is how many there are, from descriptor 3 on; LISTEN_PID whose they are; LISTEN_FDNAMES their names, with
// colons between. They are read at the first use of an address `systemd:…` (or by `communicator.systemd()`), and taken
// away from the environment, so that no child takes them for its own. The descriptors themselves go to no child: node
// closes all but the standard ones when it starts one.

import { fstatSync, readFileSync, readlinkSync } from 'node:fs';
import type { Address } from '../../base/address.ts';
import { formatAddress } from '../../base/address.ts';
import { NetworkError } from '../../base/errors.ts';

/** A socket that was passed to this process. */
export interface PassedSocket {
  readonly fd: number;
  readonly name: string;
}

/** What was passed, or why nothing is here. */
export interface Passed {
  readonly sockets: readonly PassedSocket[];
  readonly why: string;
}

/** What a descriptor is. */
export interface SocketFacts {
  readonly kind: 'udp' | 'udp6' | 'unix' | 'tcp or another' | 'no socket' | 'not open';
  /** Of a unix one. */
  readonly type: 'stream' | 'datagram' | 'sequence';
  /** Where a unix one is bound. */
  readonly path: string;
}

/** The first descriptor that is passed (sd_listen_fds(3)). */
const firstFd = 3;
const variables = ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'] as const;
type Environment = Record<string, string | undefined>;

let passed: Passed | undefined;
const adopted = new Set<number>();

/** What was passed to this process; the variables are gone after the first call. */
export function passedSockets(): Passed {
  passed ??= takeSockets(process.env, process.pid);
  return passed;
}

/** Reads the variables, and takes them away. */
export function takeSockets(environment: Environment, pid: number): Passed {
  const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES = '' } = environment;
  for (const name of variables) delete environment[name];
  if (LISTEN_FDS === undefined) {
    return { sockets: [], why: 'no sockets were passed to this process: LISTEN_FDS is not set' };
  }
  if (LISTEN_PID !== String(pid)) {
    const whose = LISTEN_PID === undefined ? 'nobody, LISTEN_PID is not set' : `process ${LISTEN_PID}`;
    return { sockets: [], why: `the sockets were passed to ${whose}; this is process ${pid}` };
  }
  const count = /^\d{1,5}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
  if (count === 0) return { sockets: [], why: `LISTEN_FDS is "${LISTEN_FDS}", there is no socket` };
  const names = LISTEN_FDNAMES.split(':');
  const sockets = Array.from({ length: count }, (_, at) => ({ fd: firstFd + at, name: names[at] || 'unknown' }));
  return { sockets, why: `there is ${sockets.map(({ fd, name }) => `${fd} ("${name}")`).join(', ')}` };
}

/** The socket that the address names, by its name or its descriptor; it is its owner's from now on. @throws NetworkError */
export function adopt(address: Address): PassedSocket {
  const { path } = address;
  const { sockets, why } = passedSockets();
  const named = sockets.filter(({ name }) => name === path);
  if (named.length > 1) {
    throw notHere(address, `${named.length} sockets have this name; write ${named.map(({ fd }) => fd).join(' or ')}`);
  }
  const found = named[0] ?? sockets.find(({ fd }) => String(fd) === path);
  if (found === undefined) throw notHere(address, sockets.length === 0 ? why : `no socket has this name: ${why}`);
  if (adopted.has(found.fd)) throw notHere(address, 'this process listens there, or did so, already');
  adopted.add(found.fd);
  return found;
}

/** It could not be used as it was asked for: another use may follow. */
export function giveBack({ fd }: PassedSocket): void {
  adopted.delete(fd);
}

/** Why an address of ours cannot be listened on. */
export function notHere(address: Address, reason: string, cause?: unknown): NetworkError {
  return new NetworkError('LISTEN_FAILED', `cannot listen on ${formatAddress(address)}: ${reason}`, { cause });
}

/** What the descriptor is. Linux says it in /proc; elsewhere there is no systemd. */
export function factsOf(fd: number): SocketFacts {
  const facts = (kind: SocketFacts['kind']): SocketFacts => ({ kind, type: 'stream', path: '' });
  try {
    if (!fstatSync(fd).isSocket()) return facts('no socket');
  } catch {
    return facts('not open');
  }
  const inode = /\d+/.exec(linkOf(fd))?.[0] ?? '';
  for (const kind of ['udp', 'udp6'] as const) {
    if (rows(kind).some(row => row[9] === inode)) return facts(kind);
  }
  // Num RefCount Protocol Flags Type St Inode Path
  const unix = rows('unix').find(row => row[6] === inode);
  if (unix !== undefined) {
    const type = ({ '0002': 'datagram', '0005': 'sequence' } as const)[unix[4] ?? ''] ?? 'stream';
    return { kind: 'unix', type, path: unix.slice(7).join(' ') };
  }
  // The list of TCP connections may be very long; what node makes of the descriptor tells enough.
  return facts('tcp or another');
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** The lines of one of the system's lists of sockets, in words. */
function rows(kind: string): string[][] {
  try {
    const lines = readFileSync(`/proc/self/net/${kind}`, 'utf8').split('\n');
    return lines.slice(1).map(line => line.trim().split(/\s+/));
  } catch {
    return []; // no IPv6 here, say
  }
}
