// How a client ends, and begins again, when its program says so.

import t from 'tap';
import type { QioClientState } from '../../../lib/protocol/qio/client.ts';
import { Stage } from './client-stage.ts';

t.test('close ends it, tells /close, and nothing comes after', async t => {
  const stage = await Stage.open();
  const { client, socket } = stage;
  client.on('/news', () => t.fail('it was told'));
  client.send('/a', 1, (_data, _reply, code) => stage.log.push(`${code}`));
  client.close();
  t.same(stage.told(), ['-1', 'close: closed by the program']);
  t.equal(client.state, 'closed');
  t.equal(socket.closed, 1);
  client.close();
  socket.say('/news:0=1');
  socket.drop();
  t.equal(stage.clock.waiting, 0, 'no timer is left');
  await stage.advance(100_000);
  t.same(stage.told(), []);
  t.equal(stage.sockets.length, 1);
});

t.test('what is sent after close waits for reconnect', async t => {
  const stage = await Stage.open();
  stage.client.close();
  t.equal(stage.client.send('/later', 1), 'queued');
  stage.client.reconnect();
  await stage.advance();
  stage.socket.open();
  t.same(stage.socket.take(), ['/later:0=1']);
});

t.test('close before a connection is there tells no /close', async t => {
  for (const state of ['waiting', 'trying-websocket', 'trying-polling'] satisfies QioClientState[]) {
    const stage = new Stage();
    if (state !== 'waiting') await stage.advance();
    if (state === 'trying-polling') stage.socket.drop();
    t.equal(stage.client.state, state);
    stage.told();
    stage.client.close();
    await stage.advance(100_000);
    t.same(stage.told(), []);
    t.equal(stage.client.state, 'closed');
    if (state === 'trying-polling') t.ok(stage.request.signal.aborted);
  }
});

t.test('reconnect from a pause, and from a connection, connects at once', async t => {
  const stage = await Stage.open();
  stage.socket.drop();
  stage.client.reconnect();
  await stage.advance();
  t.equal(stage.client.state, 'trying-websocket');
  stage.socket.open();
  stage.told();
  const old = stage.socket;
  stage.client.send('/a', 1, (_data, _reply, code) => stage.log.push(`${code}`));
  stage.client.reconnect();
  t.same(stage.told(), ['-1', 'close: reconnecting']);
  await stage.advance();
  t.not(stage.socket, old);
  stage.client.reconnect();
  await stage.advance();
  stage.socket.open();
  t.same(stage.told(), ['open websocket one.example:8080']);
  t.equal(stage.sockets.length, 4);
});

t.test('a program may close in whatever it is told', async t => {
  for (const path of ['/open', '/close', '/error'] as const) {
    const stage = new Stage();
    stage.client.on(path, () => stage.client.close());
    await stage.advance();
    if (path === '/error') stage.socket.drop();
    else stage.socket.open();
    if (path === '/close') stage.socket.drop();
    t.equal(stage.client.state, 'closed', path);
    await stage.advance(100_000);
    t.equal(stage.sockets.length, 1);
    t.equal(stage.requests.length, 0);
  }
});

t.test('a callback that closes before a connection opens leaves it closed', async t => {
  const stage = new Stage();
  await stage.advance();
  stage.client.send('/a', 1, () => stage.client.close());
  stage.socket.open();
  t.equal(stage.client.state, 'closed');
  t.same(stage.told(), []);
});
