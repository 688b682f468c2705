// qio through tls: WebSockets, polls and raw streams on one port, and none of them in the clear.

import { connect } from 'node:tls';
import t from 'tap';
import { parseAddress } from '../../../lib/index.ts';
import { cert, key } from '../../support/certificate.ts';
import { Raw } from '../raw.ts';
import { headOf } from '../transport/any-stage.ts';
import { answer, heard, post, qioHall, text, until, upgradeRequest } from './qio-stage.ts';

const ok = '/qio/callback/1:0={"code":200,"data":null}';
const web = { publicAddress: 'localhost', tls: { cert, key } };

t.test('all ways lead through tls', async t => {
  const hall = await qioHall(t, { web });
  const dial = async (): Promise<Raw> => {
    const { host, port } = parseAddress(hall.address);
    const socket = connect({ host, port, ca: cert });
    const raw = new Raw(socket);
    t.teardown(() => raw.destroy());
    await until('it is secure', () => socket.authorized);
    return raw;
  };
  const socket = await dial();
  socket.send(upgradeRequest());
  t.match(await headOf(socket), ' 101 ');
  socket.send(text('/qio/ohai'));
  await socket.take(11);
  socket.send(text('/qio/on:1="/test/good"'));
  t.equal((await heard(socket)).text, ok);
  const polling = await dial();
  polling.send(post(`/?sid=${'5'.repeat(32)}&connect=true`, '/qio/ping:1='));
  t.equal((await answer(polling)).body, `${ok}\n`);
  const raw = await dial();
  raw.send('/qio/ohai');
  t.equal(await raw.take(9), '/qio/ohai');
  t.same(
    hall.server.clients.map(({ carrier }) => carrier),
    ['websocket', 'polling', 'raw'],
  );
  hall.server.broadcast('/test/good', 1);
  t.equal((await heard(socket)).text, '/test/good:0=1');
});

t.test('in the clear there is nothing', async t => {
  const hall = await qioHall(t, { web, times: { client: 200 } });
  for (const words of ['/qio/ohai', upgradeRequest(), post('/')]) {
    const raw = await hall.dial();
    raw.send(words);
    await raw.end();
    t.notMatch(raw.rest, /ohai|101|403/);
  }
  t.match(hall.server.snapshot(), { clients: 0 });
});
