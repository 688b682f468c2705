// Real nats-servers that know each other. They must know where before they start, so the ports of their routes are asked from
// the system first; where another program was quicker, all is begun anew with others.

import net from 'node:net';
import type { Test } from 'tap';
import type { NatsServerOptions } from './nats-server.ts';
import { NatsServer } from './nats-server.ts';

/** `count` servers of one cluster, with JetStream on each unless told otherwise; they end with the test. */
export async function natsCluster(t: Test, count: number, options: NatsServerOptions = {}): Promise<NatsServer[]> {
  const started: NatsServer[] = [];
  t.teardown(() => Promise.all(started.map(server => server.end())));
  for (let tries = 1; ; tries += 1) {
    try {
      started.push(...(await startAll(await freePorts(count), options)));
      return started;
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function startAll(ports: readonly number[], options: NatsServerOptions): Promise<NatsServer[]> {
  const all = await Promise.allSettled(
    ports.map((port, index) => {
      const routes = ports.filter(other => other !== port).map(other => `nats-route://127.0.0.1:${other}`);
      const config = `server_name: n${index}
        cluster { name: test, listen: "127.0.0.1:${port}", routes: [ ${routes.join(', ')} ] }
        ${options.config ?? ''}`;
      return NatsServer.start({ ...options, config });
    }),
  );
  const servers = all.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = all.find(one => one.status === 'rejected');
  if (failure === undefined) return servers;
  await Promise.all(servers.map(server => server.end()));
  throw failure.reason;
}

async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = net.createServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = holders.map(holder => (holder.address() as net.AddressInfo).port);
  await Promise.all(holders.map(holder => new Promise(resolve => holder.close(resolve))));
  return ports;
}
