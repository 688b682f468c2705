// ZeroMQ push to pull; past its high-water mark a second send at the same time is refused.

import { load } from './modules.ts';
import type { ConnectOptions, Line, ReceiveOptions, Wire } from './wire.ts';
import { Refused, took } from './wire.ts';

interface Push {
  readonly events: { on(event: string, listener: () => void): void };
  connect(address: string): void;
  send(text: string): Promise<void>;
}
interface Pull extends AsyncIterable<readonly [Buffer]> {
  readonly lastEndpoint: string | null;
  bind(address: string): Promise<void>;
}
interface ZeroMq {
  readonly Push: new () => Push;
  readonly Pull: new () => Pull;
}

async function receive({ port, took: to }: ReceiveOptions): Promise<number> {
  const { Pull } = load<ZeroMq>('zeromq');
  const socket = new Pull();
  await socket.bind(`tcp://127.0.0.1:${port === 0 ? '*' : port}`);
  const read = async (): Promise<void> => {
    for await (const [bytes] of socket) await took(bytes.toString(), to);
  };
  void read();
  return Number(new URL((socket.lastEndpoint ?? '').replace('tcp:', 'http:')).port);
}

async function connect({ port, link, up, down }: ConnectOptions): Promise<Line> {
  const { Push } = load<ZeroMq>('zeromq');
  const socket = new Push();
  const connected = new Promise<void>(resolve => socket.events.on('connect', resolve));
  socket.events.on('connect', up);
  socket.events.on('disconnect', () => down('disconnect'));
  socket.connect(`tcp://127.0.0.1:${port}`);
  await connected;
  return {
    reported: 0,
    waiting: undefined,
    async send(number, padding) {
      try {
        await socket.send(`${link} ${number} ${padding}`);
      } catch (error) {
        throw new Refused(String(error));
      }
    },
  };
}

export const zeromq: Wire = { packages: ['zeromq'], receive, connect };
