// A qio server on a port of the system, and bare clients of it.

import type { Test } from 'tap';
import { Communicator } from '../../../lib/index.ts';
import type { QioServer, QioServerOptions } from '../../../lib/protocol/qio/index.ts';
import { qioServer } from '../../../lib/protocol/qio/index.ts';
import { LogBook, until } from '../../support/world.ts';
import { testApp } from '../../unit/qio/test-app.ts';
import { Raw } from '../raw.ts';
import { frame, headOf, upgradeRequest } from '../transport/any-stage.ts';

export interface QioHall {
  readonly server: QioServer;
  readonly communicator: Communicator;
  readonly address: string;
  readonly log: LogBook;
  dial(): Promise<Raw>;
  /** A WebSocket whose upgrade is done. */
  upgraded(): Promise<Raw>;
  /** One whose handshake is done. */
  webSocket(): Promise<Raw>;
  /** A raw stream whose handshake is done. */
  raw(): Promise<Raw>;
}

export async function qioHall(t: Test, options: QioServerOptions = {}): Promise<QioHall> {
  const log = new LogBook();
  const communicator = new Communicator({ logger: log });
  const server = qioServer('any://127.0.0.1:0', { apps: [testApp()], web: { publicAddress: 'localhost' }, ...options });
  communicator.add(server);
  const address = await server.ready;
  const raws: Raw[] = [];
  t.teardown(async () => {
    for (const raw of raws) raw.destroy();
    await communicator.stop(500);
  });
  const hall: QioHall = {
    server,
    communicator,
    address,
    log,
    async dial() {
      const raw = await Raw.dial(address);
      raws.push(raw);
      return raw;
    },
    async upgraded() {
      const raw = await hall.dial();
      raw.send(upgradeRequest());
      await headOf(raw);
      return raw;
    },
    async webSocket() {
      const raw = await hall.upgraded();
      raw.send(text('/qio/ohai'));
      await raw.take(11);
      return raw;
    },
    async raw() {
      const raw = await hall.dial();
      raw.send('/qio/ohai');
      await raw.take(9);
      return raw;
    },
  };
  return hall;
}

/** An event in a frame of a client. */
export function text(event: string | Buffer): Buffer {
  return frame(0x81, event);
}

/** The next frame of the server, and the bytes of its header in hexadecimal. */
export async function heard(raw: Raw): Promise<{ head: string; text: string }> {
  let head = await raw.take(2);
  const size = head.charCodeAt(1);
  if (size >= 126) head += await raw.take(size === 126 ? 2 : 8);
  const bytes = Buffer.from(head, 'latin1');
  const length = size < 126 ? size : size === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  return { head: bytes.toString('hex'), text: Buffer.from(await raw.take(length), 'latin1').toString() };
}

export interface Answer {
  readonly head: string;
  readonly status: number;
  readonly body: string;
}

/** The next answer of HTTP. */
export async function answer(raw: Raw): Promise<Answer> {
  const head = await headOf(raw);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return { head, status: Number(head.split(' ')[1]), body: await raw.take(length) };
}

/** A request that posts events. */
export function post(url: string, body = '', headers = '', version = '1.1'): string {
  return `POST ${url} HTTP/${version}\r\nHost: here\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${headers}\r\n${body}`;
}

export { headOf, until, upgradeRequest };
