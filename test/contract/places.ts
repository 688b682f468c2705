// The part of the transport contract about places: listening, dialling, closing.

import type { Test } from 'tap';
import type { Address, Transport } from '../../lib/index.ts';
import { NetworkError } from '../../lib/index.ts';
import { settled } from '../../lib/testkit/virtual-clock.ts';
import type { Ear, Pair } from './ear.ts';
import { hello, listenTo, never, pairOf } from './ear.ts';

export async function places(t: Test, transport: Transport, address: () => Address): Promise<void> {
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
    await carryOn({ near, far }, [a, b]);
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

/** The two ends still carry bytes both ways, and end in good order. */
export async function carryOn({ near, far }: Pick<Pair, 'near' | 'far'>, [a, b]: readonly [Ear, Ear]): Promise<void> {
  near.send(hello);
  await b.holds(5);
  far.send(hello);
  await a.holds(5);
  near.close();
  far.close();
  await Promise.all([a.hears('closed'), b.hears('closed')]);
}
