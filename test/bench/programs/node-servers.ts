// The servers of `nodes`: a controller of ours, socket.io, and ws with pings as its own documentation has them. Each
// keeps many connections that say nothing but that they live.

import { createServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';
import { Communicator } from '../../../lib/index.ts';
import { linkServer } from '../../../lib/protocol/link/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { effort, memoryInUse } from './gauges.ts';
import { lookUp } from './link-request.ts';

/** Opens with one heartbeat in so many ms; gives the port. */
type Open = (heartbeat: number) => Promise<number>;

function abilities(open: Open, held: () => number): Abilities {
  return {
    open: async ({ heartbeat = 0 }): Promise<Figures> => ({ port: await open(heartbeat) }),
    held: () => ({ count: held() }),
    memory: memoryInUse,
    effort,
  };
}

function ours(): Abilities {
  let count = 0;
  const open: Open = async heartbeat => {
    const server = linkServer('ws://127.0.0.1:0', { definitions: [lookUp], session: { heartbeat } });
    const gone = (): void => {
      count -= 1;
    };
    server.on('connect', () => {
      count += 1;
    });
    server.on('drop', gone).on('leave', gone);
    new Communicator().add(server);
    return Number(new URL(await server.ready).port);
  };
  return abilities(open, () => count);
}

async function portOf(server: NetServer): Promise<number> {
  await new Promise<void>(resolve => server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, resolve));
  return (server.address() as AddressInfo).port;
}

/** Settings as in `link`; who does not answer a ping is gone after two heartbeats, as with ours. */
function socketIo(): Abilities {
  let count = 0;
  const open: Open = async heartbeat => {
    const server = createServer();
    const common = { transports: ['websocket' as const], perMessageDeflate: false, serveClient: false };
    new Server(server, { ...common, pingInterval: heartbeat, pingTimeout: heartbeat }).on('connection', socket => {
      count += 1;
      socket.on('disconnect', () => {
        count -= 1;
      });
    });
    return portOf(server);
  };
  return abilities(open, () => count);
}

function bare(): Abilities {
  let count = 0;
  const open: Open = async heartbeat => {
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    const silent = new WeakSet<object>();
    sockets.on('connection', socket => {
      count += 1;
      socket.on('pong', () => void silent.delete(socket));
      socket.on('close', () => {
        count -= 1;
      });
      socket.on('error', () => undefined);
    });
    setInterval(() => {
      for (const socket of sockets.clients) {
        if (silent.has(socket)) socket.terminate();
        silent.add(socket);
        socket.ping();
      }
    }, heartbeat);
    return portOf(server);
  };
  return abilities(open, () => count);
}

serve({ link: ours, 'socket-io': socketIo, ws: bare });
