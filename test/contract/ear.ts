// Listens to a channel and keeps what it says, in order.

import type { Test } from 'tap';
import type { Address, Channel, ChannelEvents, Listening, Transport } from '../../lib/index.ts';
import { until } from '../support/world.ts';

export class Ear implements ChannelEvents {
  readonly order: ('data' | 'drained' | 'ended' | 'closed')[] = [];
  readonly chunks: Buffer[] = [];
  reason: Error | undefined;
  /** Called in `data`, for what an owner may do there. */
  during: () => void = () => undefined;

  data(chunk: Buffer): void {
    this.order.push('data');
    this.chunks.push(Buffer.from(chunk));
    this.during();
  }

  drained(): void {
    this.order.push('drained');
  }

  ended(): void {
    this.order.push('ended');
  }

  closed(reason?: Error): void {
    this.order.push('closed');
    this.reason = reason;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString();
  }

  get length(): number {
    return this.chunks.reduce((sum, { length }) => sum + length, 0);
  }

  times(event: 'data' | 'drained' | 'ended' | 'closed'): number {
    return this.order.filter(one => one === event).length;
  }

  hears(event: 'data' | 'drained' | 'ended' | 'closed'): Promise<void> {
    return until(`a channel says ${event}`, () => this.order.includes(event));
  }

  holds(length: number): Promise<void> {
    return until(`a channel gives ${length} bytes`, () => this.length >= length);
  }
}

/** A channel with its ear. */
export function listenTo(channel: Channel): Ear {
  const ear = new Ear();
  channel.start(ear);
  return ear;
}

export interface Pair {
  readonly listening: Listening;
  readonly near: Channel;
  readonly far: Channel;
  readonly troubles: Error[];
}

export type Pairs = (t: Test) => Promise<Pair>;

export const megabyte: number = 1024 * 1024;
/** More than any system keeps on its way for a reader that does not read. */
export const beyondBuffers: number = 24 * megabyte;
export const hello: Buffer = Buffer.from('hello');
export const never: AbortSignal = new AbortController().signal;

/** Two ends of one connection, neither started. */
export async function pairOf(transport: Transport, address: Address): Promise<Pair> {
  const accepted: Channel[] = [];
  const troubles: Error[] = [];
  const listening = await transport.listen(address, {
    accept: channel => void accepted.push(channel),
    trouble: error => void troubles.push(error),
  });
  const near = await transport.dial(listening.address, never);
  await until('the connection is accepted', () => accepted.length === 1);
  const [far] = accepted;
  if (far === undefined) throw new Error('nobody was accepted');
  return { listening, near, far, troubles };
}

/** Bytes that show where one is missing or out of its place. */
export function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at);
  return bytes;
}
