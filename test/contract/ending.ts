// The part of the transport contract about ends: orderly, abrupt, late.

import type { Test } from 'tap';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import { until } from '../support/world.ts';
import type { Pairs } from './ear.ts';
import { beyondBuffers, hello, listenTo, megabyte, pattern } from './ear.ts';

export async function ending(t: Test, pair: Pairs): Promise<void> {
  await t.test('closes once, and last', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.send(hello);
    near.close();
    near.close();
    await b.hears('ended');
    t.notOk(b.order.includes('closed'), 'the other end is open until its owner closes it');
    far.close();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    near.destroy();
    far.destroy(new Error('too late'));
    await settled();
    t.same([a.times('closed'), b.times('closed')], [1, 1]);
    t.same([a.order.at(-1), b.order.at(-1)], ['closed', 'closed']);
    t.same([a.reason, b.reason], [undefined, undefined], 'an end that was asked for has no reason');
    t.same(b.order, ['data', 'ended', 'closed']);
  });

  await t.test('hears the end of the peer, and can still send', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    far.send(hello);
    far.close();
    await a.hears('ended');
    t.equal(a.text, 'hello');
    t.notOk(a.order.includes('closed'));
    near.send(hello);
    near.close();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    t.equal(b.text, '', 'who has closed is not disturbed any more');
  });

  await t.test('tells a late owner that the peer has ended, after what the peer said', async t => {
    const { near, far } = await pair(t);
    near.send(hello);
    near.close();
    listenTo(near);
    await settled(50);
    const ear = listenTo(far);
    await ear.hears('ended');
    t.equal(ear.text, 'hello');
    far.close();
    await ear.hears('closed');
    t.same(ear.order, ['data', 'ended', 'closed']);
  });

  await t.test('tells a late owner that the peer is gone', async t => {
    const { near, far } = await pair(t);
    near.destroy(new Error('cut'));
    await settled(50);
    const late = listenTo(near);
    const ear = listenTo(far);
    await late.hears('closed');
    t.match(late.reason, { message: 'cut' });
    await until('the far end knows', () => ear.order.includes('ended') || ear.order.includes('closed'));
  });

  await t.test('close finishes sending', async t => {
    const { near, far } = await pair(t);
    const bytes = pattern(8 * megabyte);
    const a = listenTo(near);
    near.send(bytes);
    near.close();
    await settled();
    const b = listenTo(far);
    await b.hears('ended');
    t.ok(b.bytes.equals(bytes));
    far.close();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
  });

  await t.test('destroy does not finish sending, and tells its reason', async t => {
    const { near, far } = await pair(t);
    const a = listenTo(near);
    near.send(pattern(beyondBuffers));
    near.destroy(new Error('the first reason'));
    near.destroy(new Error('the second'));
    await a.hears('closed');
    t.match(a.reason, { message: 'the first reason' });
    const b = listenTo(far);
    await until('the far end knows', () => b.order.includes('ended') || b.order.includes('closed'));
    t.ok(b.length < beyondBuffers, `${b.length} bytes arrived`);
    t.equal(a.times('closed'), 1);
  });

  await t.test('nothing follows a destroy in the middle of the data', async t => {
    const { near, far } = await pair(t);
    const ear = listenTo(far);
    ear.during = () => far.destroy();
    for (let count = 0; count < 10; count += 1) {
      near.send(hello);
      await settled(2);
    }
    await ear.hears('closed');
    await settled();
    t.same(ear.order, ['data', 'closed']);
  });

  await t.test('send after close does nothing', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.send(hello);
    near.close();
    t.equal(near.send(Buffer.from('late')), true);
    await b.hears('ended');
    t.equal(b.text, 'hello');
    far.close();
    await a.hears('closed');
    t.equal(near.send(Buffer.alloc(megabyte)), true);
    t.equal(near.unsent, 0);
  });

  await t.test('send after the end does nothing, at both ends', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.destroy();
    far.destroy();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    for (const channel of [near, far]) {
      t.equal(channel.send(Buffer.alloc(megabyte)), true);
      t.equal(channel.unsent, 0);
      channel.close();
      channel.pause();
      channel.resume();
    }
    await settled();
    t.same([a.order, b.order.at(-1)], [['closed'], 'closed']);
  });

  await t.test('reset closes at once, and the other side knows', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    far.pause();
    near.send(pattern(beyondBuffers));
    near.reset();
    near.reset();
    await a.hears('closed');
    t.same([a.order, a.reason], [['closed'], undefined], 'an end that was asked for has no reason');
    far.resume();
    await until('the far end knows', () => b.order.includes('ended') || b.order.includes('closed'));
    t.ok(b.length < beyondBuffers, `${b.length} bytes arrived`);
    far.destroy();
    await b.hears('closed');
  });

  await t.test('reset is possible at any time', async t => {
    const { near, far } = await pair(t);
    near.reset();
    const late = listenTo(near);
    await late.hears('closed');
    near.reset();
    const b = listenTo(far);
    far.close();
    far.reset();
    await b.hears('closed');
    far.reset();
    await settled();
    t.same([late.times('closed'), b.times('closed')], [1, 1]);
  });

  await t.test('is destroyed where the other side does not close too', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.close();
    await b.hears('ended');
    t.notOk(a.order.includes('closed'));
    await a.hears('closed');
    t.equal(a.times('closed'), 1);
  });
}

/** For transports that can end one direction alone. */
export async function halfEnding(t: Test, pair: Pairs): Promise<void> {
  await t.test('end finishes sending, and goes on reading', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.send(hello);
    near.end?.();
    near.end?.();
    t.equal(near.send(Buffer.from('late')), true);
    await b.hears('ended');
    t.equal(b.text, 'hello');
    far.send(pattern(megabyte));
    far.end?.();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    t.ok(a.bytes.equals(pattern(megabyte)));
    t.same([a.order.at(-2), a.order.at(-1)], ['ended', 'closed']);
    t.same([a.reason, b.reason], [undefined, undefined]);
    near.end?.();
  });

  await t.test('close after end waits for the other side no longer than its linger', async t => {
    const { near, far } = await pair(t);
    const [a, b] = [listenTo(near), listenTo(far)];
    near.end?.();
    await b.hears('ended');
    t.notOk(a.order.includes('closed'));
    near.close(1);
    await a.hears('closed');
    t.same(a.order, ['closed']);
    far.destroy();
    await b.hears('closed');
  });

  await t.test('end before the owner starts loses nothing', async t => {
    const { near, far } = await pair(t);
    near.send(hello);
    near.end?.();
    far.end?.();
    await settled(50);
    const [a, b] = [listenTo(near), listenTo(far)];
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    t.equal(b.text, 'hello');
  });
}
