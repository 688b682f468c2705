// Applications: where they may be, what they can reach, how they begin and end. And the way of a path.

import t from 'tap';
import { Router } from '../../../lib/protocol/qio/definitions/router.ts';
import type { QioApp, QioAppContext } from '../../../lib/protocol/qio/index.ts';
import { clienttest, qioServer } from '../../../lib/protocol/qio/index.ts';
import { no, ok } from './answers.ts';
import { Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

const app = (name: string, prefix: string, events: QioApp['events'] = { '/x': {} }): QioApp => ({
  name,
  prefix,
  events,
});

t.test('21: the way of a path', async t => {
  const router = new Router();
  const places = ['/q', '/q/an', '/q/another', '/q/specific'].map(path => ({
    path,
    handlesChildren: path === '/q' || path === '/q/an',
  }));
  for (const place of places) t.ok(router.add(place));
  const rows: readonly (readonly [path: string, event: string, extra?: string])[] = [
    ['/q', '/q', ''],
    ['q', '/q', ''],
    ['/q/not/set', '/q', '/not/set'],
    ['/q/specific', '/q/specific', ''],
    ['/q/specific/with/x', '/q', '/specific/with/x'],
    ['/q/specific-ev', '/q', '/specific-ev'],
    ['/q/specifi', '-'],
    ['/q/another', '/q/another', ''],
    ['/q/another/x', '-'],
    ['/q/another-t', '-'],
    ['/q/an', '/q/an', ''],
    ['/q/an/t', '/q/an', '/t'],
    ['q/an/t', '/q/an', '/t'],
    ['/q/a', '-'],
    ['/q/b', '/q', '/b'],
    ['/qq', '-'],
    ['', '-'],
    ['/Q', '-'],
    ['/q/__proto__', '/q', '/__proto__'],
    ['__proto__', '-'],
  ];
  for (const [path, event, extra] of rows) {
    const found = router.find(path);
    t.same([found?.event.path ?? '-', found?.extra], [event, extra], path);
  }
  t.notOk(router.add({ path: '/q', handlesChildren: false }), '22 a second time');
  t.notOk(router.add({ path: '', handlesChildren: false }), '23 the root');
  for (const place of places) router.remove(place);
  t.equal(router.find('/q'), undefined);
  t.ok(router.add({ path: '/q/another/x', handlesChildren: false }));
  t.equal(router.find('/q/b'), undefined);
});

t.test('22 to 24: where events may be', async t => {
  const rows: readonly (readonly [what: string, apps: readonly QioApp[], code?: string])[] = [
    ['/t', [app('a', '', { '/t': {} })]],
    ['a prefix without a slash, slashes at the end', [app('a', 'b/', { 'c//': {} })]],
    ['its prefix itself', [app('a', '/b', { '/': {} })]],
    ['the root', [app('a', '', { '/': {} })], 'DUPLICATE_RULE'],
    ['the root, by other letters', [app('a', '/ä', { '/***/': {} })], 'DUPLICATE_RULE'],
    ['one path twice', [app('a', '/a', { '/x': {}, 'x/': {} })], 'DUPLICATE_RULE'],
    ['one name twice', [app('a', '/a'), app('a', '/b')], 'DUPLICATE_RULE'],
    ['the same place', [app('a', '/a'), app('b', 'a/')], 'DUPLICATE_RULE'],
    ['below another', [app('a', '/a'), app('b', '/a/b')], 'DUPLICATE_RULE'],
    ['above another', [app('a', '/a/b'), app('b', '/a')], 'DUPLICATE_RULE'],
    ['everywhere', [app('a', '/a'), app('b', '')], 'DUPLICATE_RULE'],
    ['where one is everywhere', [app('a', ''), app('b', '/b')], 'DUPLICATE_RULE'],
    ['beside another with the same letters', [app('a', '/a'), app('b', '/ab')]],
    ['reserved', [app('a', '/qio')], 'DUPLICATE_RULE'],
    ['below what is reserved', [app('a', '//q.io/x')], 'DUPLICATE_RULE'],
    ['reserved, from everywhere', [app('a', '', { '/qio/x': {} })], 'DUPLICATE_RULE'],
    ['with the name of the reserved one', [app('qio', '/a')], 'DUPLICATE_RULE'],
    ['108 no application', [null as unknown as QioApp], 'INVALID_VALUE'],
    ['108 another object', [{ name: 'x' } as unknown as QioApp], 'INVALID_VALUE'],
    ['names of the language itself', [app('__proto__', '/__proto__', { '/__proto__': {}, '/constructor': {} })]],
  ];
  for (const [what, apps, code] of rows) {
    const stage = new Stage();
    const ready = stage.server({ apps });
    if (code === undefined) await t.resolves(ready, what);
    else await t.rejects(ready, { code }, what);
    await stage.end();
  }
});

t.test('an application reaches its own paths, and no others', async t => {
  let context: QioAppContext | undefined;
  const inner: QioApp = {
    ...app('inner', '/inner', { '/x': {}, '/deep': { handlesChildren: true } }),
    start: given => {
      context = given;
    },
  };
  const stage = new Stage();
  await stage.server({ apps: [inner, app('other', '/other')] });
  const client = await stage.raw();
  await client.ask('/qio/on:1="/other/x"', '/qio/on:2="/inner/x"', '/qio/on:3="/inner/deep/a"');
  for (const path of ['/../other/x', '../../other/x', '/other/x', '//other/x', '/x', '/deep/a'])
    context?.broadcast(path, path);
  await settled();
  t.same(client.heard, ['/inner/x:0="/x"', '/inner/deep/a:0="/deep/a"']);
  t.same([context?.subscribers('/x'), context?.subscribers('/deep/b'), context?.subscribers('/../other/x')], [1, 0, 0]);
  t.same(stage.log.texts('warn'), ['nobody can subscribe to "/inner/other/x": what is said there is for nobody']);
  await stage.end();
});

t.test('an application that is everywhere is not in /qio', async t => {
  const said: unknown[] = [];
  const everywhere = app('everywhere', '', {
    '/go': {
      handler({ app, client }) {
        app.broadcast('/qio/ping', 1);
        said.push(app.send(client, '/qio/ping'), app.subscribers('/qio/callback/1'));
        t.throws(() => app.tell(client, '/qio/move', 'away'), { code: 'DUPLICATE_RULE' });
        app.tell(client, '/qiosk', 1);
      },
    },
  });
  const stage = new Stage();
  const server = await stage.server({ apps: [everywhere] });
  const client = await stage.raw();
  t.same(await client.ask('/go:1='), ['/qiosk:0=1', ok(1)]);
  t.same(said, [false, 0]);
  t.match(server.snapshot(), { broadcasts: 0 });
  await stage.end();
});

t.test('108: an application that does not start ends the server', async t => {
  const starts: readonly (readonly [() => unknown, { code?: string; message: string }])[] = [
    [() => false, { code: 'INVALID_VALUE', message: '"bad" does not start' }],
    [() => Promise.reject(new Error('no disk')), { message: 'no disk' }],
  ];
  for (const [start, error] of starts) {
    const stage = new Stage();
    const order: string[] = [];
    const good = {
      ...app('good', '/good'),
      start: () => void order.push('start'),
      stop: () => void order.push('stop'),
    };
    const bad = { ...app('bad', '/bad'), start, stop: () => void order.push('never') };
    const server = qioServer('any://127.0.0.1:0', { transport: stage.port, apps: [good, bad] });
    stage.communicator.add(server);
    await t.rejects(server.ready, error);
    await settled();
    t.same([order, server.state, stage.port.events], [['start', 'stop'], 'closed', undefined]);
  }
});

t.test('108: one that does not stop is an error of the run', async t => {
  const stage = new Stage();
  await stage.server({ apps: [{ ...app('bad', '/bad'), stop: () => false }] });
  const run = stage.communicator.run();
  const over = t.rejects(run, { message: '"bad" does not stop' });
  await stage.end();
  await over;
});

t.test('one that takes too long to stop is not waited for', async t => {
  const stage = new Stage();
  const server = await stage.server({ apps: [{ ...app('slow', '/slow'), stop: () => new Promise(() => undefined) }] });
  const stopped = stage.communicator.stop();
  await stage.clock.advance(9_000);
  t.equal(server.state, 'closing');
  await stage.clock.advance(3_000);
  await stopped;
  t.equal(server.state, 'closed');
});

t.test('an application is mounted before the start, or later', async t => {
  const stage = new Stage();
  const server = qioServer('any://127.0.0.1:0', { transport: stage.port });
  await server.mount(testApp());
  stage.communicator.add(server);
  await server.ready;
  const client = await stage.raw();
  t.same(await client.ask('/qio/on:1="/test/good"', '/qio/on:2="/clienttest/echo"'), [ok(1), no(2, 404)]);
  await server.mount(clienttest());
  t.same(await client.ask('/qio/on:2="/clienttest/echo"'), [ok(2)]);
  await t.rejects(server.mount(testApp()), { code: 'DUPLICATE_RULE' });
  await t.rejects(server.mount({ ...app('bad', '/bad'), start: () => false }), { code: 'INVALID_VALUE' });
  t.same(await client.ask('/qio/on:3="/bad/x"'), [no(3, 404)], 'one that did not start is not there');
  await t.resolves(server.mount(app('bad', '/bad')));
  await stage.end();
});

t.test('a server that is stopped while its applications start does not listen', async t => {
  const stage = new Stage();
  const order: string[] = [];
  let go = (): void => undefined;
  const slow: QioApp = {
    ...app('slow', '/slow'),
    start: () =>
      new Promise<void>(resolve => {
        go = resolve;
      }),
    stop: () => void order.push('stop slow'),
  };
  const next: QioApp = { ...app('next', '/next'), start: () => void order.push('start next') };
  const server = qioServer('any://127.0.0.1:0', { transport: stage.port, apps: [slow, next] });
  stage.communicator.add(server);
  const ready = t.rejects(server.ready, { code: 'CLOSED' });
  await settled();
  const stopped = stage.communicator.stop();
  go();
  await stopped;
  await ready;
  t.same([order, stage.port.events, stage.clock.waiting], [['stop slow'], undefined, 0]);
});
