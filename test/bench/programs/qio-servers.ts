// The servers of the benches of qio: ours with one application, socket.io with a room, and ws with a loop over its
// clients and with pings as its own documentation has them.

import { createServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Server } from 'socket.io';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import { Communicator } from '../../../lib/index.ts';
import type { QioApp } from '../../../lib/protocol/qio/index.ts';
import { qioServer } from '../../../lib/protocol/qio/index.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { effort, memoryInUse } from './gauges.ts';
import type { Frame, News } from './qio-news.ts';
import { news, newsPath, room } from './qio-news.ts';

/** In ms; a client that hears nothing else hears something after `heartbeat`, looked for each `tick`. */
interface Times {
  readonly heartbeat: number;
  readonly tick: number;
}

interface Stage {
  /** Gives the port. */
  open(times: Times): Promise<number>;
  readonly held: () => number;
  /** To all. */
  say(): void;
}

function abilities({ open, held, say }: Stage): Abilities {
  return {
    open: async ({ heartbeat = 51_000, tick = 10_000 }): Promise<Figures> => ({
      port: await open({ heartbeat, tick }),
    }),
    held: () => ({ count: held() }),
    memory: memoryInUse,
    effort,
    say: ({ count = 0, together = 1 }) => saying(say, count, together),
  };
}

/** So many, some in each turn of the loop. */
function saying(say: () => void, count: number, together: number): Promise<Figures> {
  return new Promise(resolve => {
    let left = count;
    const next = (): void => {
      if (left === 0) return resolve(effort());
      for (let some = Math.min(left, together); some > 0; some -= 1, left -= 1) say();
      setImmediate(next);
    };
    next();
  });
}

function ours(): Abilities {
  const app: QioApp = {
    name: 'bench',
    prefix: '/bench',
    events: { '/news': {}, '/echo': { handler: ({ data }) => data } },
  };
  let server: ReturnType<typeof qioServer> | undefined;
  return abilities({
    async open(times) {
      server = qioServer('any://127.0.0.1:0', { apps: [app], times });
      new Communicator().add(server);
      return Number(/:(\d+)$/.exec(await server.ready)?.[1]);
    },
    held: () => server?.clients.length ?? 0,
    say: () => server?.broadcast(newsPath, news),
  });
}

async function portOf(server: NetServer): Promise<number> {
  await new Promise<void>(resolve => server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, resolve));
  return (server.address() as AddressInfo).port;
}

/** No compression (its default), no other transport, no files of its own; its heartbeats are its defaults. */
function socketIo(): Abilities {
  const http = createServer();
  const server = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
  server.on('connection', socket => {
    socket.join(room);
    socket.on('echo', (data: News, answer: (data: News) => void) => answer(data));
  });
  return abilities({
    open: () => portOf(http),
    held: () => server.sockets.sockets.size,
    say: () => void server.to(room).emit('news', news),
  });
}

/** Listeners that all sockets share, and what is said made to bytes once: nobody can do it with less. */
function bare(): Abilities {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const silent = new WeakSet<WebSocket>();
  const ignore = (): void => undefined;
  function heard(this: WebSocket): void {
    silent.delete(this);
  }
  function received(this: WebSocket, bytes: Buffer): void {
    const { id, data } = JSON.parse(bytes.toString()) as Frame;
    this.send(JSON.stringify({ id, data }));
  }
  server.on('connection', socket => void socket.on('message', received).on('pong', heard).on('error', ignore));
  const beat = (): void => {
    for (const socket of server.clients) {
      if (silent.has(socket)) socket.terminate();
      silent.add(socket);
      socket.ping();
    }
  };
  return abilities({
    async open({ heartbeat, tick }) {
      // Ours says one at the first tick after that time.
      setInterval(beat, Math.ceil(heartbeat / tick) * tick);
      return portOf(http);
    },
    held: () => server.clients.size,
    say() {
      const bytes = Buffer.from(JSON.stringify(news));
      for (const socket of server.clients) socket.send(bytes, { binary: false });
    },
  });
}

serve({ qio: ours, 'socket-io': socketIo, ws: bare });
