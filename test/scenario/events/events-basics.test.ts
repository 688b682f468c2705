// What the README of the original promises: register, emit, unregister; and none of its deafness.

import t from 'tap';
import { UsageError } from '../../../lib/index.ts';
import type { Event } from '../../../lib/protocol/events/index.ts';
import {
  anything,
  bytes,
  catalog,
  defineCatalog,
  dict,
  eventsClient,
  flag,
  integer,
  listOf,
  number,
  orNothing,
  text,
} from '../../../lib/protocol/events/index.ts';
import { until } from '../../support/world.ts';
import { count, Stage } from './events-stage.ts';

t.test('an event reaches all who have registered for it, the emitter included', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const [first, second] = [stage.client(), stage.client()];
  const heard: string[] = [];
  for (const [name, client] of Object.entries({ first, second })) {
    client.register(catalog.CLIENT_UID, (event, ...content) =>
      heard.push(`${name} ${event} ${JSON.stringify(content)}`),
    );
    await client.ready();
  }
  t.equal(first.emit(catalog.CLIENT_UID, 'foo', 1), 'sent');
  second.emit('RAISE_WINDOW');
  await Promise.all([first.ready(), second.ready()]);
  t.same(new Set(heard), new Set(['first CLIENT_UID ["foo",1]', 'second CLIENT_UID ["foo",1]']));
});

t.test('callbacks are kept by uid: a second one is refused, or replaces the first', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  const heard: string[] = [];
  const uid = client.register(catalog.CLIENT_UID, () => heard.push('a'));
  t.match(uid, /^[0-9a-f-]{36}$/, 'a uid is made');
  client.register(catalog.CLIENT_UID, () => heard.push('b'), { uid: 'mine' });
  client.register(catalog.RAISE_WINDOW, () => heard.push('window'), { uid: 'mine' });
  t.throws(() => client.register(catalog.CLIENT_UID, () => 0, { uid: 'mine' }), { code: 'ALREADY_REGISTERED' });
  t.throws(() => client.register(catalog.CLIENT_UID, 7 as never), UsageError);
  client.register(catalog.CLIENT_UID, () => heard.push('c'), { uid: 'mine', replace: true });
  await client.ready();
  client.emit(catalog.CLIENT_UID);
  await client.ready();
  t.same(heard.splice(0), ['a', 'c'], 'the new one, not the old one');
  client.unregister(catalog.CLIENT_UID, uid);
  client.unregister(catalog.CLIENT_UID, 'nobody');
  client.unregister('NEVER_REGISTERED');
  client.emit(catalog.CLIENT_UID);
  await client.ready();
  t.same(heard.splice(0), ['c']);
  client.unregister(catalog.CLIENT_UID);
  client.emit(catalog.CLIENT_UID);
  client.emit(catalog.RAISE_WINDOW);
  await client.ready();
  t.same(heard, ['window'], 'another event is not touched');
  t.equal(count(client, 'callbacks'), 1);
});

t.test('a callback that throws or registers stops nobody', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  const heard: string[] = [];
  client.register('STRANGE', () => {
    throw new Error('on purpose');
  });
  client.register('STRANGE', async () => {
    heard.push('promise');
    await Promise.reject(new Error('late'));
  });
  client.register('STRANGE', () => {
    heard.push('last');
    client.register('STRANGE', () => heard.push('new'), { uid: 'new', replace: true });
  });
  await client.ready();
  client.emit('STRANGE');
  client.emit('STRANGE');
  await until('all were called', () => heard.length === 5);
  t.same(heard, ['promise', 'last', 'promise', 'last', 'new']);
  await until('failures are counted', () => count(client, 'failed') === 4);
  t.match(stage.log.texts('error')[0], /a callback of STRANGE failed: on purpose/);
});

t.test('while events are turned off, nothing is done', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  let heard = 0;
  client.register('X', () => {
    heard += 1;
  });
  await client.ready();
  client.setEventsEnabled(false);
  t.equal(
    client.register('Y', () => 0),
    undefined,
  );
  t.equal(client.emit('X'), 'ignored');
  client.unregister('X');
  client.setEventsEnabled(true);
  t.equal(client.emit('X'), 'sent');
  await client.ready();
  t.equal(heard, 1);
  t.throws(() => client.setEventsEnabled(1 as never), { code: 'INVALID_VALUE' });
});

t.test('a disabled client handles nothing until it is enabled', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const [client, other] = [stage.client(), stage.client()];
  const heard: unknown[] = [];
  client.register('X', (_event, number) => heard.push(number));
  await Promise.all([client.ready(), other.ready()]);
  client.disable();
  for (let number = 0; number < 10; number += 1) other.emit('X', number);
  await other.ready();
  t.same(heard, [], 'nothing');
  client.enable();
  await until('all are heard', () => heard.length === 10);
  t.same(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 'all, in order');
  client.disable();
  client.emit('X', 'last');
  client.stop();
  await stage.gone(client);
  t.equal(client.unfinished.messages, 0, 'it ends with all proven');
  t.equal(heard.length, 10, 'and handles nothing');
});

t.test("the catalog has the 48 names, and one may have a catalog of one's own", async t => {
  t.equal(Object.keys(catalog).length, 48);
  for (const [name, event] of Object.entries(catalog)) t.equal(String(event), name);
  const own = defineCatalog({ JOB_DONE: [text, integer], JOB_STATE: [dict({ ok: flag, parts: listOf(number) })] });
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  const heard: unknown[] = [];
  client.register(own.JOB_DONE, (event: Event, job: string, code: number | bigint) =>
    heard.push([event.name, job, code]),
  );
  client.register(own.JOB_STATE, (_event, { ok, parts }) => heard.push([ok, parts]));
  await client.ready();
  client.emit(own.JOB_DONE, 'build', 2n ** 70n);
  client.emit(own.JOB_STATE, { ok: true, parts: [1, 2.5] });
  t.throws(() => client.emit(own.JOB_DONE, 'build', '0' as never), {
    message: /value 2 of JOB_DONE must be a whole number/,
  });
  t.throws(() => client.emit(own.JOB_DONE as Event), { message: /it has 0 values, JOB_DONE has 2/ });
  client.emit('JOB_DONE', 'build');
  await client.ready();
  t.same(heard, [
    ['JOB_DONE', 'build', 2n ** 70n],
    [true, [1, 2.5]],
  ]);
  t.equal(count(client, 'bad'), 1, 'what came with other content is counted');
  t.throws(() => defineCatalog({ 'NO NAME': [] }), { code: 'INVALID_NAME' });
  t.throws(() => defineCatalog({ A: ['text'] as never }), { code: 'INVALID_VALUE' });
  for (const [type, good, bad] of [
    [bytes, new Uint8Array(1), 'x'],
    [orNothing(text), null, undefined],
    [anything, undefined, undefined],
  ] as const) {
    t.equal(type.fits(good), true);
    if (bad !== good) t.equal(type.fits(bad), false, type.words);
  }
});

t.test('CLIENT_UID does not bring CLIENT_UID_EXTRA', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const client = stage.client();
  const heard: string[] = [];
  client.register('CLIENT_UID', event => heard.push(String(event)));
  await client.ready();
  client.emit('CLIENT_UID_EXTRA');
  client.emit('CLIENT_UID');
  await client.ready();
  t.same(heard, ['CLIENT_UID']);
  t.equal(count(client, 'unknown'), 0);
});

t.test('each form of content is read by every client', async t => {
  const stage = new Stage(t);
  await stage.serve();
  const listener = stage.client();
  const heard: unknown[] = [];
  listener.register('X', (_event, ...content) => heard.push(content));
  await listener.ready();
  const content = ['é', { list: [1, null, true], text: 'x' }, -1.5];
  for (const form of ['pickle', 'json', { protocol: 2 }, { dialect: 'python3' }] as const) {
    const client = stage.client({ content: form });
    client.emit('X', ...content);
    await client.ready();
  }
  await until('four came', () => heard.length === 4);
  for (const one of heard) t.same(one, content);
});

t.test('options are checked', async t => {
  const bad: readonly (readonly [object, string])[] = [
    [{ what: 1 }, 'UNKNOWN_OPTION'],
    [{ emitAddress: 'udp://127.0.0.1:1' }, 'INVALID_ADDRESS'],
    [{ emitAddress: 'tcp://127.0.0.1' }, 'INVALID_ADDRESS'],
    [{ regAddress: 'ipc://relative' }, 'INVALID_ADDRESS'],
    [{ regAddress: `ipc:///${'x'.repeat(110)}` }, 'INVALID_ADDRESS'],
    [{ content: 'xml' }, 'INVALID_VALUE'],
    [{ outbox: { whenFull: 'explode' } }, 'INVALID_VALUE'],
    [{ limits: { frame: 0 } }, 'OUT_OF_RANGE'],
    [{ limits: { ask: 20_000 } }, 'OUT_OF_RANGE'],
    [{ curve: { where: 1 } }, 'UNKNOWN_OPTION'],
    [{ priority: 300 }, 'OUT_OF_RANGE'],
  ];
  for (const [options, code] of bad) t.throws(() => eventsClient(options), { code }, JSON.stringify(options));
  const client = eventsClient({ limits: { frame: 100 } });
  t.throws(() => client.emit('X', 'x'.repeat(100)), { code: 'INVALID_VALUE', message: /longer than 100/ });
  t.throws(() => client.emit('NO NAME'), { code: 'INVALID_NAME' });
  await t.rejects(client.ready(), { code: 'ILLEGAL_STEP' }, 'a client of nobody');
  client.stop();
  t.throws(() => client.emit('X'), { code: 'CLOSED' });
});
