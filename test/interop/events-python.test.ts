// Real Python at the other end, as emitter and as subscriber, without keys and with them.

import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { Stage } from '../scenario/events/events-stage.ts';
import { until } from '../support/world.ts';
import { pythonEmits, pythonListens, pythonMakesKeys } from './events-peer.ts';
import { withoutPython } from './python.ts';

const skip = withoutPython('zmq', 'zmq.auth');
const content = ['user@example.org', 3, -1.5, null, true, { uuid: 'u1', list: ['é', '€'] }];

t.test('what Python emits, in each protocol, our client hears', { skip }, async t => {
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  const heard: unknown[] = [];
  client.register('CLIENT_UID', (_event, ...values) => heard.push(values));
  await client.ready();
  const peer = pythonEmits(
    t,
    stage.addresses,
    [0, 1, 2, 3, 4].map(protocol => ['CLIENT_UID', protocol, content] as const),
  );
  t.equal(await peer.ended, 0);
  await until('all came', () => heard.length === 5);
  for (const one of heard) t.same(one, content);
});

t.test('what our client emits, in each form of pickle, Python hears', { skip }, async t => {
  const stage = new Stage(t);
  await stage.serve();
  const forms = ['pickle', { protocol: 2 }, { dialect: 'python3' }, { protocol: 2, dialect: 'python3' }] as const;
  const peer = await pythonListens(t, stage.addresses, 'CLIENT_UID', forms.length);
  for (const form of forms) {
    const client = stage.client({ content: form });
    client.emit('CLIENT_UID', ...content);
    await client.ready();
  }
  t.equal(await peer.ended, 0);
  for (const line of peer.lines.slice(1)) t.same(JSON.parse(line), ['CLIENT_UID', content]);
});

t.test('with keys, both ways; and a Python peer whose key is not allowed is not heard', { skip }, async t => {
  const folder = join(mkdtempSync(join(tmpdir(), 'ed-python-')), 'zmq_certificates');
  t.teardown(() => rmSync(join(folder, '..'), { recursive: true, force: true }));
  const stage = new Stage(t);
  const server = await stage.serve({ curve: { folder } });
  const client = stage.client({ curve: { folder } });
  const heard: unknown[] = [];
  client.register('CLIENT_UID', (_event, ...values) => heard.push(values));
  await client.ready();
  const place = { ...stage.addresses, keys: folder };
  const has = (word: string): boolean => heard.some(values => (values as unknown[])[0] === word);

  const emitter = pythonEmits(t, place, [['CLIENT_UID', 0, ['from', 'python']]]);
  t.equal(await emitter.ended, 0);
  await until('it came', () => has('from'));

  const listener = await pythonListens(t, place, 'CLIENT_UID', 1);
  client.emit('CLIENT_UID', 'to python');
  t.equal(await listener.ended, 0);
  t.same(JSON.parse(listener.lines[1] ?? ''), ['CLIENT_UID', ['to python']]);

  const other = join(folder, '../stranger');
  for (const part of ['public_keys', 'private_keys']) mkdirSync(join(other, part), { recursive: true });
  await pythonMakesKeys(t, other, 'client');
  renameSync(join(other, 'client.key_secret'), join(other, 'private_keys/client.key_secret'));
  copyFileSync(join(folder, 'public_keys/server.key'), join(other, 'public_keys/server.key'));
  pythonEmits(t, { ...place, keys: other }, [['CLIENT_UID', 0, ['stranger']]]);
  await until('the stranger is refused', () => Number(server.snapshot().refused) > 0);
  await client.ready();
  t.notOk(has('stranger'), 'and not heard');

  // The public key that pyzmq has written is read as well as ours.
  copyFileSync(join(other, 'client.key'), join(folder, 'public_keys/friend.key'));
  pythonEmits(t, { ...place, keys: other }, [['CLIENT_UID', 0, ['friend']]]);
  await until('the friend is heard', () => has('friend'));
});
