// Each fault of the proxy, over each transport.

import type { Test } from 'tap';
import t from 'tap';
import { settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { beyondBuffers, hello, megabyte, pattern } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';
import type { Scheme } from './testkit-places.ts';
import { schemes, stage } from './testkit-places.ts';

for (const scheme of schemes) {
  t.test(`${scheme}: without a fault`, t => clear(t, scheme));
  t.test(`${scheme}: faults that end links`, t => ending(t, scheme));
  t.test(`${scheme}: faults that hold bytes back`, t => holding(t, scheme));
}

async function clear(t: Test, scheme: Scheme): Promise<void> {
  await t.test('everything passes, both ways, in its order, and is counted', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    t.equal(proxy.links, 1);
    const bytes = pattern(3 * megabyte);
    near.channel.send(bytes);
    far.channel.send(hello);
    await Promise.all([far.ear.holds(bytes.length), near.ear.holds(5)]);
    t.ok(far.ear.bytes.equals(bytes));
    t.equal(near.ear.text, 'hello');
    t.same(proxy.bytes, { toServer: bytes.length, toClient: 5 });
    t.equal(proxy.held, 0);
  });

  await t.test('an end passes behind its bytes, and the other direction lives on', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    near.channel.send(pattern(megabyte));
    near.channel.end?.();
    await far.ear.hears('ended');
    t.equal(far.ear.length, megabyte);
    t.notOk(near.ear.order.includes('ended'));
    far.channel.send(hello);
    await near.ear.holds(5);
    far.channel.end?.();
    await Promise.all([near.ear.hears('closed'), far.ear.hears('closed')]);
    t.same(near.ear.order, ['data', 'ended', 'closed']);
    t.same([near.ear.reason, far.ear.reason], [undefined, undefined]);
    await until('the link is gone', () => proxy.links === 0);
    t.equal(proxy.held, 0);
  });

  await t.test('a reset passes as a reset', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    far.channel.reset();
    await until('the client knows', () => near.ear.order.includes('closed') || near.ear.order.includes('ended'));
    if (scheme !== 'unix') t.match(near.ear.reason, { code: 'CLOSED' });
    near.channel.destroy();
    await until('the link is gone', () => proxy.links === 0);
    t.equal(proxy.held, 0);
  });

  await t.test('a reader that does not read stops the sender, and memory is bounded', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    far.channel.pause();
    const bytes = pattern(beyondBuffers);
    near.channel.send(bytes);
    await settled(200);
    t.ok(far.ear.length < beyondBuffers);
    t.ok(proxy.held <= megabyte || scheme === 'memory', `${proxy.held} bytes are held`);
    far.channel.resume();
    await far.ear.holds(bytes.length);
    t.ok(far.ear.bytes.equals(bytes));
  });

  await t.test('a client is closed where the server cannot be reached', async t => {
    const { proxy, dial, closeServer } = await stage(t, scheme);
    closeServer();
    await settled();
    const end = await dial();
    await until('it is closed', () => end.ear.order.includes('closed') || end.ear.order.includes('ended'));
    end.channel.destroy();
    await until('the link is gone', () => proxy.links === 0);
    t.equal(proxy.held, 0);
  });
}

async function ending(t: Test, scheme: Scheme): Promise<void> {
  await t.test('cut closes both sides at once, and nobody listens until heal', async t => {
    const { proxy, link, dial } = await stage(t, scheme);
    const { near, far } = await link();
    const { address } = proxy;
    await proxy.cut();
    t.same([proxy.state, proxy.links], ['refusing', 0]);
    await t.rejects(dial(), { code: 'DIAL_FAILED' });
    for (const { ear } of [near, far]) {
      await until('it knows', () => ear.order.includes('closed') || ear.order.includes('ended'));
    }
    await proxy.cut();
    await proxy.heal();
    t.same([proxy.state, proxy.address], ['open', address]);
    const again = await link();
    again.near.channel.send(hello);
    await again.far.ear.holds(5);
  });

  await t.test('reset ends links with a failure, and goes on listening', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    proxy.reset();
    t.same([proxy.state, proxy.links], ['open', 0]);
    for (const { ear } of [near, far]) {
      await until('it knows', () => ear.order.includes('closed') || ear.order.includes('ended'));
      if (scheme === 'tcp') t.match(ear.reason, { code: 'CLOSED', message: /ECONNRESET/ });
    }
    const again = await link();
    again.near.channel.send(hello);
    await again.far.ear.holds(5);
  });

  await t.test('refuse lets the present links live, and nobody listens until heal', async t => {
    const { proxy, link, dial } = await stage(t, scheme);
    const { near, far } = await link();
    await proxy.refuse();
    await t.rejects(dial(), { code: 'DIAL_FAILED' });
    near.channel.send(hello);
    await far.ear.holds(5);
    await proxy.heal();
    far.channel.send(hello);
    await near.ear.holds(5);
    await link();
    t.equal(proxy.links, 2);
  });

  await t.test('the last of cut and heal counts, however they follow each other', async t => {
    const { proxy, link, dial } = await stage(t, scheme);
    const cut = proxy.cut();
    const healed = proxy.heal();
    await Promise.all([cut, healed]);
    t.equal(proxy.state, 'open');
    await link();
    await proxy.cut();
    const late = proxy.heal();
    const again = proxy.cut();
    await t.rejects(late, { code: 'CLOSED' });
    await again;
    await t.rejects(dial(), { code: 'DIAL_FAILED' });
    await proxy.heal();
    await link();
  });

  await t.test('close ends everything, twice too, and nothing else is possible then', async t => {
    const { proxy, link, dial } = await stage(t, scheme);
    const { near } = await link();
    await proxy.close();
    await proxy.close();
    await until('the client knows', () => near.ear.order.includes('closed') || near.ear.order.includes('ended'));
    await t.rejects(dial(), { code: 'DIAL_FAILED' });
    await t.rejects(proxy.heal(), { code: 'ILLEGAL_STEP' });
    await t.rejects(proxy.cut(), { code: 'ILLEGAL_STEP' });
    t.throws(() => proxy.freeze(), { code: 'ILLEGAL_STEP' });
    t.equal(proxy.state, 'closed');
  });
}

async function holding(t: Test, scheme: Scheme): Promise<void> {
  await t.test('freeze lets nothing pass in one direction, and heal loses nothing', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    proxy.freeze('to server');
    const bytes = pattern(beyondBuffers);
    near.channel.send(bytes);
    near.channel.end?.();
    far.channel.send(hello);
    await near.ear.holds(5);
    await settled(100);
    t.equal(far.ear.length, 0);
    t.notOk(far.ear.order.includes('ended'));
    t.ok(proxy.held <= megabyte || scheme === 'memory', `${proxy.held} bytes are held`);
    await proxy.heal();
    await far.ear.hears('ended');
    t.ok(far.ear.bytes.equals(bytes));
  });

  await t.test('freeze holds links that come later, too, and both directions', async t => {
    const { proxy, link } = await stage(t, scheme);
    proxy.freeze('both');
    const { near, far } = await link();
    near.channel.send(hello);
    far.channel.send(hello);
    await settled(100);
    t.same([near.ear.length, far.ear.length], [0, 0]);
    t.same([near.ear.order, far.ear.order], [[], []], 'and nothing is closed');
    await proxy.heal();
    await Promise.all([near.ear.holds(5), far.ear.holds(5)]);
  });

  await t.test('delay passes each chunk that much later, in its order', async t => {
    const clock = new VirtualClock();
    const { proxy, link } = await stage(t, scheme, { clock });
    const { near, far } = await link();
    proxy.delay(100);
    near.channel.send(Buffer.from('a'));
    await until('the proxy has it', () => proxy.held === 1);
    await clock.advance(60);
    near.channel.send(Buffer.from('b'));
    near.channel.end?.();
    await until('the proxy has both', () => proxy.held === 2);
    await clock.advance(39);
    t.equal(far.ear.text, '');
    await clock.advance(1);
    await far.ear.holds(1);
    t.same([far.ear.text, proxy.held], ['a', 1]);
    await clock.advance(59);
    t.equal(proxy.held, 1);
    await clock.advance(101);
    await far.ear.hears('ended');
    t.equal(far.ear.text, 'ab');
  });

  await t.test('rate lets no more than that pass in a second, in each direction', async t => {
    const clock = new VirtualClock();
    const { proxy, link } = await stage(t, scheme, { clock });
    const { near, far } = await link();
    proxy.rate(1_000);
    near.channel.send(pattern(3_000));
    far.channel.send(pattern(500));
    await until('the proxy has it', () => proxy.held + far.ear.length + near.ear.length >= 3_480);
    await clock.advance(1_000);
    await until('the answer is whole', () => near.ear.length === 500);
    t.same(proxy.bytes, { toServer: 1_010, toClient: 500 }, 'one piece at once, and 1,000 in the second');
    await clock.advance(1_000);
    t.equal(proxy.bytes.toServer, 2_010);
    proxy.rate(Number.POSITIVE_INFINITY);
    await far.ear.holds(3_000);
    t.ok(far.ear.bytes.equals(pattern(3_000)));
  });

  await t.test('split passes pieces of that size', async t => {
    const { proxy, link } = await stage(t, scheme);
    const { near, far } = await link();
    proxy.split();
    near.channel.send(hello);
    near.channel.end?.();
    await far.ear.hears('ended');
    t.equal(far.ear.text, 'hello');
    if (scheme === 'memory') t.same(far.ear.chunks.map(String), ['h', 'e', 'l', 'l', 'o']);
    proxy.split(4);
    far.channel.send(pattern(10));
    await near.ear.holds(10);
    t.ok(near.ear.bytes.equals(pattern(10)));
    if (scheme === 'memory')
      t.same(
        near.ear.chunks.map(({ length }) => length),
        [4, 4, 2],
      );
  });

  await t.test('heal at once lets everything pass that waited', async t => {
    const clock = new VirtualClock();
    const { proxy, link } = await stage(t, scheme, { clock });
    const { near, far } = await link();
    proxy.delay(1_000_000);
    proxy.rate(1);
    proxy.split(3);
    near.channel.send(hello);
    await until('the proxy has it', () => proxy.held === 5);
    await proxy.heal();
    await far.ear.holds(5);
    t.equal(far.ear.text, 'hello');
    t.equal(clock.waiting, 0);
  });
}
