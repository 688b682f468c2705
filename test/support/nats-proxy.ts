// Stands before a nats-server and can say that it is in its lame duck time, as a server does that is about to end.

import type { Socket } from 'node:net';
import net from 'node:net';

export class NatsProxy {
  readonly #server: net.Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  #info = '';
  /** Clients that came. */
  accepted = 0;

  private constructor(to: number) {
    this.#server = net.createServer(client => this.#accept(client, to));
  }

  static async before(to: number): Promise<NatsProxy> {
    const proxy = new NatsProxy(to);
    await new Promise<void>(resolve => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `nats://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Takes nobody new from now on, and asks those who are here to leave. */
  lameDuck(): void {
    this.#server.close();
    const info = `INFO ${JSON.stringify({ ...JSON.parse(this.#info), ldm: true })}\r\n`;
    for (const client of this.#clients) this.#say.get(client)?.(info);
  }

  end(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  readonly #say = new Map<Socket, (text: string) => void>();

  #accept(client: Socket, to: number): void {
    this.accepted += 1;
    const server = net.connect(to, '127.0.0.1');
    this.#clients.add(client);
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => {
      this.#clients.delete(client);
      server.destroy();
    });
    server.on('close', () => client.destroy());
    client.pipe(server);
    // What is said between goes behind a whole command, never into one.
    const between: string[] = [];
    this.#say.set(client, text => between.push(text));
    let rest = Buffer.alloc(0);
    server.on('data', chunk => {
      rest = Buffer.concat([rest, chunk]);
      for (let end = commandEnd(rest); end > 0; end = commandEnd(rest)) {
        const command = rest.subarray(0, end);
        if (command.subarray(0, 4).toString() === 'INFO') this.#info = command.subarray(5).toString();
        client.write(command);
        for (const text of between.splice(0)) client.write(text);
        rest = rest.subarray(end);
      }
    });
  }
}

/** Where the first command of the server ends, with its payload; 0 where it is not whole. */
function commandEnd(bytes: Buffer): number {
  const line = bytes.indexOf('\r\n') + 2;
  if (line < 2) return 0;
  const [verb = '', ...words] = bytes
    .subarray(0, line - 2)
    .toString()
    .split(' ');
  if (verb !== 'MSG' && verb !== 'HMSG') return line;
  const end = line + Number(words.at(-1)) + 2;
  return end <= bytes.length ? end : 0;
}
