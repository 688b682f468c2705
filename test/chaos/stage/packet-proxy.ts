// Between two sides of a way of datagrams: drops some, and hands some on twice. Only on the loopback.

import dgram from 'node:dgram';
import { once } from 'node:events';

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
