// What every stream transport must do. One file; each transport's test adds what it alone does.

import type { Test } from 'tap';
import t from 'tap';
import type { Address, Transport } from '../../lib/index.ts';
import { NetworkError } from '../../lib/index.ts';
import { settled } from '../support/virtual-clock.ts';
import { until } from '../support/world.ts';
import type { Pair } from './ear.ts';
import { listenTo, never, pairOf, pattern } from './ear.ts';

export interface Place {
  readonly transport: Transport;
  /** An address that is free to listen on; a new one at each call. */
  readonly address: () => Address;
}

const megabyte = 1024 * 1024;
/** More than any system keeps on its way for a reader that does not read. */
const beyondBuffers = 24 * megabyte;

const hello = Buffer.from('hello');

export function transportContract(name: string, { transport, address }: Place): void {
  const pair = async (t: Test): Promise<Pair> => {
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
    await flow(t, pair);
  });
  t.test(`${name}: a place`, t => places(t, transport, address));
}

type Pairs = (t: Test) => Promise<Pair>;

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

async function ending(t: Test, pair: Pairs): Promise<void> {
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

async function flow(t: Test, pair: Pairs): Promise<void> {
  await t.test('says false and then drained, once', async t => {
    const { near, far } = await pair(t);
    const a = listenTo(near);
    const chunk = pattern(megabyte);
    let sent = 0;
    let room = true;
    while (room && sent < beyondBuffers) {
      room = near.send(chunk);
      sent += chunk.length;
      await settled(2);
    }
    t.equal(room, false);
    t.ok(near.unsent > 0);
    t.equal(a.times('drained'), 0);
    const b = listenTo(far);
    await b.holds(sent);
    await a.hears('drained');
    t.equal(near.unsent, 0);
    t.equal(a.times('drained'), 1);
    t.ok(b.bytes.equals(Buffer.concat(Array.from({ length: sent / chunk.length }, () => chunk))));
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

async function places(t: Test, transport: Transport, address: () => Address): Promise<void> {
  const deaf = { accept: (): void => undefined, trouble: (): void => undefined };

  await t.test('refuses when nobody listens', async t => {
    const listening = await transport.listen(address(), deaf);
    listening.close();
    await settled();
    const error: unknown = await transport.dial(listening.address, never).catch((thrown: unknown) => thrown);
    t.ok(error instanceof NetworkError);
    t.match(error, { code: 'DIAL_FAILED', message: /^cannot reach / });
  });

  await t.test('does not dial when its signal is aborted already, and stops at once when it is aborted', async t => {
    const listening = await transport.listen(address(), {
      accept: channel => void listenTo(channel),
      trouble: () => undefined,
    });
    t.teardown(() => listening.close());
    const reason = new Error('no longer wanted');
    await t.rejects(transport.dial(listening.address, AbortSignal.abort(reason)), reason);
    const during = new AbortController();
    const dialling = transport.dial(listening.address, during.signal).then(
      channel => {
        channel.destroy();
        return 'connected';
      },
      (thrown: unknown) => thrown,
    );
    during.abort(reason);
    const outcome = await dialling;
    t.ok(outcome === reason || outcome === 'connected', 'connected where the transport needs no time for it');
  });

  await t.test('an address is listened on once', async t => {
    const listening = await transport.listen(address(), deaf);
    t.teardown(() => listening.close());
    const error: unknown = await transport.listen(listening.address, deaf).catch((thrown: unknown) => thrown);
    t.ok(error instanceof NetworkError);
    t.match(error, { code: 'LISTEN_FAILED', message: /^cannot listen on .*already$/ });
    const channel = await transport.dial(listening.address, never);
    listenTo(channel);
    channel.destroy();
  });

  await t.test('closing the place refuses new connections, the accepted ones live on', async t => {
    const { near, far, listening } = await pairOf(transport, address());
    const [a, b] = [listenTo(near), listenTo(far)];
    listening.close();
    await settled();
    await t.rejects(transport.dial(listening.address, never), { code: 'DIAL_FAILED' });
    near.send(hello);
    await b.holds(5);
    far.send(hello);
    await a.holds(5);
    near.close();
    far.close();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
  });

  await t.test('a place that was closed can be listened on again', async t => {
    const { near, far, listening } = await pairOf(transport, address());
    const [a, b] = [listenTo(near), listenTo(far)];
    near.destroy();
    far.destroy();
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    listening.close();
    await settled();
    const again = await pairOf(transport, listening.address);
    const ear = listenTo(again.far);
    again.near.send(hello);
    await ear.holds(5);
    again.near.destroy();
    again.far.destroy();
    again.listening.close();
    t.equal(ear.text, 'hello');
  });
}
