// ed-qio bench: a small load of round trips, and how long they took.

import { setMaxListeners } from 'node:events';
import type { QioClient } from '../../lib/protocol/qio/client.ts';
import { exitCodes, milliseconds, wholeNumber } from '../command-line.ts';
import type { ClientGiven } from './connect.ts';
import { clientFor, opened, readJson, show } from './connect.ts';

export interface Given extends ClientGiven {
  readonly path: string;
  readonly data: string | undefined;
  readonly clients: string;
  readonly rate: string;
  readonly duration: string;
  readonly json: boolean;
}

interface Load {
  readonly path: string;
  readonly data: unknown;
  /** Between two events of a client, in ms; 0 for one behind the other. */
  readonly pause: number;
  /** In ms. */
  readonly duration: number;
  /** The end of waiting for answers. */
  readonly signal: AbortSignal;
}

/** What the clients have seen, all together. */
interface Seen {
  sent: number;
  failed: number;
  readonly times: number[];
}

export async function bench(given: Given): Promise<number> {
  const rate = wholeNumber('rate', given.rate, 0, 1_000);
  const wanted = { path: given.path, data: readJson(given.data), pause: rate === 0 ? 0 : 1_000 / rate };
  const duration = milliseconds('duration', given.duration);
  const count = wholeNumber('clients', given.clients, 1, 10_000);
  const timeout = milliseconds('timeout', given.timeout);
  const make = await clientFor(given);
  const clients = Array.from({ length: count }, make);
  try {
    for (const client of clients) show(client, given.trace);
    await Promise.all(clients.map(client => opened(client, timeout)));
    const seen: Seen = { sent: 0, failed: 0, times: [] };
    const began = performance.now();
    const signal = AbortSignal.timeout(duration + timeout);
    setMaxListeners(0, signal);
    const load: Load = { ...wanted, duration, signal };
    await Promise.all(clients.map(client => (load.pause === 0 ? chase(client, load, seen) : pace(client, load, seen))));
    const seconds = (performance.now() - began) / 1_000;
    process.stdout.write(report(count, seconds, seen, given.json));
    return seen.failed === 0 ? exitCodes.done : exitCodes.failed;
  } finally {
    for (const client of clients) client.close();
  }
}

/** One behind the other. */
async function chase(client: QioClient, load: Load, seen: Seen): Promise<void> {
  const end = performance.now() + load.duration;
  while (performance.now() < end && !load.signal.aborted) await trip(client, load, seen);
}

/** At their times, whether or not those before are answered. */
async function pace(client: QioClient, load: Load, seen: Seen): Promise<void> {
  const began = performance.now() + Math.random() * load.pause;
  const trips: Promise<void>[] = [];
  for (let n = 0; n * load.pause < load.duration; n += 1) {
    const wait = began + n * load.pause - performance.now();
    if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait));
    trips.push(trip(client, load, seen));
  }
  await Promise.all(trips);
}

async function trip(client: QioClient, { path, data, signal }: Load, seen: Seen): Promise<void> {
  const began = performance.now();
  seen.sent += 1;
  try {
    await client.request(path, data, { signal });
    seen.times.push(performance.now() - began);
  } catch {
    seen.failed += 1;
  }
}

function report(clients: number, seconds: number, { sent, failed, times }: Seen, json: boolean): string {
  const sorted = times.sort((a, b) => a - b);
  const share = (part: number): number => round(sorted[Math.ceil(part * sorted.length) - 1] ?? 0);
  const found = {
    clients,
    seconds: round(seconds),
    sent,
    answered: sorted.length,
    failed,
    rate: Math.round(sorted.length / seconds),
    ms: { p50: share(0.5), p99: share(0.99), most: share(1) },
  };
  if (json) return `${JSON.stringify(found)}\n`;
  const { ms } = found;
  return [
    `${clients} clients, ${found.seconds} s: ${sent} sent, ${found.answered} answered, ${failed} failed`,
    `${found.rate} round trips a second; p50 ${ms.p50} ms, p99 ${ms.p99} ms, longest ${ms.most} ms`,
    '',
  ].join('\n');
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
