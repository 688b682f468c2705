// Real servers, clients of them, and a proxy that spoils upgrades.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { WebSocket } from 'ws';
import { Communicator } from '../../../lib/index.ts';
import type { OwnEvents, QioClientOptions } from '../../../lib/protocol/qio/client.ts';
import { QioClient } from '../../../lib/protocol/qio/client.ts';
import type { QioApp, QioServer } from '../../../lib/protocol/qio/index.ts';
import { clienttest, qioServer } from '../../../lib/protocol/qio/index.ts';
import { LogBook } from '../../support/world.ts';

export interface RunningServer {
  readonly server: QioServer;
  /** As `host:port`. */
  readonly address: string;
  readonly log: LogBook;
  stop(): Promise<void>;
}

/** With /clienttest, and what else is given. */
export async function runServer(port = 0, apps: readonly QioApp[] = []): Promise<RunningServer> {
  const log = new LogBook();
  const communicator = new Communicator({ logger: log });
  const server = qioServer(`any://127.0.0.1:${port}`, {
    apps: [clienttest(), ...apps],
    web: { publicAddress: '127.0.0.1' },
  });
  communicator.add(server);
  const address = (await server.ready).replace(/^\w+:\/\//, '');
  return { server, address, log, stop: async () => void (await communicator.stop(1_000)) };
}

/** A client that is closed at the end of its test. */
export function runClient(
  t: { teardown(run: () => void): void },
  address: string,
  options: QioClientOptions = {},
): QioClient {
  const client = new QioClient(`ws://${address}`, {
    webSocket: WebSocket,
    ...options,
    limits: { poll: 20, ...options.limits },
    pause: { first: 20, most: 200, ...options.pause },
  });
  t.teardown(() => client.close());
  return client;
}

/** The next one of an own event. */
export function next<P extends keyof OwnEvents>(client: QioClient, path: P): Promise<OwnEvents[P]> {
  return new Promise(resolve => client.one(path, resolve));
}

/** What is done to the head of an upgrade, or of its answer. */
export interface Spoiling {
  readonly in: 'request' | 'response';
  readonly from: RegExp;
  readonly to: string;
}

const headEnd = '\r\n\r\n';

/** A proxy that spoils each upgrade and nothing else. */
export async function runSpoiler(
  to: string,
  spoiling: Spoiling,
): Promise<{ address: string; spoilt: () => number; stop(): void }> {
  const port = Number(to.split(':')[1]);
  let spoilt = 0;
  const spoil = (where: Spoiling['in'], head: string): string => {
    if (where !== spoiling.in) return head;
    if (!spoiling.from.test(head)) throw new Error(`nothing to spoil in ${head}`);
    spoilt += 1;
    return head.replace(spoiling.from, spoiling.to);
  };
  const server = createServer(near => {
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    const whole = async (): Promise<void> => {
      const head = await headOf(near);
      const upgrade = /^sec-websocket-key:/im.test(head);
      far.write(upgrade ? spoil('request', head) : head, 'latin1');
      if (upgrade) near.write(spoil('response', await headOf(far)), 'latin1');
      near.pipe(far);
      far.pipe(near);
    };
    whole().catch(() => near.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    spoilt: () => spoilt,
    stop: () => void server.close(),
  };
}

/** All that comes until the head has ended. */
async function headOf(socket: ReturnType<typeof connect>): Promise<string> {
  let text = '';
  while (!text.includes(headEnd)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString('latin1');
  }
  socket.pause();
  return text;
}
