import type { Nats } from '../../lib/index.ts';
import { Communicator, NatsBackplane } from '../../lib/index.ts';
import { NatsServer, noNats } from '../support/nats-server.ts';
import { until } from '../support/world.ts';
import { backplaneContract } from './backplane.ts';

/** `shared`: all ends on one connection; else each has its own. */
const nats = (kind: 'shared' | 'own') => async () => {
  const server = await NatsServer.start();
  const communicator = new Communicator();
  const connections: Nats[] = [];
  const connection = async (): Promise<Nats> => {
    const made = (kind === 'shared' ? connections[0] : undefined) ?? communicator.nats(server.address);
    if (!connections.includes(made)) connections.push(made);
    await until('it is connected', () => made.state === 'open');
    return made;
  };
  return {
    end: async () => new NatsBackplane(await connection(), { prefix: 'test.contract' }),
    settled: async () => {
      for (const { line } of connections) await line?.flush();
    },
    async close() {
      await communicator.stop();
      await server.end();
    },
  };
};

backplaneContract('NATS, a connection each', nats('own'), noNats);
backplaneContract('NATS, one connection', nats('shared'), noNats);
