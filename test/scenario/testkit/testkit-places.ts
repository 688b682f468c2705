// A proxy between two ends of a stream, over each transport: what the tests of its faults share.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Channel, StreamTransports } from '../../../lib/index.ts';
import { memory, parseAddress } from '../../../lib/index.ts';
import type { FaultProxyOptions } from '../../../lib/testkit/index.ts';
import { FaultProxy } from '../../../lib/testkit/index.ts';
import { streamTransport } from '../../../lib/transport/index.ts';
import type { Ear } from '../../contract/ear.ts';
import { listenTo, never } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';

/** One end of a link: its channel and what it hears. */
interface End {
  readonly channel: Channel;
  readonly ear: Ear;
}

export interface Stage {
  readonly proxy: FaultProxy;
  /** What the server has accepted. */
  readonly accepted: End[];
  /** A client of the proxy, and its end at the server. */
  readonly link: () => Promise<{ readonly near: End; readonly far: End }>;
  /** A client of the proxy, whether the server hears of it or not. */
  readonly dial: () => Promise<End>;
  readonly closeServer: () => void;
}

export const schemes = ['memory', 'tcp', 'unix'] as const;
export type Scheme = (typeof schemes)[number];

/** A server of one scheme, and a proxy before it. */
export async function stage(
  t: Test,
  scheme: Scheme,
  options: Omit<FaultProxyOptions, 'to' | 'listen' | 'transports'> = {},
): Promise<Stage> {
  const transports: StreamTransports = { memory: memory() };
  const home = parseAddress(addressOf(t, scheme));
  const transport = await streamTransport(home, transports);
  const accepted: End[] = [];
  const listening = await transport.listen(home, {
    accept: channel => void accepted.push({ channel, ear: listenTo(channel) }),
    trouble: () => undefined,
  });
  const to = formatted(scheme, listening.address.port, home.path);
  const proxy = await FaultProxy.open({ to, transports, ...options });
  const dialled: End[] = [];
  const dial = async (): Promise<End> => {
    const channel = await transport.dial(parseAddress(proxy.address), never);
    const end = { channel, ear: listenTo(channel) };
    dialled.push(end);
    return end;
  };
  const link = async (): Promise<{ near: End; far: End }> => {
    const before = accepted.length;
    const near = await dial();
    await until('the server accepts', () => accepted.length > before);
    const far = accepted[before];
    if (far === undefined) throw new Error('nobody was accepted');
    return { near, far };
  };
  t.teardown(async () => {
    await proxy.close();
    listening.close();
    for (const { channel } of [...accepted, ...dialled]) channel.destroy();
  });
  return { proxy, accepted, link, dial, closeServer: () => listening.close() };
}

function addressOf(t: Test, scheme: Scheme): string {
  if (scheme === 'memory') return 'memory:server';
  if (scheme === 'tcp') return 'tcp://127.0.0.1:0';
  const folder = mkdtempSync(join(tmpdir(), 'ed-testkit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return `unix:${folder}/server`;
}

function formatted(scheme: Scheme, port: number, path: string): string {
  return scheme === 'tcp' ? `tcp://127.0.0.1:${port}` : `${scheme}:${path}`;
}
