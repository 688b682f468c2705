// The recorded frames, both ways: pushed as the original's clients did, published as its server did, and what we push and
// subscribe to against what was recorded.

import t from 'tap';
import * as zmq from 'zeromq';
import { Stage } from '../scenario/events/events-stage.ts';
import { until } from '../support/world.ts';
import { recorded, situations } from '../unit/events/recordings.ts';

t.test('recorded frames go through our server byte for byte, and our client hears them', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const bare = new zmq.Subscriber({ linger: 0 });
  const push = new zmq.Push({ linger: 0 });
  t.teardown(() => {
    bare.close();
    push.close();
  });
  bare.subscribe('CLIENT_UID');
  bare.connect(stage.addresses.regAddress);
  push.connect(stage.addresses.emitAddress);
  const client = stage.client();
  const heard: unknown[] = [];
  client.register('CLIENT_UID', (_event, ...content) => heard.push(content));
  await client.ready();
  // The bare subscriber has no round trip: what it hears first shows that it is there.
  const probing = setInterval(() => client.emit('CLIENT_UID', 'probe'), 10);
  await bare.receive();
  clearInterval(probing);
  await client.ready();
  heard.length = 0;
  const all = Object.values(situations).flatMap(situation => recorded(situation));
  const passed: string[] = [];
  const reading = (async () => {
    for await (const [frame] of bare) {
      if (!String(frame).includes('probe')) passed.push(String(frame?.toString('latin1')));
      if (passed.length === all.length) return;
    }
  })();
  for (const { frame } of all) await push.send(frame);
  await reading;
  t.same(
    passed,
    all.map(({ frame }) => frame.toString('latin1')),
  );
  await until('all are heard', () => heard.length === all.length);
  t.same(
    heard,
    all.map(({ args }) => args),
  );
});

t.test('our client pushes the recorded bytes, and hears a server that publishes them', async t => {
  const pull = new zmq.Pull({ linger: 0 });
  const pub = new zmq.XPublisher({ linger: 0 });
  t.teardown(() => {
    pull.close();
    pub.close();
  });
  await pull.bind('tcp://127.0.0.1:*');
  await pub.bind('tcp://127.0.0.1:*');
  const stage = new Stage(t);
  const client = stage.client({ emitAddress: pull.lastEndpoint as string, regAddress: pub.lastEndpoint as string });
  const heard: unknown[] = [];
  client.register('CLIENT_UID', (_event, ...content) => heard.push(content));
  const [subscription] = await pub.receive();
  t.equal(
    subscription?.toString('latin1'),
    '\x01CLIENT_UID\0',
    'a subscription, with the NUL so that no longer name matches',
  );
  for (const { frame } of recorded(situations.published)) await pub.send(frame);
  const published = recorded(situations.published);
  await until('all are heard', () => heard.length === published.length);
  t.same(
    heard,
    published.map(({ args }) => args),
  );
  for (const { args, frame } of recorded(situations.python2)) {
    if (typeof args[0] === 'object' && args[0] !== null) continue;
    client.emit('CLIENT_UID', ...args);
    const frames = await pull.receive();
    t.same(
      frames.map(one => one.toString('latin1')),
      [frame.toString('latin1')],
    );
  }
  client.unregister('CLIENT_UID');
  const [farewell] = await pub.receive();
  t.equal(farewell?.toString('latin1'), '\x00CLIENT_UID\0');
});
