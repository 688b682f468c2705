// Where the broker of `service` and `service-crowd` is, what is said to it, and how fast somebody can ask.

import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures } from '../child.ts';
import { median } from '../row.ts';

/** 100 bytes, as in the figures of others. */
export const text: string = 'x'.repeat(100);

/** All processes of one bench have the same parent; a port stands for tcp, none for a Unix socket. */
export function addressOf(port: number): string {
  return port > 0 ? `tcp://127.0.0.1:${port}` : `unix:${join(tmpdir(), `bench-broker-${process.ppid}.sock`)}`;
}

/** Calls `one` so many times, so many at the same time; resolves when all calls have. */
export async function pipelined(count: number, flight: number, one: () => Promise<unknown>): Promise<void> {
  let left = count;
  const line = async (): Promise<void> => {
    for (; left > 0; ) {
      left -= 1;
      await one();
    }
  };
  await Promise.all(Array.from({ length: flight }, line));
}

/** Asks for so many ms, so many at the same time: rate, and the middle and the slowest of a hundred waits in µs. */
export async function asking(
  { flight = 1, milliseconds = 0 }: Figures,
  ask: () => Promise<{ readonly length: number }>,
): Promise<Figures> {
  const waits: number[] = [];
  const start = performance.now();
  const end = start + milliseconds;
  const line = async (): Promise<void> => {
    for (let before = performance.now(); before < end; ) {
      const { length } = await ask();
      if (length !== text.length) throw new Error(`an answer has ${length} characters instead of ${text.length}`);
      const now = performance.now();
      waits.push((now - before) * 1_000);
      before = now;
    }
  };
  await Promise.all(Array.from({ length: flight }, line));
  const rate = (waits.length / (performance.now() - start)) * 1_000;
  const slowest = waits.toSorted((a, b) => a - b)[Math.floor(waits.length * 0.99)] ?? Number.NaN;
  return { rate, p50: median(waits), p99: slowest };
}
