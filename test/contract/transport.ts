// What every stream transport must do. One suite; each transport's test adds what it alone does.

import type { Test } from 'tap';
import t from 'tap';
import type { Address, Transport } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import type { Pairs } from './ear.ts';
import { beyondBuffers, hello, listenTo, megabyte, pairOf, pattern } from './ear.ts';
import { ending, halfEnding } from './ending.ts';
import { places } from './places.ts';

export interface Place {
  readonly transport: Transport;
  /** An address that is free to listen on; a new one at each call. */
  readonly address: () => Address;
  /** Whether one direction can end alone. @default 'yes' */
  readonly halves?: 'yes' | 'no';
  /** Whether others can listen and dial where one listens. @default 'yes' */
  readonly shared?: 'yes' | 'no';
}

export function transportContract(name: string, { transport, address, halves = 'yes', shared = 'yes' }: Place): void {
  const pair: Pairs = async t => {
    const made = await pairOf(transport, address());
    t.teardown(() => {
      made.near.destroy();
      made.far.destroy();
      made.listening.close();
    });
    return made;
  };
  t.test(`${name}: a connection`, async t => {
    await carrying(t, pair);
    await ending(t, pair);
    if (halves === 'yes') await halfEnding(t, pair);
    await flow(t, pair);
  });
  if (shared === 'yes') t.test(`${name}: a place`, t => places(t, transport, address));
}

async function carrying(t: Test, pair: Pairs): Promise<void> {
  await t.test('carries bytes both ways, whatever they are', async t => {
    const { near, far, troubles } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    const all = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    near.send(all);
    far.send(Buffer.from(all).reverse());
    await Promise.all([a.holds(256), b.holds(256)]);
    t.same(b.bytes, all);
    t.same(a.bytes, Buffer.from(all).reverse());
    t.not(near.remote, '');
    t.not(far.remote, '');
    t.same(troubles, []);
  });

  await t.test('loses nothing sent before the owner starts, at either end', async t => {
    const { near, far } = await pair(t);
    const bytes = pattern(megabyte);
    near.send(bytes);
    far.send(bytes);
    await settled(50);
    const [a, b] = [listenTo(near), listenTo(far)];
    await Promise.all([a.holds(megabyte), b.holds(megabyte)]);
    t.ok(a.bytes.equals(bytes));
    t.ok(b.bytes.equals(bytes));
  });
}

async function flow(t: Test, pair: Pairs): Promise<void> {
  await t.test('says false and then drained, once', async t => {
    const { near, far } = await pair(t);
    const a = listenTo(near);
    const bytes = pattern(beyondBuffers);
    t.equal(near.send(hello), true);
    const room = near.send(bytes);
    await settled(50);
    t.equal(room, false);
    t.ok(near.unsent > 0);
    t.equal(a.times('drained'), 0);
    const b = listenTo(far);
    await b.holds(hello.length + bytes.length);
    await a.hears('drained');
    t.equal(near.unsent, 0);
    t.equal(a.times('drained'), 1);
    t.ok(b.bytes.equals(Buffer.concat([hello, bytes])));
  });

  await t.test('pause stops the data, resume goes on with nothing lost', async t => {
    const { near, far } = await pair(t);
    const b = listenTo(far);
    near.send(hello);
    await b.holds(hello.length);
    far.pause();
    const bytes = pattern(beyondBuffers);
    near.send(bytes);
    near.close();
    await settled(100);
    const before = b.length;
    t.ok(before < beyondBuffers, `${before} bytes came although paused`);
    await settled(100);
    t.equal(b.length, before, 'and it does not trickle on');
    t.notOk(b.order.includes('ended'));
    far.resume();
    await b.hears('ended');
    t.ok(b.bytes.equals(Buffer.concat([hello, bytes])));
  });

  await t.test('pause holds the end back too', async t => {
    const { near, far } = await pair(t);
    const b = listenTo(far);
    far.pause();
    near.send(hello);
    near.close();
    await settled(50);
    t.notOk(b.order.includes('ended'));
    far.resume();
    await b.hears('ended');
    t.equal(b.text, 'hello');
  });
}
