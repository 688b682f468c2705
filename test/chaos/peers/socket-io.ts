// socket.io with its defaults: a client that comes back, and buffers without a limit.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { load } from './modules.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { took } from './wire.ts';

interface Socket {
  on(event: string, listener: (...values: string[]) => void): this;
  emit(event: string, text: string): unknown;
}
interface Server {
  readonly Server: new (server: http.Server) => { on(event: string, listener: (socket: Socket) => void): void };
}
interface Client {
  io(address: string): Socket;
}

async function receive({ port, took: to }: ReceiveOptions): Promise<number> {
  const { Server } = load<Server>('socket.io');
  const server = http.createServer();
  new Server(server).on('connection', socket => void socket.on('event', text => void took(text, to)));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function connect({ port, link, up, down }: ConnectOptions): Promise<Line> {
  const { io } = load<Client>('socket.io-client');
  const socket = io(`http://127.0.0.1:${port}`);
  await new Promise<void>(resolve => void socket.on('connect', () => resolve()));
  socket.on('connect', up).on('disconnect', reason => down(reason));
  return {
    reported: 0,
    waiting: undefined,
    send: (number, padding) => void socket.emit('event', `${link} ${number} ${padding}`),
  };
}

export const socketIo: Wire = { packages: ['socket.io', 'socket.io-client'], receive, connect };
