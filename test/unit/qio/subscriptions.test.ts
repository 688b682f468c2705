// Subscriptions: what an application decides, when a client changes its mind, the limits, and who hears what.

import t from 'tap';
import type { QioApp, QioClient } from '../../../lib/protocol/qio/index.ts';
import { QioRefusal, subscriptionTable } from '../../../lib/protocol/qio/index.ts';
import { FairPool } from '../../../lib/protocol/qio/server/pool.ts';
import { no, ok } from './answers.ts';
import { Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

const on = (id: number, path: string): string => `/qio/on:${id}="${path}"`;
const off = (id: number, path: string): string => `/qio/off:${id}="${path}"`;

async function begun(counts = { on: 0, off: 0 }) {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp(counts)], web: { publicAddress: 'localhost' } });
  return { stage, server, counts, client: await stage.raw() };
}

t.test('the table has what the original does', async t => {
  t.same(subscriptionTable, {
    none: { on: 'pending' },
    pending: { on: 'pending', off: 'tombstoned', accept: 'active', reject: 'none', close: 'none' },
    tombstoned: { on: 'pending', off: 'tombstoned', accept: 'none', reject: 'none', close: 'none' },
    active: { on: 'active', off: 'none', close: 'none' },
  });
});

t.test('32 and 36: decided on later', async t => {
  const { stage, client } = await begun();
  await client.say(
    on(1, '/test/delayed-childs/child'),
    on(2, '/test/delayed-childs/invalid'),
    on(3, '/test/delayed-reject'),
  );
  t.same(client.heard, [], 'nothing yet');
  await stage.clock.advance(10);
  t.same(client.heard, [ok(1), no(2, 404), no(3, 401)]);
  await stage.end();
});

t.test('on, off, on while it is decided: off 200, the second on 202, the first 200; it has subscribed', async t => {
  const { stage, server, client } = await begun();
  t.same(await client.ask(on(1, '/test/delayed'), off(2, '/test/delayed'), on(3, '/test/delayed')), [
    ok(2),
    no(3, 202, 'subscription pending'),
  ]);
  server.broadcast('/test/delayed', 'lost');
  await stage.clock.advance(10);
  t.same(client.heard, [ok(1)], 'what was said before is lost');
  server.broadcast('/test/delayed', 'heard');
  await settled();
  t.same(client.heard, ['/test/delayed:0="heard"']);
  await stage.end();
});

t.test('on, off, off while it is decided: all 200, and it has not subscribed', async t => {
  const { stage, server, counts, client } = await begun();
  t.same(await client.ask(on(1, '/test/delayed'), off(2, '/test/delayed'), off(3, '/test/delayed')), [ok(2), ok(3)]);
  await stage.clock.advance(10);
  t.same(client.heard, [ok(1)]);
  t.equal(counts.off, 1);
  server.broadcast('/test/delayed', 1);
  await settled();
  t.same(client.heard, []);
  t.match(server.snapshot(), { subscriptions: 0, subscribed: 1, unsubscribed: 1 });
  await stage.end();
});

t.test('an application is told once of each subscription that ends, whatever ended it', async t => {
  const { stage, counts, client } = await begun();
  await client.say(on(1, '/test/good'), on(2, '/test/good'), off(3, '/test/good'), off(4, '/test/good'));
  t.same(counts, { on: 1, off: 1 }, 'off');
  await client.say(on(5, '/test/reject'));
  t.equal(counts.off, 2, 'rejected at once');
  await client.say(on(6, '/test/delayed-reject'));
  await stage.clock.advance(10);
  t.equal(counts.off, 3, 'rejected later');
  await client.say(on(7, '/test/good'), on(8, '/test/delayed'));
  client.channel.destroy();
  await settled();
  t.equal(counts.off, 5, '47 the client goes, one being decided on');
  await stage.clock.advance(10);
  t.equal(counts.off, 5);
  await stage.end();
});

t.test('40: two paths, a broadcast each; then one', async t => {
  const { stage, server, counts, client } = await begun();
  await client.ask(on(1, '/test/good'), on(2, '/test/good2'));
  server.broadcast('/test/good', 1);
  server.broadcast('/test/good2', 2);
  await settled();
  t.same(new Set(client.heard), new Set(['/test/good2:0=2', '/test/good:0=1']));
  await client.ask(off(3, '/test/good'));
  server.broadcast('/test/good', 1);
  server.broadcast('/test/good2', 2);
  await settled();
  t.same(client.heard, ['/test/good2:0=2']);
  t.same(counts, { on: 2, off: 1 });
  await stage.end();
});

t.test('41: nothing is null; what cannot be subscribed to is said to nobody', async t => {
  const { stage, server, client } = await begun();
  await client.ask(on(1, '/test/good'));
  for (const nothing of [undefined, null, () => 1]) server.broadcast('test//good/', nothing);
  for (const path of ['', '/', '/nope', '/test/good/x', '/__proto__']) server.broadcast(path, 1);
  await settled();
  t.same(client.heard, ['/test/good:0=null', '/test/good:0=null', '/test/good:0=null']);
  await stage.end();
});

t.test('42: the answer comes before the event that an application sends at once', async t => {
  const { stage, client } = await begun();
  t.same(await client.ask(on(1, '/test/with-send')), [ok(1), '/test/with-send:0="with-send!"']);
  await stage.end();
});

t.test('43: to one client, where it has subscribed', async t => {
  const said: boolean[] = [];
  const app: QioApp = {
    name: 'direct',
    prefix: 'direct',
    events: {
      '/childs': { handlesChildren: true },
      '/alone': {},
      '/go': {
        handler({ app, client }) {
          for (const path of ['/childs/extra', '/childs/other', '/alone', '/alone/extra', '/nope']) {
            said.push(app.send(client, path, 'hooray!'));
          }
        },
      },
    },
  };
  const stage = new Stage();
  await stage.server({ apps: [app] });
  const client = await stage.raw();
  await client.ask(on(1, '/direct/childs/extra'));
  t.same(await client.ask('/direct/go:2='), ['/direct/childs/extra:0="hooray!"', ok(2)]);
  t.same(said, [true, false, false, false, false]);
  await stage.end();
});

t.test('broadcasts reach all who have subscribed, of each kind, and nobody else', async t => {
  const { stage, server, client } = await begun();
  const socket = await stage.webSocket();
  const away = await stage.raw();
  const poll = await stage.post(`/?sid=${'a'.repeat(32)}&connect=true`, on(1, '/test/good-childs/a'));
  const next = await stage.post(`/?sid=${'a'.repeat(32)}`);
  await client.ask(on(1, '/test/good-childs/a'));
  t.equal(next.short, '-');
  await socket.ask(on(1, '/test/good-childs/a'));
  await away.ask(on(1, '/test/good-childs/b'));
  for (let n = 0; n < 3; n += 1) server.broadcast('/test/good-childs/a', n);
  await settled();
  const all = [0, 1, 2].map(n => `/test/good-childs/a:0=${n}`);
  t.same([client.heard, socket.heard, away.heard], [all, all, []]);
  t.same([poll.text, next.text], [`${ok(1)}\n`, all.map(line => `${line}\n`).join('')]);
  t.match(server.snapshot(), { broadcasts: 3, broadcastEvents: 9 });
  await stage.end();
});

t.test('who subscribes in the turn of a broadcast hears only what is said afterwards', async t => {
  const app: QioApp = {
    name: 'turn',
    prefix: '/turn',
    events: { '/topic': { on: ({ app }) => app.broadcast('/topic', 'before') } },
  };
  const stage = new Stage();
  const server = await stage.server({ apps: [app] });
  const [first, second] = [await stage.raw(), await stage.raw()];
  t.same(await first.ask(on(1, '/turn/topic')), [ok(1)]);
  t.same(await second.ask(on(1, '/turn/topic')), [ok(1)]);
  t.same(first.heard, ['/turn/topic:0="before"']);
  server.broadcast('/turn/topic', 'after');
  await settled();
  t.same(second.heard, ['/turn/topic:0="after"']);
  await stage.end();
});

t.test('the fair pool', async t => {
  const pool = new FairPool(100, 60, 10);
  let greedy = 0;
  while (pool.take(greedy)) greedy += 1;
  t.equal(greedy, 60, 'all that is there before the pressure');
  let modest = 0;
  while (pool.take(modest)) modest += 1;
  t.equal(modest, 10, 'a share under it');
  for (let other = 0; other < 3; other += 1) for (let has = 0; has < 10; has += 1) t.ok(pool.take(has));
  t.notOk(pool.take(0), 'none is left');
  pool.give();
  t.ok(pool.take(0));
});

/** How many subscriptions a client gets. */
async function granted(client: { ask(...events: string[]): Promise<string[]> }, count: number, prefix: string) {
  const wishes = Array.from({ length: count }, (_, n) => on(n + 1, `/test/good-childs/${prefix}${n}`));
  const answers: string[] = [];
  while (wishes.length > 0) for (const answer of await client.ask(...wishes.splice(0, 5_000))) answers.push(answer);
  return { good: answers.filter(text => text.includes('"code":200')).length, answers };
}

t.test('48 and 49: the limits of all', async t => {
  for (const [pressure, second] of [
    [60, 0],
    [0, 0],
  ] as const) {
    const stage = new Stage();
    await stage.server({ apps: [testApp()], limits: { subscriptions: 100, pressure } });
    const { good, answers } = await granted(await stage.raw(), 120, 'x');
    t.equal(good, 100);
    t.equal(answers.at(-1), no(120, 420));
    t.equal((await granted(await stage.raw(), 1, 'y')).good, second, 'nor does a new client get one');
    await stage.end();
  }
});

t.test('the limit of one client; 100,000 wishes', async t => {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()] });
  const [greedy, other] = [await stage.raw(), await stage.raw()];
  const { good, answers } = await granted(greedy, 100_000, 'x');
  t.equal(good, 10_000);
  t.equal(answers.length, 100_000);
  t.match(server.snapshot(), { subscriptions: 10_000 });
  t.same(await other.ask(on(1, '/test/good')), [ok(1)]);
  greedy.channel.destroy();
  await settled();
  t.match(server.snapshot(), { subscriptions: 1 });
  await stage.end();
});

t.test('a path that is too long to be kept', async t => {
  const { stage, client } = await begun();
  const path = (length: number): string => '/test/good-childs/'.padEnd(length, 'x');
  t.same(await client.ask(on(1, path(1_024)), on(2, path(1_025)), on(3, path(500_000))), [
    ok(1),
    no(2, 420),
    no(3, 420),
  ]);
  t.same(await client.ask(`${path(500_000)}:4=`), [no(4, 400, 'Error with "key" in json.')], 'an event may be there');
  await stage.end();
});

t.test('decisions that fail are 500, or what they say', async t => {
  const ended: string[] = [];
  const off = (_client: QioClient, extra: string): void => void ended.push(extra);
  const app: QioApp = {
    name: 'fails',
    prefix: '/fails',
    events: {
      '/at': {
        handlesChildren: true,
        off,
        on({ extra }) {
          if (extra === '/once') throw new Error('no');
          if (extra === '/own') throw new QioRefusal(418, 'teapot');
          return Promise.reject(new Error('later'));
        },
      },
      '/off': {
        off() {
          throw new Error('off');
        },
      },
    },
  };
  const stage = new Stage();
  await stage.server({ apps: [app] });
  const client = await stage.raw();
  const answers = await client.ask(
    on(1, '/fails/at/once'),
    on(2, '/fails/at/own'),
    on(3, '/fails/at/later'),
    on(4, '/fails/off'),
  );
  t.same(answers, [no(1, 500), no(2, 418, 'teapot'), ok(4), no(3, 500)]);
  t.same(ended, ['/once', '/own', '/later']);
  t.same(await client.ask('/qio/off:5="/fails/off"'), [ok(5)]);
  t.same(stage.log.texts('error'), ['a handler failed: no', 'a handler failed: later', '"off" failed: off']);
  await stage.end();
});
