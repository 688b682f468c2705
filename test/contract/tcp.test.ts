import net from 'node:net';
import t from 'tap';
import type { Address, Channel } from '../../lib/index.ts';
import { formatAddress, parseAddress, tcp } from '../../lib/index.ts';
import { until } from '../support/world.ts';
import { listenTo, never, pairOf } from './ear.ts';
import { transportContract } from './transport.ts';

const anyPort = (): Address => parseAddress('tcp://127.0.0.1:0');

transportContract('tcp', { transport: tcp(), address: anyPort });

t.test('tcp stops dialling at once when its signal is aborted under way', async t => {
  const { listening, near, far } = await pairOf(tcp(), anyPort());
  t.teardown(() => listening.close());
  near.destroy();
  far.destroy();
  const during = new AbortController();
  const reason = new Error('no longer wanted');
  const dialling = tcp().dial(listening.address, during.signal);
  during.abort(reason);
  await t.rejects(dialling, reason);
});

t.test('a lookup that never answers does not hold back the abort', async t => {
  const during = new AbortController();
  let asked = '';
  const transport = tcp({
    lookup: host => {
      asked = host;
    },
  });
  const dialling = transport.dial(parseAddress('tcp://no.such.host:1'), during.signal);
  dialling.catch(() => undefined);
  await until('the name is looked up', () => asked === 'no.such.host');
  const reason = new Error('no longer wanted');
  during.abort(reason);
  await t.rejects(dialling, reason);
});

t.test('each address of a name is tried', async t => {
  const { listening, near, far } = await pairOf(tcp(), anyPort());
  t.teardown(() => listening.close());
  const transport = tcp({
    lookup: (_host, _options, found) =>
      found(null, [
        { address: '127.0.0.2', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]),
  });
  const channel = await transport.dial({ ...listening.address, host: 'two.places' }, never);
  t.equal(channel.remote, `tcp://two.places:${listening.address.port}`);
  channel.destroy();
  near.destroy();
  far.destroy();
});

t.test('the port that the system gave is told, and where a peer comes from', async t => {
  const { listening, near, far } = await pairOf(tcp(), anyPort());
  t.teardown(() => {
    near.destroy();
    listening.close();
  });
  t.match(listening.address, { scheme: 'tcp', host: '127.0.0.1', port: Number });
  t.ok(listening.address.port > 0);
  t.equal(near.remote, formatAddress(listening.address));
  t.match(far.remote, /^tcp:\/\/127\.0\.0\.1:\d+$/);
  far.destroy();
});

t.test('what a peer sends after our last word, and we after its last, arrives', async t => {
  const accepted: Channel[] = [];
  const listening = await tcp().listen(anyPort(), {
    accept: channel => void accepted.push(channel),
    trouble: () => undefined,
  });
  t.teardown(() => listening.close());
  const socket = net.connect({ port: listening.address.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  socket.end('question');
  await until('accepted', () => accepted.length === 1);
  const ears = accepted.map(listenTo);
  await ears[0]?.hears('ended');
  accepted[0]?.send(Buffer.from('answer'));
  accepted[0]?.close();
  await until('the answer came', () => text === 'answer');
  await ears[0]?.hears('closed');
  t.same(ears[0]?.order, ['data', 'ended', 'closed']);
  t.equal(ears[0]?.reason, undefined);
});

t.test('a reset by the peer is told with its reason', async t => {
  const accepted: Channel[] = [];
  const listening = await tcp().listen(anyPort(), {
    accept: channel => void accepted.push(channel),
    trouble: () => undefined,
  });
  t.teardown(() => listening.close());
  const socket = net.connect({ port: listening.address.port, host: '127.0.0.1' });
  await until('accepted', () => accepted.length === 1);
  const ears = accepted.map(listenTo);
  socket.resetAndDestroy();
  await ears[0]?.hears('closed');
  t.match(ears[0]?.reason, { code: 'CLOSED', message: /ECONNRESET/ });
  t.same(ears[0]?.order, ['closed']);
});

t.test('a name that is not known cannot be listened on, and an address that is not ours neither', async t => {
  const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
  await t.rejects(tcp().listen(parseAddress('tcp://192.0.2.1:0'), deaf), {
    code: 'LISTEN_FAILED',
    message: /this machine has no such address/,
  });
});

t.test('the other side of a reset hears of a failure', async t => {
  const { listening, near, far } = await pairOf(tcp(), anyPort());
  t.teardown(() => listening.close());
  const ear = listenTo(far);
  near.reset();
  await ear.hears('closed');
  t.match(ear.reason, { code: 'CLOSED', message: /ECONNRESET/ });
  t.same(ear.order, ['closed']);
});
