// Servers with nothing to do, for `memory` (many connections that say nothing) and `idle` (none).

import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { Communicator, Dispatcher } from '../../../lib/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';

/** After a collection of all that is garbage; the process was started with --expose-gc. */
async function memoryInUse(): Promise<Figures> {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

/** How often a thread of this process went to sleep, which is how often it was woken; NaN where there is no /proc. */
function wakes(): number {
  try {
    const counts = readdirSync('/proc/self/task').map(task => {
      const status = readFileSync(`/proc/self/task/${task}/status`, 'latin1');
      return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
    });
    return counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return Number.NaN;
  }
}

function effort(): Figures {
  const { user, system } = process.cpuUsage();
  return { wakes: wakes(), microseconds: user + system };
}

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

/** Each socket flows, and has the three listeners that no server can be without; they are shared by all sockets. */
function bare(): Abilities {
  let count = 0;
  let bytes = 0;
  const received = (chunk: Buffer): void => {
    bytes += chunk.length;
  };
  const failed = (): void => undefined;
  const closed = (): void => {
    count -= 1;
  };
  const server = net.createServer({ noDelay: true }, socket => {
    count += 1;
    socket.on('data', received).on('error', failed).on('close', closed);
  });
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
  const listening = new Promise(resolve => server.once('listening', resolve));
  const port = (): number => (server.address() as AddressInfo).port;
  return {
    address: async () => listening.then(() => ({ port: port() })),
    memory: memoryInUse,
    held: () => ({ count, bytes }),
    effort,
  };
}

serve({ 'our-idle': ours, 'bare-idle': bare });
