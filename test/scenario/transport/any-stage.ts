// A port for all, its owner, and bare clients; and the rules of a protocol that fixes its close codes (QuickIO 0.2).

import type { Test } from 'tap';
import type { AnyOptions, Channel, FrameChannel, HttpExchange, TlsListening } from '../../../lib/index.ts';
import { anyProtocol, formatAddress, parseAddress } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';

export interface AnyHall {
  readonly listening: TlsListening;
  readonly address: string;
  readonly streams: Channel[];
  readonly frames: FrameChannel[];
  readonly exchanges: HttpExchange[];
  readonly troubles: Error[];
  readonly dial: () => Promise<Raw>;
  readonly exchange: (index?: number) => Promise<HttpExchange>;
}

/** A place whose owner keeps what comes. */
export async function anyHall(t: Test, options: AnyOptions = {}): Promise<AnyHall> {
  const streams: Channel[] = [];
  const frames: FrameChannel[] = [];
  const exchanges: HttpExchange[] = [];
  const troubles: Error[] = [];
  const listening = await anyProtocol(options).listen(parseAddress('any://127.0.0.1:0'), {
    websocket: channel => void frames.push(channel),
    request: exchange => void exchanges.push(exchange),
    stream: channel => void streams.push(channel),
    trouble: error => void troubles.push(error),
  });
  const raws: Raw[] = [];
  t.teardown(() => {
    listening.close();
    for (const one of [...streams, ...frames, ...raws]) one.destroy();
  });
  const address = formatAddress(listening.address);
  return {
    listening,
    address,
    streams,
    frames,
    exchanges,
    troubles,
    dial: async () => {
      const raw = await Raw.dial(address);
      raws.push(raw);
      return raw;
    },
    exchange: async (index = 0) => {
      await until(`request ${index}`, () => exchanges.length > index);
      return exchanges[index] as HttpExchange;
    },
  };
}

/** WebSockets as QuickIO has them. */
export const strict: AnyOptions = {
  webSocket: {
    protocol: 'quickio',
    headers: { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'private, max-age=0', Expires: '-1' },
    refusal: { 'Cache-Control': 'private, max-age=0' },
    longest: 100_000,
    rules: {
      taken: 'whole-text',
      closing: 'empty',
      half: 100,
      faults: {
        unmasked: { code: 1002, reason: 'client must mask data' },
        half: { code: 1008, reason: 'client timeout' },
        overflow: {},
        ending: {},
      },
    },
  },
};

export function upgradeRequest(more: Readonly<Record<string, string>> = {}): string {
  const headers = {
    Host: 'here',
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': 'JF+JVs2N4NAX39FAAkkdIA==',
    'Sec-WebSocket-Protocol': 'quickio',
    'Sec-WebSocket-Version': '13',
    ...more,
  };
  const lines = Object.entries(headers).filter(([, value]) => value !== '');
  return `GET /qio HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** The next head of an answer, with its blank line. */
export async function headOf(raw: Raw): Promise<string> {
  await until('the head of an answer', () => raw.rest.includes('\r\n\r\n') || raw.closed);
  return raw.take(raw.rest.indexOf('\r\n\r\n') + 4);
}

/** A client that was accepted, and its channel. */
export async function accepted(hall: AnyHall): Promise<{ raw: Raw; channel: FrameChannel }> {
  const raw = await hall.dial();
  const index = hall.frames.length;
  raw.send(upgradeRequest());
  await headOf(raw);
  await until('the channel is there', () => hall.frames.length > index);
  return { raw, channel: hall.frames[index] as FrameChannel };
}

/** A frame as a client sends it: masked with zeros but for those who ask otherwise. */
export function frame(first: number, payload: Buffer | string, mask: 0 | 0x80 = 0x80): Buffer {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const size = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const header = Buffer.alloc(size);
  header[0] = first;
  header[1] = mask | (size === 2 ? length : size === 4 ? 126 : 127);
  if (size === 4) header.writeUInt16BE(length, 2);
  if (size === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, Buffer.alloc(mask === 0 ? 0 : 4), bytes]);
}

/** What a close frame of the other side says, as bytes in hexadecimal. */
export async function closeFrame(raw: Raw): Promise<string> {
  const head = Buffer.from(await raw.take(2), 'latin1');
  const body = Buffer.from(await raw.take((head[1] ?? 0) & 0x7f), 'latin1');
  const code = body.length < 2 ? '' : ` ${body.readUInt16BE(0)} ${body.subarray(2)}`;
  return `${head.toString('hex')}${code}`.trimEnd();
}
