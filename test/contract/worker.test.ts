import { MessageChannel, Worker } from 'node:worker_threads';
import t from 'tap';
import type { Address, Transport } from '../../lib/index.ts';
import { Communicator, Dispatcher, Message, parseAddress, worker } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { listenTo, pairOf } from './ear.ts';
import { transportContract } from './transport.ts';

let last = 0;
const address = (): Address => {
  last += 1;
  return parseAddress(`worker:place-${last}`);
};

/** Both ends in one thread: each of two transports holds one port of a pair. */
function joined(): Transport {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const [near, far] = [worker(port1), worker(port2)];
  return {
    dial: (address, signal) => near.dial(address, signal),
    listen: (address, events) => far.listen(address, events),
  };
}

transportContract('worker', { transport: joined(), address });

const program = `
  const { worker, Communicator, Dispatcher } = await import(process.env.ED_LIBRARY);
  const communicator = new Communicator();
  const dispatcher = new Dispatcher()
    .on('TWICE', (message, peer) => peer.send(message.reply('IS', { n: 2 * message.integer('n') })))
    .on('EXIT', () => process.exit(3));
  communicator.listen('worker:sums', { dispatcher });
`;

function thread(): Worker {
  const library = new URL('../../lib/index.js', import.meta.url).href;
  const made = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
    env: { ED_LIBRARY: library },
  });
  t.teardown(() => made.terminate());
  return made;
}

t.test('messages go to a thread and back, and its end is heard', async t => {
  const made = thread();
  const communicator = new Communicator({ transports: { worker: worker(made) } });
  const client = communicator.permanent('worker:sums', { dispatcher: new Dispatcher() });
  await t.rejects(client.request('HELP'), { code: 'REFUSED' });
  const answer = await client.request(Message.of('TWICE', { n: 21 }));
  t.equal(answer.integer('n'), 42);
  let lost = 0;
  client.on('lost', () => {
    lost += 1;
  });
  client.send('EXIT');
  await until('the end is heard', () => lost === 1);
  client.destroy();
});

t.test('messages of the program are left alone, and what is no call is no trouble', async t => {
  const { port1, port2 } = new MessageChannel();
  t.teardown(() => port1.close());
  const [near, far] = [worker(port1), worker(port2)];
  const seen: unknown[] = [];
  port2.on('message', message => seen.push(message));
  const transport: Transport = { dial: near.dial, listen: far.listen };
  for (const message of ['hello', null, { 'ed-communicator': 'dial' }, { 'ed-communicator': 'dial', port: 1 }]) {
    port1.postMessage(message);
  }
  const pair = await pairOf(transport, parseAddress('worker:here'));
  const ear = listenTo(pair.far);
  pair.near.send(Buffer.from('x'));
  await ear.holds(1);
  t.equal(seen.length, 5);
  pair.near.destroy();
  pair.listening.close();
});

t.test('outside of a worker it wants to know which thread', async t => {
  t.throws(() => worker(null), { code: 'INVALID_VALUE' });
  t.throws(() => worker(), { code: 'INVALID_VALUE' });
  const reason = new Error('no');
  const late = new AbortController();
  const { port1: other } = new MessageChannel();
  t.teardown(() => other.close());
  const waiting = worker(other).dial(parseAddress('worker:x'), late.signal);
  late.abort(reason);
  await t.rejects(waiting, reason);
});
