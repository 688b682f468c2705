// The clients of `qio-trip`: ours, socket.io's own, and ws with a map of what waits. Each asks with a callback, one event
// after the other, and tells how long the answers took.

import { once } from 'node:events';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { QioClient } from '../../../lib/protocol/qio/client.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import type { Frame, News } from './qio-news.ts';
import { echoPath, news } from './qio-news.ts';

type Ask = (answered: (data: News) => void) => void;

function asking(connect: (port: number) => Promise<Ask>): Abilities {
  let connected: ReturnType<typeof connect> | undefined;
  return {
    async turn({ port = 0, milliseconds = 0 }) {
      connected ??= connect(port);
      return timesOf(await connected, milliseconds);
    },
  };
}

/** In µs: of the middle one, and of the one that 99 of 100 are faster than. */
async function timesOf(ask: Ask, milliseconds: number): Promise<Figures> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  for (let now = performance.now(); now < end; now = performance.now()) {
    const { id, text } = await new Promise<News>(ask);
    times.push((performance.now() - now) * 1_000);
    if (id !== news.id || text !== news.text) throw new Error(`wrong answer: ${id} ${text}`);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), count: times.length };
}

function ours(): Abilities {
  return asking(async port => {
    const client = new QioClient(`ws://127.0.0.1:${port}`, { webSocket: WebSocket });
    await new Promise<void>(resolve => void client.one('/open', () => resolve()));
    return answered => void client.send(echoPath, news, data => answered(data as News));
  });
}

function socketIo(): Abilities {
  return asking(async port => {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
    await new Promise<void>(resolve => socket.once('connect', resolve));
    return answered => void socket.emit('echo', news, answered);
  });
}

function bare(): Abilities {
  return asking(async port => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, 'open');
    const waiting = new Map<number, (data: News) => void>();
    let sent = 0;
    socket.on('message', (bytes: Buffer) => {
      const { id, data } = JSON.parse(bytes.toString()) as Frame;
      const answered = waiting.get(id);
      waiting.delete(id);
      answered?.(data);
    });
    return answered => {
      sent += 1;
      waiting.set(sent, answered);
      socket.send(JSON.stringify({ id: sent, data: news } satisfies Frame));
    };
  });
}

serve({ qio: ours, 'socket-io': socketIo, ws: bare });
