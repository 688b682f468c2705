// What many connections that say nothing but that they live cost a server, in memory and in processor time.

import type { Figures } from './child.ts';
import { Child } from './child.ts';

/** Bytes of one connection, and processor time for all, in ms a second. */
export interface Cost {
  readonly rss: number;
  readonly heap: number;
  readonly effort: number;
}

export interface CrowdPlan {
  /** Program and role. */
  readonly server: readonly [string, string];
  readonly crowd: readonly [string, string];
  /** How both are opened. */
  readonly given: Figures;
  readonly count: number;
  /** Connections that come and go before it is measured: code that runs for the first ones only is not theirs. */
  readonly warm: number;
  /** In ms: from one heartbeat to the next, and how long it is measured. */
  readonly heartbeat: number;
  readonly span: number;
}

export async function crowdCost({ server: [program, role], crowd, given, ...plan }: CrowdPlan): Promise<Cost> {
  const { count, warm, heartbeat, span } = plan;
  const server = new Child(program, role, ['--expose-gc']);
  const { port = 0 } = await server.ask('open', given);
  const first = new Child(...crowd);
  await first.ask('open', { ...given, port, count: warm });
  await until(server, warm);
  await first.ask('close');
  await until(server, 0);
  await first.end();
  const before = await server.ask('memory');
  const all = new Child(...crowd);
  await all.ask('open', { ...given, port, count });
  await until(server, count);
  await pause(heartbeat);
  const effort = await during(server, all, span, count);
  const after = await server.ask('memory');
  if ((await server.ask('held')).count !== count) throw new Error(`${role}: connections were lost`);
  await Promise.all([all.end(), server.end()]);
  const per = (name: string): number => ((after[name] ?? Number.NaN) - (before[name] ?? Number.NaN)) / count;
  return { rss: per('rss'), heap: per('heap'), effort };
}

export function costText({ rss, heap, effort }: Cost): string {
  return `${Math.round(rss)} B, ${Math.round(heap)} B of it on the heap, ${effort.toFixed(1)} ms/s`;
}

/** Processor time of the server, in ms a second, while each connection hears heartbeats. */
async function during(server: Child, crowd: Child, span: number, count: number): Promise<number> {
  const figures = async (): Promise<Figures> => ({
    ...(await server.ask('effort')),
    ...(await crowd.ask('beats')),
    at: performance.now(),
  });
  const { microseconds: from = Number.NaN, beats: heard = 0, at: start = 0 } = await figures();
  await pause(span);
  const { microseconds: to = Number.NaN, beats = 0, at: end = 0 } = await figures();
  if (beats - heard < count) throw new Error(`${count} connections heard ${beats - heard} heartbeats in ${span} ms`);
  return (to - from) / (end - start);
}

async function until(server: Child, count: number): Promise<void> {
  while ((await server.ask('held')).count !== count) await pause(20);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}
