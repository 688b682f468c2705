// All faults that hold bytes back, in any order: whatever the weather was, everything arrives once, in its order.

import type { Test } from 'tap';
import t from 'tap';
import type { FaultProxy } from '../../../lib/testkit/index.ts';
import { seededRandom, settled } from '../../../lib/testkit/index.ts';
import { pattern } from '../../contract/ear.ts';
import type { Scheme } from './testkit-places.ts';
import { schemes, stage } from './testkit-places.ts';

const chunk = 8_192;
const rounds = 60;

for (const scheme of schemes) {
  for (const seed of [1, 2, 3])
    t.test(`${scheme}: nothing is lost or moved, seed ${seed}`, t => weather(t, scheme, seed));
}

async function weather(t: Test, scheme: Scheme, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { proxy, link } = await stage(t, scheme);
  const { near, far } = await link();
  const bytes = pattern(rounds * chunk);
  for (let at = 0; at < bytes.length; at += chunk) {
    near.channel.send(bytes.subarray(at, at + chunk));
    far.channel.send(bytes.subarray(at, at + chunk));
    const change = changes[Math.floor(random() * changes.length)];
    await change?.(proxy, random);
    if (random() < 0.1) far.channel.pause();
    if (random() < 0.2) far.channel.resume();
    await settled(Math.floor(random() * 5));
  }
  near.channel.end?.();
  far.channel.end?.();
  far.channel.resume();
  await proxy.heal();
  await Promise.all([near.ear.hears('closed'), far.ear.hears('closed')]);
  t.ok(far.ear.bytes.equals(bytes), `${far.ear.length} bytes came to the server`);
  t.ok(near.ear.bytes.equals(bytes), `${near.ear.length} bytes came to the client`);
  t.same(proxy.bytes, { toServer: bytes.length, toClient: bytes.length });
  t.same([near.ear.reason, far.ear.reason], [undefined, undefined]);
}

const changes: readonly ((proxy: FaultProxy, random: () => number) => void | Promise<void>)[] = [
  (proxy, random) => proxy.delay(Math.floor(random() * 5)),
  (proxy, random) => proxy.rate(1_000 + random() * 1_000_000),
  (proxy, random) => proxy.split(1 + Math.floor(random() * 2_000)),
  proxy => proxy.freeze('to server'),
  proxy => proxy.freeze('to client'),
  proxy => proxy.refuse(),
  proxy => proxy.heal(),
];
