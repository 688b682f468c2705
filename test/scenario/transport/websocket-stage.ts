// WebSockets on both sides of a test: our channels, and bare peers of the ws package.

import { once } from 'node:events';
import type { Test } from 'tap';
import { WebSocket } from 'ws';
import type { Address, FrameChannel, FrameEvents, FrameTransport, Listening } from '../../../lib/index.ts';
import { formatAddress, parseAddress, websocket } from '../../../lib/index.ts';
import { Ear, never } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';

/** An ear that also hears the close frame. */
export class FrameEar extends Ear implements FrameEvents {
  readonly words: [code: number, reason: string][] = [];
  /** What there was to hear, with the close frame in its place. */
  readonly story: string[] = [];

  override data(chunk: Buffer): void {
    this.story.push(chunk.toString());
    super.data(chunk);
  }

  closing(code: number, reason: string): void {
    this.words.push([code, reason]);
    this.story.push(`closing ${code}`);
  }

  override ended(): void {
    this.story.push('ended');
    super.ended();
  }

  override closed(reason?: Error): void {
    this.story.push('closed');
    super.closed(reason);
  }
}

export function frameEar(channel: FrameChannel): FrameEar {
  const ear = new FrameEar();
  channel.start(ear);
  return ear;
}

export interface Hall {
  readonly listening: Listening;
  readonly url: string;
  readonly accepted: FrameChannel[];
  readonly channel: (index?: number) => Promise<FrameChannel>;
}

/** A place that accepts. */
export async function hall(
  t: Test,
  transport: FrameTransport = websocket(),
  address: Address = parseAddress('ws://127.0.0.1:0/talk'),
): Promise<Hall> {
  const accepted: FrameChannel[] = [];
  const listening = await transport.listen(address, {
    accept: channel => void accepted.push(channel),
    trouble: error => t.fail(error.message),
  });
  t.teardown(() => {
    listening.close();
    for (const channel of accepted) channel.destroy();
  });
  const channel = async (index = 0): Promise<FrameChannel> => {
    await until(`connection ${index} is accepted`, () => accepted.length > index);
    return accepted[index] as FrameChannel;
  };
  return { listening, url: formatAddress(listening.address), accepted, channel };
}

/** Both ends are ours, and started. */
export async function ours(
  t: Test,
  transport: FrameTransport = websocket(),
): Promise<{ near: FrameChannel; far: FrameChannel; a: FrameEar; b: FrameEar }> {
  const { listening, channel } = await hall(t, transport);
  const near = await transport.dial(listening.address, never);
  t.teardown(() => near.destroy());
  const far = await channel();
  return { near, far, a: frameEar(near), b: frameEar(far) };
}

export interface Foreign {
  readonly ws: WebSocket;
  readonly messages: { text: string; isBinary: boolean }[];
  readonly closed: Promise<[code: number, reason: string]>;
}

/** A bare peer that connects to us. */
export async function foreign(t: Test, url: string, protocols: string[] = [], options = {}): Promise<Foreign> {
  const ws = new WebSocket(url, protocols, options);
  const messages: Foreign['messages'] = [];
  ws.on('message', (bytes, isBinary) => void messages.push({ text: String(bytes), isBinary }));
  ws.on('error', () => undefined);
  const closed = new Promise<[number, string]>(resolve => {
    ws.on('close', (code, reason) => resolve([code, reason.toString()]));
  });
  await once(ws, 'open');
  t.teardown(() => ws.terminate());
  return { ws, messages, closed };
}
