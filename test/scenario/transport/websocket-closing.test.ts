// Close codes both ways, and what can still be said at the end.

import t from 'tap';
import { WebSocketServer } from 'ws';
import { parseAddress, websocket } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';
import { hello, never } from '../../contract/ear.ts';
import { until } from '../../support/world.ts';
import { foreign, frameEar, hall, ours } from './websocket-stage.ts';

t.test('a close code and its reason arrive, and come back where the answer has none of its own', async t => {
  const { near, far, a, b } = await ours(t);
  near.send(hello);
  near.closeWith(4003, 'who are you?');
  await b.hears('ended');
  t.same(b.story, ['hello', 'closing 4003', 'ended']);
  t.same(b.words, [[4003, 'who are you?']]);
  far.close();
  await Promise.all([a.hears('closed'), b.hears('closed')]);
  t.same(a.words, [[4003, '']]);
  t.same([a.reason, b.reason], [undefined, undefined]);
  near.closeWith(1000);
  near.closeWith();
  t.same(a.story, ['closing 4003', 'closed']);
});

t.test('an answer may have a code of its own', async t => {
  const { near, far, a, b } = await ours(t);
  near.closeWith(1000, 'done');
  await b.hears('ended');
  far.closeWith(1011, 'I am not');
  await Promise.all([a.hears('closed'), b.hears('closed')]);
  t.same([a.words, b.words], [[[1011, 'I am not']], [[1000, 'done']]]);
});

t.test('a close without a code is an empty frame', async t => {
  for (const how of ['close', 'closeWith'] as const) {
    const { url, channel } = await hall(t);
    const { closed } = await foreign(t, url);
    const far = await channel();
    const ear = frameEar(far);
    far[how]();
    t.same(await closed, [1005, '']);
    await ear.hears('closed');
    t.same(ear.story, ['closing 1005', 'closed']);
  }
});

t.test('a foreign peer and we tell each other codes, whoever begins', async t => {
  const { url, channel } = await hall(t);
  const first = await foreign(t, url);
  const ear = frameEar(await channel(0));
  first.ws.close(1001, 'going away');
  await ear.hears('ended');
  t.same(ear.words, [[1001, 'going away']]);
  (await channel(0)).close();
  t.same(await first.closed, [1001, '']);
  await ear.hears('closed');
  const second = await foreign(t, url);
  const far = await channel(1);
  const other = frameEar(far);
  far.closeWith(1008, 'Registered from another connection');
  t.same(await second.closed, [1008, 'Registered from another connection']);
  await other.hears('closed');
  t.same(other.words, [[1008, 'Registered from another connection']], 'ws echoes the reason too');
});

t.test('an end without a close frame is 1006, and has a reason unless we were closing', async t => {
  const { url, channel } = await hall(t);
  const cut = await foreign(t, url);
  const ear = frameEar(await channel(0));
  cut.ws.terminate();
  await ear.hears('closed');
  t.same(ear.story, ['closing 1006', 'closed']);
  t.match(ear.reason, { code: 'CLOSED', message: /without a close frame|ECONNRESET/ });
  const dropping = await foreign(t, url);
  const far = await channel(1);
  const other = frameEar(far);
  dropping.ws.on('message', () => dropping.ws.terminate());
  far.send(Buffer.from('{"type":"close"}'));
  far.closeWith();
  await other.hears('closed');
  t.match(other.story.join(), /^closing 100[56],closed$/);
  t.equal(other.reason, undefined);
});

t.test('a server of the other kind closes us with its code', async t => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  t.teardown(() => server.close());
  await until('it listens', () => server.address() !== null);
  const { port } = server.address() as { port: number };
  server.on('connection', ws => {
    ws.send('hello');
    ws.close(4001, 'not today');
  });
  const near = await websocket().dial(parseAddress(`ws://127.0.0.1:${port}`), never);
  const ear = frameEar(near);
  await ear.hears('ended');
  near.close();
  await ear.hears('closed');
  t.same(ear.story, ['hello', 'closing 4001', 'ended', 'closed']);
});

t.test('what was said before a close frame can still be answered', async t => {
  const { url, channel } = await hall(t);
  const { ws, messages, closed } = await foreign(t, url);
  const far = await channel();
  const ear = frameEar(far);
  ws.send('question');
  ws.close(1000);
  await ear.hears('ended');
  await settled(20);
  far.send(Buffer.from('answer'));
  far.close();
  t.same(await closed, [1000, '']);
  t.same(
    messages.map(({ text }) => text),
    ['answer'],
  );
});

t.test('a code that no frame may have is refused, and nothing is closed', async t => {
  const { near, far, b } = await ours(t);
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.5, Number.NaN]) {
    t.throws(() => near.closeWith(code), { code: 'INVALID_VALUE' }, `${code}`);
  }
  near.send(hello);
  await b.holds(5);
  far.destroy();
});

t.test('a reason that does not fit its frame is cut between two characters', async t => {
  const { near, far, b } = await ours(t);
  near.closeWith(1000, `x${'ä'.repeat(100)}`);
  await b.hears('ended');
  t.same(b.words, [[1000, `x${'ä'.repeat(61)}`]]);
  far.close();
});

t.test('an owner may close, or destroy, as soon as it hears of the end', async t => {
  for (const how of ['close', 'destroy', 'reset'] as const) {
    const { near, far, a, b } = await ours(t);
    b.closing = (code: number) => {
      b.story.push(`closing ${code}`);
      far[how]();
    };
    near.closeWith(1000);
    await Promise.all([a.hears('closed'), b.hears('closed')]);
    t.equal(b.story[0], 'closing 1000');
    t.equal(b.story.at(-1), 'closed');
    t.equal(b.times('closed'), 1);
  }
});

t.test('who destroys hears of no close frame', async t => {
  const { near, far, a, b } = await ours(t);
  near.closeWith(1000);
  near.destroy();
  await a.hears('closed');
  await b.hears('closed').catch(() => undefined);
  far.destroy();
  t.same(a.story, ['closed']);
});
