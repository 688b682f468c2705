// The clients: plain sockets that know nothing of the library.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import net from 'node:net';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';

const host = '127.0.0.1';

async function connected(port: number): Promise<Socket> {
  const socket = net.connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  return socket;
}

const line = 'EVENT id=123;text=hello\n';
/** Lines in one write, about 1 MiB. */
const batch = 43_690;

/** Writes so many messages as fast as the socket takes them. */
async function flood({ port = 0, count = 0 }: Figures): Promise<Figures> {
  const socket = await connected(port);
  const bytes = Buffer.from(line.repeat(batch), 'latin1');
  for (let left = count; left > 0; left -= batch) {
    const part = left >= batch ? bytes : bytes.subarray(0, left * line.length);
    if (!socket.write(part)) await once(socket, 'drain');
  }
  socket.end();
  await once(socket.resume(), 'close');
  return {};
}

/** Asks and waits for the answer, again and again for so many ms; gives the rate. */
async function ping({ port = 0, milliseconds = 0 }: Figures): Promise<Figures> {
  const socket = await connected(port);
  const start = performance.now();
  let count = 0;
  const rate = await new Promise<number>(resolve => {
    let answer = '';
    socket.on('data', chunk => {
      answer += chunk.toString('latin1');
      if (!answer.endsWith('\n')) return;
      if (answer !== 'PONG\n') throw new Error(`PING was answered with ${answer}`);
      answer = '';
      count += 1;
      const spent = performance.now() - start;
      if (spent < milliseconds) socket.write('PING\n');
      else resolve((count / spent) * 1000);
    });
    socket.write('PING\n');
  });
  socket.end();
  await once(socket, 'close');
  return { rate };
}

/** Connections that say nothing. */
function crowd(): Abilities {
  const sockets: Socket[] = [];
  return {
    /** Opens so many, 200 at a time, spread over so many addresses of this machine. */
    async open({ port = 0, count = 0, sources = 1 }) {
      while (sockets.length < count) {
        const some = Array.from({ length: Math.min(200, count - sockets.length) }, (_, index) => {
          const from = sources > 1 ? { localAddress: `127.0.0.${1 + (index % sources)}` } : {};
          return net.connect({ host, port, ...from });
        });
        sockets.push(...some);
        await Promise.all(some.map(socket => once(socket, 'connect')));
      }
      return { open: sockets.length };
    },
  };
}

serve({ flood: () => ({ flood }), ping: () => ({ ping }), crowd });
