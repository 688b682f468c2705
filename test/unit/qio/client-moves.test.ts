// How a client follows a server that sends it on.

import t from 'tap';
import { Stage } from './client-stage.ts';

t.test('it goes where the server moves it, at once, with its scheme, path and port', async t => {
  const stage = await Stage.open();
  stage.client.on('/news', () => undefined).on('/qio/move', address => stage.log.push(`move ${address}`));
  stage.client.send('/a', 1, (_data, _reply, code) => stage.log.push(`${code}`));
  await stage.advance(1_000);
  stage.socket.say('/qio/move:0="two.example"');
  t.same(stage.told(), ['move two.example', '-1', 'close: moved to two.example:8080']);
  await stage.advance();
  t.equal(stage.socket.url, 'ws://two.example:8080/qio');
  stage.socket.open();
  t.same(stage.told(), ['open websocket two.example:8080']);
  t.same(stage.socket.take(), ['/qio/on:1="/news"']);
  await stage.advance(1_000);
  stage.socket.say('/qio/move:0="[::1]:99"');
  await stage.advance();
  t.equal(stage.socket.url, 'ws://[::1]:99/qio');
  stage.socket.open();
  stage.socket.drop();
  await stage.advance(200);
  t.equal(stage.socket.url, 'ws://[::1]:99/qio', 'and stays there');
});

t.test('a server that moves on at once is followed after a pause', async t => {
  const stage = await Stage.open();
  stage.socket.say('/qio/move:0="two.example:1"');
  await stage.advance(199);
  t.equal(stage.client.state, 'waiting');
  await stage.advance(1);
  t.equal(stage.socket.url, 'ws://two.example:1/qio');
});

t.test('where the new server cannot be reached, the first one is tried, in turns', async t => {
  const stage = await Stage.open({ transports: ['websocket'], limits: { handshake: 100_000 } });
  await stage.advance(1_000);
  stage.socket.say('/qio/move:0="two.example:1"');
  await stage.advance();
  const tried: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    stage.socket.drop();
    await stage.advance(25_600);
    tried.push(new URL(stage.socket.url).host);
  }
  t.same(tried, ['one.example:8080', 'two.example:1', 'one.example:8080']);
});

const noPlaces = [
  '1',
  'null',
  '{}',
  '""',
  '"user@host"',
  '"host/path"',
  '"host:port"',
  '"a b"',
  '"host?x"',
  '"host#x"',
];
for (const place of [...noPlaces, '"\\\\host"', '"host:99999"']) {
  t.test(`a move to ${place} is refused`, async t => {
    const stage = await Stage.open();
    stage.socket.say(`/qio/move:0=${place}`);
    t.match(stage.told(), [/^error 401 \/qio\/move not moved to/]);
    t.equal(stage.client.state, 'open');
  });
}

t.test('a program may refuse to be moved', async t => {
  const asked: string[] = [];
  const mayMove = (address: string): boolean => {
    asked.push(address);
    return address.endsWith('.example:8080');
  };
  const stage = await Stage.open({ mayMove });
  stage.socket.say('/qio/move:0="evil.test"');
  t.same(stage.told(), ['error 401 /qio/move not moved to evil.test']);
  await stage.advance(1_000);
  t.equal(stage.client.state, 'open');
  stage.socket.say('/qio/move:0="two.example"');
  await stage.advance();
  t.equal(stage.socket.url, 'ws://two.example:8080/qio');
  t.same(asked, ['evil.test:8080', 'two.example:8080']);
});

t.test('who throws when asked refuses', async t => {
  const mayMove = (): boolean => {
    throw new Error('unsure');
  };
  const stage = await Stage.open({ mayMove });
  stage.socket.say('/qio/move:0="two.example"');
  t.same(stage.told(), ['error 500 /qio/move unsure', 'error 401 /qio/move not moved to two.example']);
  t.equal(stage.client.state, 'open');
});

t.test('secure stays secure', async t => {
  const stage = new Stage({ random: () => 0 }, 'https://one.example/qio?token=a');
  await stage.advance();
  t.equal(stage.socket.url, 'wss://one.example/qio?token=a');
  stage.socket.open();
  await stage.advance(1_000);
  stage.socket.say('/qio/move:0="two.example:8443"');
  await stage.advance();
  t.equal(stage.socket.url, 'wss://two.example:8443/qio?token=a');
  stage.socket.drop();
  t.match(stage.request.url.href, /^https:\/\/two\.example:8443\/qio\?token=a&sid=/);
});
