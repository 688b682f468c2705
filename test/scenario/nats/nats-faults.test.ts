// What a connection to NATS does when the server goes away, freezes, or asks its clients to leave; with a real server.

import type { Test } from 'tap';
import t from 'tap';
import { NatsProxy } from '../../support/nats-proxy.ts';
import { NatsServer, noNats } from '../../support/nats-server.ts';
import { until } from '../../support/world.ts';
import { End, telling } from './nats-stage.ts';

/** Two ends at one server. */
async function pair(t: Test): Promise<{ server: NatsServer; one: End; two: End }> {
  const server = await NatsServer.start();
  const one = new End(server.address);
  const two = new End(server.address);
  t.teardown(async () => {
    await Promise.all([one.communicator.stop(), two.communicator.stop()]);
    await server.end();
  });
  await Promise.all([one.ready(), two.ready()]);
  return { server, one, two };
}

/** Numbers that grow. */
const inOrder = (texts: readonly string[]): boolean =>
  texts.every((text, index) => index === 0 || Number(text) > Number(texts[index - 1]));

t.test(
  'a server killed and started again under load: nothing twice, all accepted goes out',
  { skip: noNats },
  async t => {
    const { server, one, two } = await pair(t);
    const stop = telling(one);
    await until('some have come', () => two.heard.length > 200);
    await server.kill();
    await until('both know', () => one.states.includes('waiting') && two.states.includes('waiting'));
    t.match(one.shown, { lastError: String, server: undefined }, 'the snapshot says why');
    await until('packets wait', () => Number(one.shown.queued) > 100);
    const at = performance.now();
    await server.again();
    await Promise.all([one.ready(), two.ready()]);
    const back = performance.now() - at;
    const before = two.heard.length;
    await until('more has come', () => two.heard.length > before + 200);
    const said = stop();
    await until('all is confirmed', () => one.nats.waiting.packets === 0);
    one.backplane.publish('/load', String(said));
    await until('the last has come', () => two.heard.at(-1) === String(said));
    const { heard, missed, repeated } = two.backplane.figures;
    t.comment(`said ${said + 1}, heard ${heard}, missed ${missed}, repeated ${repeated}, back ${Math.round(back)} ms`);
    t.match(one.shown, { state: 'open', fates: { confirmed: said + 1, dropped: 0, expired: 0, refused: 0 } });
    t.ok(inOrder(two.heard), 'in order, and nothing twice');
    t.equal(heard + missed, said + 1, 'each is heard, or counted as missed');
  },
);

t.test('who is connected again first tells those who come later all the same', { skip: noNats }, async t => {
  const { server, one, two } = await pair(t);
  await server.kill();
  await until('both know', () => one.nats.state !== 'open' && two.nats.state !== 'open');
  for (let number = 0; number < 10; number += 1) one.backplane.publish('/p', String(number));
  t.equal(one.nats.waiting.packets, 10);
  await server.again();
  await until('all is confirmed', () => one.nats.waiting.packets === 0);
  await two.ready();
  one.backplane.publish('/p', '10');
  await until('the last has come', () => two.heard.at(-1) === '10');
  t.equal(two.backplane.figures.repeated, 0);
});

t.test('a frozen server is noticed, and used again when it thaws', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const end = new End(server.address, { limits: { ask: 100, dial: 300 } });
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await end.ready();
  await server.freeze();
  const at = performance.now();
  for (let number = 0; number < 100; number += 1) end.backplane.publish('/p', 'x'.repeat(100_000));
  await until('it is lost', () => end.nats.state === 'waiting' || end.nats.state === 'dialing');
  t.comment(`noticed after ${Math.round(performance.now() - at)} ms, asked each 100 ms`);
  await until('an attempt has failed', () => /within 300 ms/.test(String(end.shown.lastError)));
  t.ok(end.nats.waiting.packets > 0, 'what the server did not confirm waits');
  server.thaw();
  await end.ready();
  await until('all is confirmed', () => end.nats.waiting.packets === 0);
  t.match(end.shown, { fates: { confirmed: 100 } });
});

t.test('it stops in time while the server is frozen, and says what was left', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const end = new End(server.address);
  t.teardown(() => server.end());
  await end.ready();
  await server.freeze();
  end.backplane.publish('/p', 'text');
  const report = await end.communicator.stop(100);
  t.match(report.abandoned, [{ kind: 'nats', messages: 1 }]);
  t.equal(end.nats.state, 'closed');
});

t.test('what was accepted goes out before the end', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const one = new End(server.address);
  const two = new End(server.address);
  t.teardown(async () => {
    await two.communicator.stop();
    await server.end();
  });
  await Promise.all([one.ready(), two.ready()]);
  for (let number = 0; number < 2_000; number += 1) one.backplane.publish('/p', String(number));
  const report = await one.communicator.stop();
  t.same(report.abandoned, []);
  await until('all has come', () => two.heard.length === 2_000);
  t.equal(one.states.at(-1), 'closed');
  t.throws(() => one.nats.publish('a', Buffer.from('x')), { code: 'CLOSED' });
});

t.test('it leaves a server in its lame duck time for another, and loses nothing', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const [first, second] = await Promise.all([NatsProxy.before(server.port), NatsProxy.before(server.port)]);
  const both = [first.address, second.address];
  const one = new End(both);
  const two = new End(both);
  t.teardown(async () => {
    await Promise.all([one.communicator.stop(), two.communicator.stop()]);
    for (const proxy of [first, second]) proxy.end();
    await server.end();
  });
  await Promise.all([one.ready(), two.ready()]);
  const stop = telling(one);
  await until('some have come', () => two.heard.length > 100);
  // Both are sent away from where they are; whoever is at the second stays.
  const at = [one, two].filter(end => end.shown.server === first.address);
  const [leaving, staying] = at.length > 0 ? [first, second] : [second, first];
  leaving.lameDuck();
  await until('all have moved', () =>
    [one, two].every(end => end.shown.server === staying.address && end.nats.state === 'open'),
  );
  await until('nobody is left there', () => leaving.clients === 0);
  const before = two.heard.length;
  await until('more has come', () => two.heard.length > before + 100);
  const said = stop();
  await until('the last has come', () => two.heard.at(-1) === String(said - 1));
  t.ok([one, two].some(end => end.states.includes('moving')));
  t.notOk(
    [one, two].some(end => end.states.includes('waiting')),
    'the connection was never lost',
  );
  t.match(two.backplane.figures, { heard: said, missed: 0 });
  t.ok(inOrder(two.heard));
});

t.test('with nowhere else to go it stays until the end, and comes back', { skip: noNats }, async t => {
  const server = await NatsServer.start();
  const proxy = await NatsProxy.before(server.port);
  const end = new End(proxy.address);
  t.teardown(async () => {
    await end.communicator.stop();
    await server.end();
  });
  await end.ready();
  proxy.lameDuck();
  end.backplane.publish('/p', 'it is told behind this');
  await until('it looks for another', () => end.nats.state === 'moving' && end.shown.lastError !== undefined);
  t.doesNotThrow(() => end.backplane.publish('/p', 'still here'));
  await until('what it says goes out', () => end.nats.waiting.packets === 0);
  proxy.end();
  await until('it is lost', () => end.nats.state === 'waiting' || end.nats.state === 'dialing');
});
