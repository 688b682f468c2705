// MQTT.js, each message with QoS 1, into an aedes broker that counts.

import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import net from 'node:net';
import { load } from './modules.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { took } from './wire.ts';

interface Broker {
  handle(socket: Socket): void;
  on(event: 'publish', listener: (packet: { topic: string; payload: Buffer | string }) => void): void;
}
interface Aedes {
  readonly Aedes: { createBroker(): Promise<Broker> };
}
interface Client {
  on(event: string, listener: () => void): this;
  publish(topic: string, payload: string, options: { qos: 1 }, done: (error?: Error | null) => void): unknown;
}
interface Mqtt {
  connect(address: string): Client;
}

async function receive({ port, took: to }: ReceiveOptions): Promise<number> {
  const { Aedes } = load<Aedes>('aedes');
  const broker = await Aedes.createBroker();
  broker.on('publish', ({ topic, payload }) => {
    if (topic === 'chaos') void took(String(payload), to);
  });
  const server = net.createServer(socket => broker.handle(socket)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function connect({ port, link, up, down }: ConnectOptions): Promise<Line> {
  const { connect: dial } = load<Mqtt>('mqtt');
  const client = dial(`mqtt://127.0.0.1:${port}`);
  await new Promise<void>(resolve => void client.on('connect', resolve));
  client
    .on('connect', up)
    .on('close', () => down('close'))
    .on('error', () => undefined);
  return {
    reported: 0,
    waiting: undefined,
    send: (number, padding) =>
      void client.publish('chaos', `${link} ${number} ${padding}`, { qos: 1 }, () => undefined),
  };
}

export const mqtt: Wire = { packages: ['mqtt', 'aedes'], receive, connect };
