// What a WebSocket asked for when it connected, for handlers, greetings and rules: path, query, headers.

import t from 'tap';
import type { Peer, UpgradeFacts } from '../../../lib/index.ts';
import { anyStream, Dispatcher, websocket } from '../../../lib/index.ts';
import { until } from '../../support/world.ts';
import { worldOf } from '../stairs.ts';
import { foreign } from './websocket-stage.ts';

const options = { headers: { cookie: 'a=1; b=2', 'X-Trace': ['one', 'two'] }, origin: 'http://pages.example' };

t.test('a handler, a greeting and a rule see the path, the query and the headers, as frozen plain data', async t => {
  const seen: (UpgradeFacts | undefined)[] = [];
  const { communicator } = worldOf(t);
  const listener = communicator.listen('ws://127.0.0.1:0/talk', {
    accepted: peer => seen.push(peer.upgrade),
    allow: (_message, { upgrade }) => seen.push(upgrade) > 0,
    dispatcher: new Dispatcher().on('ASK', (message, peer) => {
      seen.push(peer.upgrade);
      peer.send(message.reply('ANSWER', { room: peer.upgrade?.query.room, remote: peer.remote }));
    }),
  });
  const url = await listener.ready;
  const { ws, messages } = await foreign(t, `${url}?room=a%20b&room=c&__proto__=d&empty`, [], options);
  ws.send('ASK\n');
  await until('the answer', () => messages.length > 0);
  t.match(messages[0]?.text, /^ANSWER remote=ws:\/\/127\.0\.0\.1:\d+;room=a b\n$/);
  const [greeting, rule, handler] = seen;
  t.equal(greeting, handler);
  t.equal(rule, handler);
  t.equal(handler?.path, '/talk');
  t.same(Object.entries(handler?.query ?? {}), Object.entries(JSON.parse('{"room":"a b","__proto__":"d","empty":""}')));
  t.match(handler?.headers, { cookie: 'a=1; b=2', 'x-trace': 'one, two', origin: 'http://pages.example' });
  for (const data of [handler, handler?.query, handler?.headers]) t.ok(Object.isFrozen(data));
  t.same(JSON.parse(JSON.stringify(handler)), handler, 'it is plain');
  t.notMatch(JSON.stringify(communicator.snapshot()), /a=1/, 'nothing of it is in a snapshot: there may be secrets');
});

t.test('what a browser cannot say otherwise lets it in: a token in the query', async t => {
  const { communicator } = worldOf(t);
  const listener = communicator.listen('ws://127.0.0.1:0/talk', {
    allow: (_message, { upgrade }) => upgrade?.query.token === 'secret' || 'no token',
    dispatcher: new Dispatcher().on('ASK', (message, peer) => peer.send(message.reply('ANSWER'))),
  });
  const url = await listener.ready;
  for (const [query, answer] of [
    ['?token=secret', /^ANSWER/],
    ['?token=other', /^INVALID .*no token/],
    ['', /^INVALID/],
  ] as const) {
    const { ws, messages } = await foreign(t, url + query);
    ws.send('ASK\n');
    await until('the answer', () => messages.length > 0);
    t.match(messages[0]?.text, answer);
  }
});

t.test('on one port for all, a WebSocket has it and lines have none; where requests are dropped, nobody', async t => {
  for (const request of ['kept', 'dropped'] as const) {
    const { communicator } = worldOf(t, {
      transports: { any: anyStream({ webSocket: { request } }), ws: websocket() },
    });
    const peers: Peer[] = [];
    const listener = communicator.listen('any://127.0.0.1:0', { accepted: peer => void peers.push(peer) });
    const address = await listener.ready;
    communicator.connect(address.replace('any:', 'ws:'));
    await until('the WebSocket', () => peers.length === 1);
    communicator.connect(address.replace('any:', 'tcp:')).send('HI');
    await until('the stream', () => peers.length === 2);
    t.match(peers[0]?.upgrade, request === 'kept' ? { path: '/', query: {} } : undefined);
    t.equal(peers[1]?.upgrade, undefined);
  }
});
