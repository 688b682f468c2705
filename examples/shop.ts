// The shop: a broker and three services, each a process of its own; orders from the command line, one of them while shipping is
// not there. Everything is ended in good order. The socket is in a folder of its own, so it runs beside anything.
// shop-cluster.ts has the same services on two machines.

import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Programs } from './shop-programs.ts';
import { close, ended, runScript, says } from './shop-programs.ts';

/** Nothing of it takes longer, in ms. */
const deadline = 30_000;

async function talk(programs: Programs): Promise<void> {
  const socket = join(programs.folder, 'broker.sock');
  const service = async (name: string): Promise<ChildProcess> => {
    const child = programs.start(`examples/shop-${name}`, socket);
    await says(child, /registered/);
    return child;
  };
  const order = async (number: number, item: string): Promise<void> => {
    const parameters = [`order=${number}`, `item=${item}`, 'count=2'].flatMap(one => ['-p', one]);
    const words = ['--host', `unix:${socket}`, '--reply', 'orders/ORDER', ...parameters];
    await ended(programs.start('tools/ed-signal', socket, words));
  };

  const places = ['--unix', socket, '--tcp', 'none', '--signal', 'none', '--server-name', 'shop'];
  const kept = ['--data-path', join(programs.folder, 'kept')];
  const broker = programs.start('tools/communicatord', socket, [...places, ...kept]);
  await says(broker, /broker shop is open/);
  const shipping = await service('shipping');
  const others = [await service('stock'), await service('orders')];
  await order(1, 'tea');
  await order(2, 'coffee');
  shipping.kill();
  await ended(shipping);
  const third = order(3, 'tea');
  const again = await service('shipping');
  await third;
  await close(again, ...others, broker);
  process.stdout.write('The shop is closed.\n');
}

await runScript('the shop', deadline, talk);
