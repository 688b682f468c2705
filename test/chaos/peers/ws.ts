// ws: a socket that does not come back by itself, and takes messages for a closed one without a word.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { load } from './modules.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { took } from './wire.ts';

interface Socket {
  on(event: string, listener: (value: Buffer) => void): this;
  send(text: string): void;
}
interface Ws {
  readonly WebSocket: new (address: string) => Socket;
  readonly WebSocketServer: new (options: {
    server: http.Server;
  }) => {
    on(event: string, listener: (socket: Socket) => void): void;
  };
}

async function receive({ port, took: to }: ReceiveOptions): Promise<number> {
  const { WebSocketServer } = load<Ws>('ws');
  const server = http.createServer();
  new WebSocketServer({ server }).on('connection', socket => {
    socket.on('message', bytes => void took(bytes.toString(), to)).on('error', () => undefined);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function connect({ port, link, down }: ConnectOptions): Promise<Line> {
  const { WebSocket } = load<Ws>('ws');
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await new Promise<void>(resolve => void socket.on('open', () => resolve()));
  socket.on('close', () => down('close')).on('error', () => undefined);
  return {
    reported: 0,
    waiting: undefined,
    send: (number, padding) => socket.send(`${link} ${number} ${padding}`),
  };
}

export const ws: Wire = { packages: ['ws'], receive, connect };
