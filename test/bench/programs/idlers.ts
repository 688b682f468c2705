// Servers with nothing to do, for `memory` (many connections that say nothing) and `idle` (none).

import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import { Communicator, Dispatcher } from '../../../lib/index.ts';
import type { Abilities } from '../child.ts';
import { serve } from '../child.ts';
import { effort, memoryInUse } from './gauges.ts';

/** With all that a service has at the least: a listener, its log rotation, and a signal. */
function ours(): Abilities {
  const communicator = new Communicator();
  const dispatcher = new Dispatcher().on('PING', (message, peer) => peer.send(message.reply('PONG')));
  communicator.logRotate('udp://127.0.0.1:0');
  communicator.signal('SIGTERM', () => communicator.stop());
  const listener = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
  const held = (): number => communicator.connections.filter(({ kind }) => kind === 'peer').length;
  return {
    address: async () => ({ port: Number(new URL(await listener.ready).port) }),
    memory: memoryInUse,
    held: () => ({ count: held() }),
    effort,
  };
}

type Accepted = (socket: Socket, gone: () => void) => void;

/** Each socket flows, and has the three listeners that no server can be without; they are shared by all sockets. */
function bare(): Abilities {
  let bytes = 0;
  const received = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  const failed = (): void => undefined;
  return serving(
    (socket, gone) => void socket.on('data', received).on('error', failed).on('close', gone),
    () => bytes,
  );
}

/** Each socket flows, and keeps what came behind its last line feed. */
function bareLines(): Abilities {
  let lines = 0;
  const accepted: Accepted = (socket, gone) => {
    let rest = '';
    socket.on('data', chunk => {
      const texts = (rest + chunk.toString('latin1')).split('\n');
      rest = texts.pop() ?? '';
      lines += texts.length;
    });
    socket.on('error', () => socket.destroy()).on('close', gone);
  };
  return serving(accepted, () => lines);
}

function serving(accepted: Accepted, heard: () => number): Abilities {
  let count = 0;
  const gone = (): void => {
    count -= 1;
  };
  const server = net.createServer({ noDelay: true }, socket => {
    count += 1;
    accepted(socket, gone);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
  const listening = new Promise(resolve => server.once('listening', resolve));
  const port = (): number => (server.address() as AddressInfo).port;
  return {
    address: async () => listening.then(() => ({ port: port() })),
    memory: memoryInUse,
    held: () => ({ count, heard: heard() }),
    effort,
  };
}

serve({ 'our-idle': ours, 'bare-idle': bare, 'bare-lines-idle': bareLines });
