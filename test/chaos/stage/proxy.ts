// Between client and server: hands bytes on, and does what breaks them. Only on the loopback.

import dgram from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import net from 'node:net';

type Direction = 'both' | 'to server' | 'to client';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class FaultProxy {
  readonly #to: number;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #port = 0;
  #frozen: Direction | undefined;
  #delay = 0;
  #split = Number.POSITIVE_INFINITY;
  #rate = Number.POSITIVE_INFINITY;

  private constructor(to: string) {
    this.#to = Number(new URL(to).port);
    this.#server = net.createServer({ noDelay: true, pauseOnConnect: true }, client => this.#accept(client));
  }

  static async open({ to }: { to: string }): Promise<FaultProxy> {
    const proxy = new FaultProxy(to);
    await proxy.#listen();
    return proxy;
  }

  get address(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  /** Ends all links and takes no new one until `heal`. */
  async cut(): Promise<void> {
    this.#server.close();
    this.#each(socket => socket.destroy());
  }

  /** Ends all links with RST; new ones are taken. */
  reset(): void {
    this.#each(socket => socket.resetAndDestroy());
  }

  freeze(direction: Direction): void {
    this.#frozen = direction;
    for (const pair of this.#pairs) this.#flow(pair);
  }

  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  rate(bytesPerSecond: number): void {
    this.#rate = bytesPerSecond;
  }

  split(bytes: number): void {
    this.#split = bytes;
  }

  async heal(): Promise<void> {
    if (!this.#server.listening) await this.#listen();
    this.#frozen = undefined;
    this.#delay = 0;
    this.#split = Number.POSITIVE_INFINITY;
    this.#rate = Number.POSITIVE_INFINITY;
    for (const pair of this.#pairs) this.#flow(pair);
  }

  async close(): Promise<void> {
    await this.cut();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #each(end: (socket: Socket) => unknown): void {
    for (const { client, server } of this.#pairs) {
      end(client);
      end(server);
    }
  }

  #accept(client: Socket): void {
    const server = net.connect({ port: this.#to, host: '127.0.0.1', noDelay: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    this.#join(client, server, pair);
    this.#join(server, client, pair);
    server.once('connect', () => this.#flow(pair));
  }

  #flow({ client, server }: Pair): void {
    if (this.#frozen === 'both' || this.#frozen === 'to server') client.pause();
    else client.resume();
    if (this.#frozen === 'both' || this.#frozen === 'to client') server.pause();
    else server.resume();
  }

  #join(from: Socket, to: Socket, pair: Pair): void {
    let last = Promise.resolve();
    from.on('data', chunk => {
      if (this.#plain) {
        if (!to.write(chunk)) from.pause();
        return;
      }
      from.pause();
      last = last.then(() => this.#dribble(chunk, to)).then(() => this.#flow(pair));
    });
    to.on('drain', () => this.#flow(pair));
    from.on('end', () => to.end()).on('error', () => undefined);
    from.on('close', () => {
      to.destroy();
      this.#pairs.delete(pair);
    });
  }

  get #plain(): boolean {
    return this.#delay === 0 && this.#split === Number.POSITIVE_INFINITY && this.#rate === Number.POSITIVE_INFINITY;
  }

  async #dribble(chunk: Buffer, to: Socket): Promise<void> {
    if (this.#delay > 0) await new Promise(resolve => setTimeout(resolve, this.#delay));
    const size = Math.min(this.#split, Math.max(1, Math.floor(this.#rate / 50)));
    for (let at = 0; at < chunk.length; at += size) {
      to.write(chunk.subarray(at, at + size));
      const wait = this.#rate < Number.POSITIVE_INFINITY ? 20 : undefined;
      if (wait !== undefined) await new Promise(resolve => setTimeout(resolve, wait));
      else await new Promise(resolve => setImmediate(resolve));
    }
  }
}

/** The same for packets: some are dropped, some come twice. */
export class PacketProxy {
  readonly #socket = dgram.createSocket('udp4');
  #drop = 0;
  #duplicate = 0;
  readonly #random: () => number;

  private constructor(to: string, random: () => number) {
    const port = Number(new URL(to).port);
    this.#random = random;
    this.#socket.on('message', bytes => {
      if (this.#random() < this.#drop) return;
      const times = this.#random() < this.#duplicate ? 2 : 1;
      for (let time = 0; time < times; time += 1) this.#socket.send(bytes, port, '127.0.0.1');
    });
  }

  static async open({ to, random = Math.random }: { to: string; random?: () => number }): Promise<PacketProxy> {
    const proxy = new PacketProxy(to, random);
    proxy.#socket.bind(0, '127.0.0.1');
    await once(proxy.#socket, 'listening');
    return proxy;
  }

  get address(): string {
    return `udp://127.0.0.1:${this.#socket.address().port}`;
  }

  drop(share: number): void {
    this.#drop = share;
  }

  duplicate(share: number): void {
    this.#duplicate = share;
  }

  async close(): Promise<void> {
    this.#socket.close();
  }
}
