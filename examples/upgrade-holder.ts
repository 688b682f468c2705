// The small parent of the upgrade: holds sockets as a service manager does (systemd's socket activation), and starts
// services that find them at their descriptors from 3 on. It never accepts anything itself: a service that ends leaves
// the socket open, and whoever connects waits for the next one.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import net from 'node:net';

/** A socket that is bound, and kept open. */
export interface HeldSocket {
  readonly name: string;
  readonly fd: number;
  /** TCP alone. */
  readonly port: number;
  close(): void;
}

/** What node has under its sockets; `fd` is the descriptor. */
export interface BoundHandle {
  readonly fd: number;
  getsockname?(found: { port?: number }): number;
  close(): void;
}

type MakeHandle = (address: string, port: number, type: number, fd: number, flags: number) => BoundHandle | number;

/**
 * Binds a TCP socket, and does not accept on it. `net.createServer` would accept, so this is what node:cluster uses: a
 * function that net exports with an underscore and does not document.
 */
export function holdTcp(name: string, host = '127.0.0.1', port = 0): HeldSocket {
  const { _createServerHandle } = net as unknown as { readonly _createServerHandle: MakeHandle };
  return held(name, _createServerHandle(host, port, 4, -1, 0));
}

/** @throws Error with the system's number where it could not be bound */
export function held(name: string, handle: BoundHandle | number): HeldSocket {
  if (typeof handle === 'number') throw new Error(`the socket "${name}" cannot be bound: error ${handle}`);
  const found: { port?: number } = {};
  handle.getsockname?.(found);
  return { name, fd: handle.fd, port: found.port ?? 0, close: () => handle.close() };
}

/** LISTEN_PID has to be the pid of the service; the shell knows it, since `exec` keeps it. */
const asItself = 'LISTEN_PID=$$ exec "$0" "$@"';

/** Starts a node program with the sockets. */
export function startWith(
  sockets: readonly HeldSocket[],
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ChildProcess {
  return spawn('/bin/sh', ['-c', asItself, process.execPath, ...words], {
    stdio: ['ignore', 'pipe', 'pipe', ...sockets.map(({ fd }) => fd)],
    env: {
      ...process.env,
      LISTEN_FDS: String(sockets.length),
      LISTEN_FDNAMES: sockets.map(({ name }) => name).join(':'),
      ...environment,
    },
  });
}
