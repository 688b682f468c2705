// NATS core: publish through nats-server to a subscriber. By default the client gives up after ten attempts; here it
// goes on for ever, as ours does.

import { load } from './modules.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { took } from './wire.ts';

interface Connection {
  publish(subject: string, payload: string): void;
  subscribe(subject: string, options: { callback(error: Error | null, message: { string(): string }): void }): unknown;
  flush(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
}
interface Nats {
  connect(options: object): Promise<Connection>;
}

const connected = async (port: number): Promise<Connection> => {
  const { connect } = load<Nats>('@nats-io/transport-node');
  return connect({ servers: `127.0.0.1:${port}`, maxReconnectAttempts: -1 });
};

async function receive({ port, took: to }: ReceiveOptions): Promise<number> {
  const connection = await connected(port);
  connection.subscribe('chaos', { callback: (_error, message) => void took(message.string(), to) });
  await connection.flush();
  return port;
}

async function connect({ port, link, up, down }: ConnectOptions): Promise<Line> {
  const connection = await connected(port);
  const watch = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') down(type);
      if (type === 'reconnect') up();
    }
  };
  void watch();
  return {
    reported: 0,
    waiting: undefined,
    send: (number, padding) => connection.publish('chaos', `${link} ${number} ${padding}`),
  };
}

export const nats: Wire = {
  packages: ['@nats-io/transport-node'],
  broker: {
    command: 'nats-server',
    install: 'apt-get install nats-server',
    words: port => ['-a', '127.0.0.1', '-p', String(port)],
  },
  receive,
  connect,
};
