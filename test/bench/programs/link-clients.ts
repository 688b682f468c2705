// The clients of `link`: a control of ours in each dialect, socket.io's own, and ws with a map of what waits.

import { once } from 'node:events';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Communicator } from '../../../lib/index.ts';
import type { Dialect } from '../../../lib/protocol/link/index.ts';
import { linkClient } from '../../../lib/protocol/link/index.ts';
import type { Abilities } from '../child.ts';
import { serve } from '../child.ts';
import type { Item } from './link-request.ts';
import { asking, lookUp } from './link-request.ts';

function ours(dialect: Dialect): Abilities {
  return asking(async port => {
    const client = linkClient(`ws://127.0.0.1:${port}`, { role: 'control', definitions: [lookUp], dialect });
    new Communicator().add(client);
    await new Promise<void>(resolve => client.once('connect', resolve));
    return item => client.send(lookUp, item);
  });
}

/** Its fastest form: no deadline (ours has one), and so no timer for a request. */
function socketIo(): Abilities {
  return asking(async port => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
    await new Promise<void>(resolve => socket.once('connect', resolve));
    return item => socket.emitWithAck('look_up', item) as Promise<Item>;
  });
}

interface Answer {
  readonly data: Item & { readonly seq: number };
}

function bare(): Abilities {
  return asking(async port => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, 'open');
    const waiting = new Map<number, (item: Item) => void>();
    let sent = 0;
    socket.on('message', (bytes: Buffer) => {
      const { data } = JSON.parse(bytes.toString()) as Answer;
      waiting.get(data.seq)?.(data);
      waiting.delete(data.seq);
    });
    return data =>
      new Promise(resolve => {
        sent += 1;
        waiting.set(sent, resolve);
        socket.send(JSON.stringify({ seq: sent, type: 'look_up_request', data }));
      });
  });
}

serve({ session: () => ours('session'), seed: () => ours('seed'), 'socket-io': socketIo, ws: bare });
