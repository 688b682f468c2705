// Which path of a web server leads where. A server has one of these, however many transports mount on it.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebServer } from './index.ts';

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const known = new WeakMap<WebServer, Mounts>();
const refusal = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export class Mounts {
  readonly #server: WebServer;
  readonly #upgrades = new Map<string, Upgrade>();
  readonly #listener: Upgrade = (request, socket, head) => this.#lead(request, socket, head);

  private constructor(server: WebServer) {
    this.#server = server;
  }

  static of(server: WebServer): Mounts {
    const mounts = known.get(server) ?? new Mounts(server);
    known.set(server, mounts);
    return mounts;
  }

  /** The path that a request asks for, without its query. */
  static pathOf({ url = '' }: IncomingMessage): string {
    return url.replace(/\?.*$/s, '');
  }

  /** False where another has the path. */
  add(path: string, upgrade: Upgrade): boolean {
    if (this.#upgrades.has(path)) return false;
    if (this.#upgrades.size === 0) this.#server.on('upgrade', this.#listener);
    this.#upgrades.set(path, upgrade);
    return true;
  }

  /** Does nothing where the path is another's by now. */
  remove(path: string, upgrade: Upgrade): void {
    if (this.#upgrades.get(path) !== upgrade) return;
    this.#upgrades.delete(path);
    if (this.#upgrades.size === 0) this.#server.off('upgrade', this.#listener);
  }

  #lead(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const upgrade = this.#upgrades.get(Mounts.pathOf(request));
    if (upgrade !== undefined) return upgrade(request, socket, head);
    // Another listener of the server may serve the path; without one, node leaves the socket to us.
    if (this.#server.listenerCount('upgrade') === 1) refuse(socket);
  }
}

function refuse(socket: Duplex): void {
  socket.on('error', () => undefined).once('finish', () => socket.destroy());
  socket.end(refusal);
}
