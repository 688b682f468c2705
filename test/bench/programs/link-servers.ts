// The servers of `link`: a controller of ours in each dialect, socket.io, and ws with JSON and nothing else.

import { createServer } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Server } from 'socket.io';
import { WebSocketServer } from 'ws';
import { Communicator } from '../../../lib/index.ts';
import type { Dialect } from '../../../lib/protocol/link/index.ts';
import { linkServer } from '../../../lib/protocol/link/index.ts';
import type { Abilities } from '../child.ts';
import { serve } from '../child.ts';
import type { Frame, Item } from './link-request.ts';
import { answerTo, lookUp } from './link-request.ts';

function ours(dialect: Dialect): Abilities {
  const server = linkServer('ws://127.0.0.1:0', { definitions: [lookUp], dialect });
  server.handle(lookUp, answerTo);
  new Communicator().add(server);
  return { address: async () => ({ port: Number(new URL(await server.ready).port) }) };
}

function bound(server: NetServer): Abilities {
  server.listen(0, '127.0.0.1');
  const listening = new Promise(resolve => server.once('listening', resolve));
  return { address: () => listening.then(() => ({ port: (server.address() as AddressInfo).port })) };
}

/** No compression (its default), no other transport, no files of its own. */
function socketIo(): Abilities {
  const server = createServer();
  new Server(server, { transports: ['websocket'], perMessageDeflate: false, serveClient: false }).on(
    'connection',
    socket => void socket.on('look_up', (item: Item, answer: (item: Item) => void) => answer(answerTo(item))),
  );
  return bound(server);
}

function bare(): Abilities {
  const server = createServer();
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', socket => {
    let sent = 0;
    socket.on('message', (bytes: Buffer) => {
      const { seq, data } = JSON.parse(bytes.toString()) as Frame;
      sent += 1;
      socket.send(JSON.stringify({ seq: sent, type: 'look_up_response', data: { ...answerTo(data), seq } }));
    });
  });
  return bound(server);
}

serve({ session: () => ours('session'), seed: () => ours('seed'), 'socket-io': socketIo, ws: bare });
