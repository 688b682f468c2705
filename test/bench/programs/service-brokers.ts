// What stands in the middle in `service` and `service-crowd`: the broker of ours, and nats-server.

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { Broker } from '../../../lib/broker/index.ts';
import { Communicator } from '../../../lib/index.ts';
import { NatsServer } from '../../support/nats-server.ts';
import type { Abilities, Figures } from '../child.ts';
import { serve } from '../child.ts';
import { effort, memoryInUse } from './gauges.ts';
import { addressOf } from './service-places.ts';

/** One listener, at a port of the system's choice or on a Unix socket. */
function ours(): Abilities {
  const unix = addressOf(0);
  let broker: Broker | undefined;
  const removed = (): void => rmSync(unix.slice('unix:'.length), { force: true });
  return {
    open: async ({ tcp = 0 }): Promise<Figures> => {
      broker = new Broker({
        communicator: new Communicator(),
        server: 'bench',
        listen: [tcp > 0 ? 'tcp://127.0.0.1:0' : unix],
      });
      const [address = ''] = await broker.start();
      if (tcp === 0) process.once('exit', removed);
      return { port: tcp > 0 ? Number(new URL(address.replace('tcp:', 'http:')).port) : 0 };
    },
    services: () => ({ count: broker?.status.services.filter(({ status }) => status === 'up').length ?? 0 }),
    effort,
    memory: memoryInUse,
  };
}

/** The system counts the time of others in hundredths of a second. */
const tick = 10_000;

function nats(): Abilities {
  let server: NatsServer | undefined;
  const about = (file: string): string => {
    const ports = readdirSync(server?.folder ?? '').find(name => name.endsWith('.ports')) ?? '';
    return readFileSync(`/proc/${/_(\d+)\.ports$/.exec(ports)?.[1]}/${file}`, 'latin1');
  };
  process.once('exit', () => void server?.end());
  return {
    open: async () => {
      server = await NatsServer.start({ jetstream: 'off' });
      return { port: server.port };
    },
    effort: () => {
      const [user = 0, system = 0] = about('stat')
        .replace(/^.*\) /, '')
        .split(' ')
        .slice(11, 13)
        .map(Number);
      return { microseconds: (user + system) * tick };
    },
    memory: () => ({ rss: Number(/^VmRSS:\s+(\d+) kB/m.exec(about('status'))?.[1]) * 1024 }),
    end: async () => {
      await server?.end();
      return {};
    },
  };
}

serve({ ours, nats });
