// A peer without manners: writes lines as fast as the socket takes them, for ever.

import { once } from 'node:events';
import net from 'node:net';
import { serve } from '../stage/child.ts';

const batch = 20_000;
const bytes = Buffer.from('FLOOD n=0;text=hello\n'.repeat(batch), 'latin1');
let lines = 0;

async function flood({ port }: { port: number }): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.resume().on('error', () => undefined);
  const write = (): void => {
    do lines += batch;
    while (socket.write(bytes));
  };
  socket.on('drain', write);
  write();
}

serve({ flood, lines: () => lines });
