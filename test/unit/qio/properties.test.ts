// What holds whatever comes: one answer for each wish, subscriptions as their table says, and a server that lives.

import fc from 'fast-check';
import t from 'tap';
import type { QioApp } from '../../../lib/protocol/qio/index.ts';
import { subscriptionTable } from '../../../lib/protocol/qio/index.ts';
import { ok } from './answers.ts';
import { framed, Stage, settled } from './stage.ts';
import { testApp } from './test-app.ts';

type Step = 'on' | 'off' | 'accept' | 'reject';

/** Decides when it is told to. */
function undecided() {
  const counts = { asked: 0, ended: 0 };
  const deciding: ((verdict: boolean) => void)[] = [];
  const app: QioApp = {
    name: 'undecided',
    prefix: '/undecided',
    events: {
      '/topic': {
        on() {
          counts.asked += 1;
          return new Promise<boolean>(resolve => deciding.push(resolve));
        },
        off() {
          counts.ended += 1;
        },
      },
    },
  };
  return { app, counts, decide: (verdict: boolean) => deciding.shift()?.(verdict) };
}

t.test('any order of wishes and decisions: as the table says, and each wish has one answer', async t => {
  const steps = fc.array(fc.constantFrom<Step>('on', 'on', 'off', 'accept', 'reject'), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(steps, async course => {
      const stage = new Stage();
      const { app, counts, decide } = undecided();
      const server = await stage.server({ apps: [app] });
      const client = await stage.raw();
      let state: keyof typeof subscriptionTable = 'none';
      let wishes = 0;
      for (const step of course) {
        const next: keyof typeof subscriptionTable | undefined = subscriptionTable[state][step];
        if (step === 'accept' || step === 'reject') {
          if (next === undefined) continue;
          decide(step === 'accept');
        } else {
          wishes += 1;
          await client.say(`/qio/${step}:${wishes}="/undecided/topic"`);
        }
        await settled(3);
        state = next ?? state;
      }
      const left = state;
      if (state === 'pending' || state === 'tombstoned') decide(true);
      server.broadcast('/undecided/topic', 1);
      await settled(5);
      const heard = client.heard;
      const answers = heard.filter(text => text.startsWith('/qio/callback/'));
      const active = left === 'active' || left === 'pending';
      if (new Set(answers.map(text => text.split(':')[0])).size !== wishes) return false;
      if (answers.length !== wishes || heard.length > wishes !== (left === 'active')) return false;
      if (counts.asked - counts.ended !== (active ? 1 : 0)) return false;
      client.channel.destroy();
      await settled(5);
      await stage.end();
      return counts.asked === counts.ended && server.snapshot().subscriptions === 0;
    }),
    { numRuns: 60 },
  );
  t.pass('for any order');
});

t.test('any bytes at all, over each way: the server lives, and others go on', async t => {
  const stage = new Stage();
  const server = await stage.server({ apps: [testApp()], web: { publicAddress: 'localhost' } });
  const good = await stage.raw();
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
    fc.string({ unit: 'binary', maxLength: 60 }).map(text => framed(text)),
    fc.constantFrom('/qio/on:1="/test/good-childs/', '/qio/off:2="', '/qio/callback/1:', '/__proto__:1=').map(framed),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), fc.boolean(), async (pieces, greets) => {
      const [raw, socket] = greets
        ? [await stage.raw(), await stage.webSocket()]
        : [await stage.stranger(), await stage.upgraded()];
      await raw.bytes(...pieces);
      await socket.say(...pieces);
      const body = Buffer.concat(pieces).toString('latin1');
      const exchange = await stage.post(`/?sid=${'7'.repeat(32)}&connect=true`, body);
      await exchange.leave();
      raw.channel.destroy();
      socket.end.destroy();
      await settled(5);
      return exchange.status !== undefined && server.clients.length === 1;
    }),
    { numRuns: 100 },
  );
  t.same(await good.ask('/qio/ping:1='), [ok(1)]);
  t.same(stage.log.texts('error'), []);
  t.match(server.snapshot(), { clients: 1, joining: 0, polling: 0, subscriptions: 0 });
  await stage.end();
});
