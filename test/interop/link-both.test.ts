// One server for both dialects. A real client of either refuses the other's hello, and says nothing before it; so those
// of the session dialect ask for theirs in the URL.

import { createRequire } from 'node:module';
import t from 'tap';
import { linkToken } from '../../lib/protocol/link/index.ts';
import { until } from '../support/world.ts';
import * as alpha from './link-alpha12.ts';
import { realControl, realSlave } from './link-classes.ts';
import { Ours } from './link-ours.ts';
import { Tap } from './link-tap.ts';

const secret = 'c2VjcmV0IG9mIHRoZSB0ZXN0cw==';
const token = await linkToken(secret, { dialect: 'session', role: 'control' });
const nodeToken = await linkToken(secret, { dialect: 'session', role: 'node', id: 4 });
const seedToken = await linkToken(secret, { dialect: 'seed', role: 'node', id: 9 });

const schemas = createRequire(import.meta.url)('@clusterio/lib/schema') as {
  serverHandshake(message: object): boolean;
};

t.test('no hello pleases both: what the session dialect needs, the seed may not have', t => {
  const hello = (seq: number | null, data: object): object => ({ seq, type: 'hello', data });
  t.notOk(schemas.serverHandshake(hello(1, { version: '2.0.0' })), 'the hello of the seed');
  t.ok(schemas.serverHandshake(hello(1, { version: '2.0.0', plugins: {} })), 'a number would be taken');
  t.notOk(schemas.serverHandshake(hello(1, { version: '2.0.0', more: 1 })), 'other parts would not');
  t.end();
});

t.test('real clients that ask for their dialect, and those of the seed, are on one server', async t => {
  const ours = new Ours(t);
  const session = { timeout: 10_000, heartbeat: 5_000 };
  const { server, address } = await ours.server({ dialect: 'both', secret, session, locate: () => 9 });
  server.handle(alpha.ping, () => ({})).handle(alpha.updateInstances, () => ({}));
  const tap = await Tap.open(t, address);

  const seed = ours.client(tap.ws, { role: 'node', id: 9, name: 'seed', token: seedToken, dialect: 'seed' });
  seed.client.handle(alpha.sendRcon, ({ command }) => ({ result: `${command} of the seed` }));
  await seed.tells('connect');
  const control = realControl(t, `${tap.http}?session/`, token);
  const node = realSlave(t, `${tap.http}?session/`, 4, nodeToken);
  await Promise.all([control.link.connector.connect(), node.link.connector.connect()]);
  const answer = await control.send('sendRcon', { instance_id: 5, command: '/time' });
  t.match(answer, { result: '/time of the seed' }, 'from a real control of sessions to a node of the seed');
  t.same(new Set(server.peers.map(({ registration }) => registration.dialect)), new Set(['seed', 'session']));

  tap.proxy.reset();
  await until('both are back', () => control.told.includes('resume') && node.told.includes('resume'));
  await seed.tells('connect', 2);
  t.match(await control.send('ping'), {});

  const refused = realControl(t, `${tap.http}?session/`, 'gibberish');
  const why = 'Authentication failed: jwt malformed';
  await t.rejects(refused.link.connector.connect(), { message: why }, 'a reason in its dialect');
});

t.test('a real client of sessions that does not ask refuses the hello of the seed', async t => {
  const { address } = await new Ours(t).server({ dialect: 'both', secret });
  const tap = await Tap.open(t, address);
  const control = realControl(t, tap.http, token);
  void control.link.connector.connect();
  await until('it has refused', () => tap.said.some(({ close }) => close !== undefined));
  t.match(tap.said.slice(0, 2), [
    { dir: 's2c', text: '{"seq":1,"type":"hello","data":{"version":"2.0.0"}}' },
    { dir: 'c2s', close: { code: 1002, reason: 'Invalid handshake' } },
  ]);
});

t.test('only servers of both dialects are asked', async t => {
  const ours = new Ours(t);
  const hello = async (dialect: 'seed' | 'session' | 'both', query: string): Promise<unknown> => {
    const { address } = await ours.server({ dialect });
    const tap = await Tap.open(t, address);
    const { client } = ours.client(`${tap.ws}/api/socket${query}`, { role: 'control' });
    await until('it is greeted', () => tap.messages.length > 0);
    client.destroy();
    return Object.keys(tap.messages[0]?.data ?? {}).length === 2 ? 'session' : 'seed';
  };
  t.equal(await hello('both', ''), 'seed');
  t.equal(await hello('both', '?seed'), 'seed');
  t.equal(await hello('both', '?session'), 'session');
  t.equal(await hello('both', '?a=1&session='), 'session');
  t.equal(await hello('both', '?sessions'), 'seed');
  t.equal(await hello('both', '?a=session'), 'seed');
  t.equal(await hello('seed', '?session'), 'seed');
  t.equal(await hello('session', '?seed'), 'session');
});
