// The proxy as a whole: between a communicator and its server, its record, its addresses, its limits.

import t from 'tap';
import { Dispatcher, Message, memory, parseAddress } from '../../../lib/index.ts';
import { FaultProxy, Recorder, settled, VirtualClock } from '../../../lib/testkit/index.ts';
import { listenTo, never, pattern } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';
import { stage } from './testkit-places.ts';

t.test('a permanent client comes back after the way was cut', async t => {
  const { communicator } = worldOf(t);
  const heard: string[] = [];
  const dispatcher = new Dispatcher().on('EVENT', message => {
    heard.push(message.string('id'));
  });
  const server = communicator.listen('tcp://127.0.0.1:0', { dispatcher });
  const proxy = await FaultProxy.open({ to: await server.ready });
  t.teardown(() => proxy.close());
  const client = communicator.permanent(proxy.address, {
    dispatcher: new Dispatcher().otherwiseUnknown(),
    outbox: { session: false },
  });
  client.send(Message.of('EVENT', { id: 1 }));
  await until('the first is heard', () => heard.length === 1);
  await proxy.cut();
  await until('the client knows', () => client.state !== 'open');
  t.equal(client.send(Message.of('EVENT', { id: 2 })), 'queued');
  await settled();
  t.same(heard, ['1']);
  await proxy.heal();
  await until('the second is heard', () => heard.length === 2);
  t.same(heard, ['1', '2']);
});

t.test('the record tells what passed, and what happened', async t => {
  const recorder = new Recorder();
  const clock = new VirtualClock();
  const { proxy, link } = await stage(t, 'memory', { recorder, clock });
  const { near, far } = await link();
  await clock.advance(5);
  near.channel.send(Buffer.from('DAD\n'));
  await far.ear.holds(4);
  far.channel.send(Buffer.from('CLIMB\n'));
  await near.ear.holds(6);
  near.channel.end?.();
  await far.ear.hears('ended');
  far.channel.close();
  await near.ear.hears('closed');
  await until('the link is gone', () => proxy.links === 0);
  await link();
  proxy.reset();
  t.same(recorder.lines(), ['DAD', 'CLIMB']);
  const lines = recorder.toJsonLines().trimEnd().split('\n');
  t.same(lines.slice(0, 5), [
    '{"t":0,"conn":1,"ev":"open"}',
    '{"t":5,"conn":1,"dir":"client->server","bytes":"DAD\\n"}',
    '{"t":5,"conn":1,"dir":"server->client","bytes":"CLIMB\\n"}',
    '{"t":5,"conn":1,"ev":"client FIN"}',
    '{"t":5,"conn":1,"ev":"server FIN"}',
  ]);
  t.same(lines.slice(5, 7).sort(), ['{"t":5,"conn":1,"ev":"client closed"}', '{"t":5,"conn":1,"ev":"server closed"}']);
  t.same(lines.slice(7), ['{"t":5,"conn":2,"ev":"open"}', '{"t":5,"conn":2,"ev":"reset"}']);
});

t.test('it may stand between two kinds of transport', async t => {
  const network = memory();
  const heard: string[] = [];
  const place = await network.listen(parseAddress('memory:server'), {
    accept: channel => {
      const ear = listenTo(channel);
      ear.during = () => heard.push(ear.text);
    },
    trouble: () => undefined,
  });
  const { communicator } = worldOf(t);
  const proxy = await FaultProxy.open({
    to: 'memory:server',
    listen: 'tcp://127.0.0.1:0',
    transports: { memory: network },
  });
  t.match(proxy.address, /^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
  communicator
    .permanent(proxy.address, { dispatcher: new Dispatcher().otherwiseUnknown(), outbox: { session: false } })
    .send('HI');
  await until('the server hears', () => heard.includes('HI\n'));
  await proxy.close();
  place.close();
});

t.test('an address that is taken is told, at the beginning and at heal', async t => {
  const transports = { memory: memory() };
  const deaf = { accept: (): void => undefined, trouble: (): void => undefined };
  const options = { to: 'memory:server', listen: 'memory:proxy', transports };
  const proxy = await FaultProxy.open(options);
  await t.rejects(FaultProxy.open(options), { code: 'LISTEN_FAILED' });
  await proxy.refuse();
  const other = await transports.memory.listen(parseAddress('memory:proxy'), deaf);
  await t.rejects(proxy.heal(), { code: 'LISTEN_FAILED' });
  t.equal(proxy.state, 'refusing');
  other.close();
  await proxy.heal();
  t.equal(proxy.state, 'open');
  await proxy.close();
});

t.test('a cut while the server is dialled ends the dial', async t => {
  const network = memory();
  const signals: AbortSignal[] = [];
  const slow = {
    ...network,
    dial: (_: unknown, signal: AbortSignal): Promise<never> => {
      signals.push(signal);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const recorder = new Recorder();
  const proxy = await FaultProxy.open({
    to: 'slow://server:1',
    listen: 'memory:proxy',
    transports: { memory: network, slow },
    recorder,
  });
  const channel = await network.dial(parseAddress('memory:proxy'), never);
  const ear = listenTo(channel);
  await until('the server is dialled', () => signals.length === 1);
  t.equal(proxy.links, 1);
  await proxy.cut();
  t.equal(signals[0]?.aborted, true);
  await ear.hears('closed');
  t.same(
    recorder.happenings.map(({ event }) => event),
    ['cut'],
  );
  await proxy.close();
});

t.test('memory is bounded by the number of chunks as well', async t => {
  const { proxy, link } = await stage(t, 'memory', { clock: new VirtualClock() });
  const { near, far } = await link();
  proxy.delay(10);
  for (let count = 0; count < 5_000; count += 1) near.channel.send(Buffer.from('x'));
  await settled();
  t.equal(proxy.held, 1_024);
  await proxy.heal();
  await far.ear.holds(5_000);
  near.channel.send(pattern(8));
  await far.ear.holds(5_008);
});

t.test('a link that one side left while frozen is told at heal, behind its bytes', async t => {
  const { proxy, link } = await stage(t, 'tcp');
  const { near, far } = await link();
  proxy.freeze();
  near.channel.send(Buffer.from('last words'));
  near.channel.destroy();
  await settled(50);
  t.same([far.ear.order, proxy.links], [[], 1]);
  await proxy.heal();
  await far.ear.hears('ended');
  t.equal(far.ear.text, 'last words');
});

t.test('a slow way does not hold back the end of what was said before a close', async t => {
  const clock = new VirtualClock();
  const { proxy, link } = await stage(t, 'tcp', { clock });
  const { near, far } = await link();
  proxy.delay(100);
  near.channel.end?.();
  far.channel.send(Buffer.from('BYE\n'));
  far.channel.close(60_000);
  await until('the proxy has it', () => proxy.held === 4);
  await settled(50);
  t.same(near.ear.order, []);
  await clock.advance(100);
  await near.ear.hears('closed');
  t.same([near.ear.text, near.ear.reason], ['BYE\n', undefined]);
});

t.test('options and figures that make no sense are refused', async t => {
  const { proxy } = await stage(t, 'memory');
  t.throws(() => proxy.delay(-1), { code: 'OUT_OF_RANGE' });
  t.throws(() => proxy.rate(0), { code: 'OUT_OF_RANGE' });
  t.throws(() => proxy.split(0), { code: 'OUT_OF_RANGE' });
  t.throws(() => proxy.split(1.5), { code: 'OUT_OF_RANGE' });
  proxy.split(Number.POSITIVE_INFINITY);
  await t.rejects(FaultProxy.open({ to: 'carrier-pigeon://roof:1' }), { code: 'INVALID_ADDRESS' });
  await t.rejects(FaultProxy.open({ to: 'tcp://127.0.0.1:1', lag: 1 } as { to: string }), { code: 'UNKNOWN_OPTION' });
});
