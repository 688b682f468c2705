// The other side as bare bytes: a client and a server that know nothing of messages.

import type { Server, Socket } from 'node:net';
import net from 'node:net';
import { parseAddress } from '../../lib/index.ts';
import { until } from '../support/world.ts';

/** One end of a stream. All it received stands in `text`, a byte a character. */
export class Raw {
  readonly socket: Socket;
  text = '';
  readonly #seen = new Set<'end' | 'close' | 'error'>();
  #expected = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.text += chunk.toString('latin1');
    });
    socket.on('end', () => this.#seen.add('end'));
    socket.on('close', () => this.#seen.add('close'));
    socket.on('error', () => this.#seen.add('error'));
  }

  /** Connects to `tcp://…` or `unix:…`; the end of the other side is not answered by itself. */
  static async dial(address: string): Promise<Raw> {
    const { scheme, host, port, path } = parseAddress(address);
    const place = scheme === 'unix' ? { path } : { host, port };
    const raw = new Raw(net.connect({ ...place, allowHalfOpen: true, noDelay: true }));
    await until(`connected to ${address}`, () => !raw.socket.connecting);
    return raw;
  }

  /** The other side has said its last. */
  get ended(): boolean {
    return this.#seen.has('end');
  }

  get closed(): boolean {
    return this.#seen.has('close');
  }

  get reset(): boolean {
    return this.#seen.has('error');
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** What came since the last `take` or `next`. */
  get rest(): string {
    return this.text.slice(this.#expected);
  }

  /** Waits for so many more bytes and gives them. */
  async take(length: number): Promise<string> {
    await until(`${length} bytes, there are ${JSON.stringify(this.rest.slice(0, 200))}`, () => {
      return this.rest.length >= length || this.closed || this.ended;
    });
    const taken = this.rest.slice(0, length);
    this.#expected += taken.length;
    return taken;
  }

  /** Waits for a line and gives it with its line feed; what there is, where the stream ends before. */
  async line(): Promise<string> {
    await until('a line', () => this.rest.includes('\n') || this.closed || this.ended);
    const feed = this.rest.indexOf('\n');
    return this.take(feed < 0 ? this.rest.length : feed + 1);
  }

  async end(): Promise<void> {
    await until('the other side ends', () => this.ended || this.closed);
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** A server whose every connection is a `Raw`. */
export class RawServer {
  readonly connections: Raw[] = [];
  readonly #server: Server;
  #port = 0;
  /** Called for each connection, before anything else happens to it. */
  accepted: (raw: Raw) => void = () => undefined;

  private constructor() {
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
      const raw = new Raw(socket);
      this.connections.push(raw);
      this.accepted(raw);
    });
  }

  /** Listens on a free port, or on the one given. */
  static async listen(port = 0): Promise<RawServer> {
    const server = new RawServer();
    server.#server.listen(port, '127.0.0.1');
    await until('the raw server listens', () => server.#server.listening);
    const address = server.#server.address();
    server.#port = typeof address === 'object' && address !== null ? address.port : 0;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  /** The connection at this place, counted from 0. */
  async connection(index: number): Promise<Raw> {
    await until(`connection ${index}`, () => this.connections.length > index);
    const raw = this.connections[index];
    if (raw === undefined) throw new Error(`there is no connection ${index}`);
    return raw;
  }

  close(): void {
    this.#server.close();
    for (const raw of this.connections) raw.destroy();
  }
}
