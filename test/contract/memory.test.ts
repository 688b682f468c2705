import t from 'tap';
import type { Address } from '../../lib/index.ts';
import { memory, parseAddress } from '../../lib/index.ts';
import { never, pairOf } from './ear.ts';
import { transportContract } from './transport.ts';

let last = 0;
const address = (): Address => {
  last += 1;
  return parseAddress(`memory:place-${last}`);
};

transportContract('memory', { transport: memory(), address });

t.test('two memories are two worlds', async t => {
  const pair = await pairOf(memory(), parseAddress('memory:here'));
  await t.rejects(memory().dial(pair.listening.address, never), { code: 'DIAL_FAILED' });
  pair.near.destroy();
});

t.test('memory stops dialling at once', async t => {
  const transport = memory();
  const { listening, near } = await pairOf(transport, address());
  near.destroy();
  const reason = new Error('no');
  await t.rejects(transport.dial(listening.address, AbortSignal.abort(reason)), reason);
});
