// What the clients of ed-qio share: how they connect, what they say about it, and numbers on the command line.

import { PeerError, TimeoutError } from '../../lib/base/errors.ts';
import { optional } from '../../lib/base/optional.ts';
import type { QioClientOptions, SocketConstructor } from '../../lib/protocol/qio/client.ts';
import { QioClient } from '../../lib/protocol/qio/client.ts';
import { wrong } from '../command-line.ts';

export interface ClientGiven {
  readonly url: string | undefined;
  readonly transport: string;
  readonly timeout: string;
  readonly trace: boolean;
}

/** How to make clients. @throws UsageError INVALID_VALUE, MISSING_PACKAGE */
export async function clientFor({ url, transport }: ClientGiven): Promise<() => QioClient> {
  if (url === undefined) throw wrong('there is no url of a server: write ws://host:port/');
  const transports =
    transport === 'both' ? (['websocket', 'polling'] as const) : [transport as 'websocket' | 'polling'];
  const webSocket = transport === 'polling' ? undefined : await socketConstructor();
  const options: QioClientOptions = { transports, webSocket };
  return () => new QioClient(url, options);
}

/** Node has one from 22 on. */
async function socketConstructor(): Promise<SocketConstructor> {
  const { WebSocket } = globalThis as { WebSocket?: SocketConstructor };
  if (WebSocket !== undefined) return WebSocket;
  const why = 'Node 20 has no WebSocket (--transport polling needs none)';
  return (await optional(why, 'ws', () => import('ws'))).WebSocket;
}

/** Resolves when it is open. @throws TimeoutError DIAL_TIMEOUT with what the last attempt said */
export function opened(client: QioClient, timeout: number): Promise<void> {
  let last = 'no answer';
  const noted = ({ err_msg: text }: { readonly err_msg: string | null }): void => {
    last = text ?? last;
  };
  client.on('/error', noted);
  const open = new Promise<void>(resolve => client.one('/open', () => resolve()));
  const late = (): Error => new TimeoutError('DIAL_TIMEOUT', `no connection within ${timeout} ms: ${last}`);
  return within(timeout, open, late).finally(() => client.off('/error', noted));
}

/** As `promise`, or rejects with the error once so many ms are over. */
export async function within<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

export function show(client: QioClient, trace: boolean): void {
  if (!trace) return;
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  client
    .on('/open', ({ transport, address }) => say(`open: ${transport} to ${address}`))
    .on('/close', ({ reason }) => say(`close: ${reason}`))
    .on('/qio/move', address => say(`move: ${address}`))
    .on('/error', ({ message }) => say(`error: ${message}`));
}

/** @throws UsageError INVALID_VALUE where it is no JSON */
export function readJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw wrong(`${text} is no JSON: write 5, [1,2], '{"a":1}', or '"a text"'`);
  }
}

export function refusal(path: string, code: number, errMsg: string | null): PeerError {
  return new PeerError('REFUSED', `${path}: ${errMsg ?? 'refused'} (${code})`);
}
