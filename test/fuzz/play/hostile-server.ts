// The server that the daemon's permanent clients come to: each link is a script. At rest it wants no session, and
// takes what comes.

import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';
import type { Scripts } from '../input/script.ts';
import { Filling } from './filling.ts';
import { play } from './stream.ts';

const refusal = 'INVALID command=SESSION;message=at rest\n';

export class HostileServer {
  /** Lines that went out. */
  sent = 0;
  readonly #scripts: Scripts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #mood: 'hostile' | 'resting' = 'resting';
  #links = 0;

  constructor(scripts: Scripts) {
    this.#scripts = scripts;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => void this.#play(socket));
  }

  /** Gives its port. */
  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  begin(): void {
    this.#mood = 'hostile';
    this.#cut();
  }

  rest(): void {
    this.#mood = 'resting';
    this.#cut();
  }

  close(): void {
    this.#server.close();
    this.#cut();
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #play(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.#mood === 'resting') return rest(socket);
    const number = this.#links;
    this.#links += 1;
    const script = this.#scripts.server(number);
    const sent = await play(socket, script, new Filling(script.key, script.key.id));
    this.sent += sent;
  }
}

function rest(socket: Socket): void {
  socket.on('error', () => undefined);
  socket.once('data', () => socket.write(refusal));
  socket.on('end', () => socket.end());
  socket.resume();
}
