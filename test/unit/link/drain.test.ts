// Requests of ours that wait for their answer when we stop: they may end within the drain, and are abandoned after it.

import t from 'tap';
import { gate } from '../../scenario/stairs.ts';
import { add, Stage, settled } from './stage.ts';

for (const dialect of ['session', 'seed'] as const) {
  t.test(`${dialect}: a controller that stops gets the answers that are under way`, async t => {
    const stage = new Stage();
    const nodes = stage.another();
    const server = await stage.server({ dialect });
    const answer = gate();
    stage.node(1, { dialect }, nodes).handle(add, async ({ a, b }) => {
      await answer.promise;
      return { sum: a + b };
    });
    await settled(60);
    const sum = server.node(1).send(add, { a: 1, b: 2 });
    await settled();
    const stopping = stage.communicator.stop();
    await settled(60);
    t.equal(stage.communicator.state, 'stopping');
    answer.open();
    t.same(await sum, { sum: 3 });
    await settled(60);
    await stage.clock.advance(1_000);
    t.match(await stopping, { abandoned: [] });
    void nodes.stop();
    await stage.clock.advance(30_000);
  });

  t.test(`${dialect}: a client that stops gets the answers that are under way`, async t => {
    const stage = new Stage();
    const clients = stage.another();
    const server = await stage.server({ dialect });
    const answer = gate();
    server.handle(add, async ({ a, b }) => {
      await answer.promise;
      return { sum: a + b };
    });
    const client = stage.client({ dialect }, clients);
    await settled(60);
    const sum = client.send(add, { a: 1, b: 2 });
    await settled();
    const stopping = clients.stop();
    await settled(60);
    t.equal(client.state, 'closing');
    answer.open();
    t.same(await sum, { sum: 3 });
    await stage.clock.advance(1_000);
    t.match(await stopping, { abandoned: [] });
    t.equal(client.state, 'closed');
    await stage.end();
  });

  t.test(`${dialect}: what is not answered when the drain is over is abandoned`, async t => {
    const stage = new Stage();
    const nodes = stage.another();
    const server = await stage.server({ dialect });
    const node = stage.node(1, { dialect }, nodes).handle(add, () => new Promise<never>(() => undefined));
    server.handle(add, () => new Promise<never>(() => undefined));
    await settled(60);
    const peer = server.node(1);
    const ours = peer.send(add, { a: 1, b: 2 }, { timeout: 60_000 });
    await settled();
    peer.stop();
    const rejected = t.rejects(ours, { code: 'ABANDONED', message: /add_response/ });
    await stage.clock.advance(9_999);
    t.equal(peer.state, 'closing');
    await stage.clock.advance(1_000);
    await rejected;
    t.equal(peer.state, 'closed');
    await stage.clock.advance(10_000);
    t.equal(node.state, 'connected', 'it has come back');
    const theirs = node.send(add, { a: 1, b: 2 }, { timeout: 60_000 });
    const alsoRejected = t.rejects(theirs, { code: 'ABANDONED' });
    node.stop();
    await stage.clock.advance(10_000);
    await alsoRejected;
    await stage.end();
  });
}

t.test('who is stopped without a link abandons its requests at once', async t => {
  const stage = new Stage();
  const nodes = stage.another();
  const server = await stage.server();
  const node = stage.node(1, {}, nodes);
  await settled(60);
  stage.frames.reachable = false;
  stage.frames.cut();
  await settled(60);
  const peer = server.node(1);
  const waiting = [peer.send(add, { a: 1, b: 2 }), node.send(add, { a: 1, b: 2 })];
  const rejected = waiting.map(one => t.rejects(one, { code: 'ABANDONED', message: /was stopped/ }));
  peer.stop();
  node.stop();
  await Promise.all(rejected);
  await stage.end();
});
