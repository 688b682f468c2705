// Callbacks that a server asks for: slots, ids, age, chains, and floods.

import t from 'tap';
import type { Call, QioApp } from '../../../lib/protocol/qio/index.ts';
import { clienttest } from '../../../lib/protocol/qio/index.ts';
import { Callbacks } from '../../../lib/protocol/qio/session/callbacks.ts';
import { no, ok } from './answers.ts';
import { Stage, settled } from './stage.ts';

const gone = no(9, 404, "callback doesn't exist");

/** Asks for a callback with each event, and notes what comes of it. */
function asking(notes: string[]): QioApp {
  return {
    name: 'asking',
    prefix: '/asking',
    events: {
      '/tell': {
        handler: ({ app, client, data }) =>
          app.tell(
            client,
            '/told',
            data,
            answer => {
              notes.push(`${data}: ${answer.json}`);
              return answer.data;
            },
            reason => void notes.push(`${data}: ${'code' in reason ? reason.code : reason.message}`),
          ),
      },
      '/refuse': {
        handler: (call: Call) => call.refuse(404, 'no', 1),
      },
    },
  };
}

async function begun() {
  const stage = new Stage();
  const notes: string[] = [];
  const server = await stage.server({ apps: [asking(notes)] });
  return { stage, server, notes, client: await stage.raw() };
}

t.test('ids begin with 1, and the next in the same slot is 2', async t => {
  const { stage, notes, client } = await begun();
  t.same(await client.ask('/asking/tell:0="a"'), ['/asking/told:1="a"']);
  t.same(await client.ask('/qio/callback/1:0=[1]'), []);
  t.same(notes, ['a: [1]']);
  t.same(await client.ask('/asking/tell:0="b"'), ['/asking/told:2="b"']);
  t.same(await client.ask('/asking/tell:0="c"'), ['/asking/told:65537="c"'], 'another slot');
  t.same(await client.ask('/qio/callback/1:9=1'), [gone], 'once');
  t.same(await client.ask('/qio/callback/2:7="x"'), [ok(7, '"x"')], 'an answer may ask for one, too');
  await stage.end();
});

t.test('a fifth one takes the place of another', async t => {
  const { stage, server, notes, client } = await begun();
  stage.chance = 0.5;
  const events = await client.ask(...[1, 2, 3, 4, 5].map(n => `/asking/tell:0=${n}`));
  t.same(
    events,
    ['1=1', '65537=2', '131073=3', '196609=4', '131074=5'].map(text => `/asking/told:${text}`),
  );
  t.same(notes, ['3: DROPPED']);
  t.same(await client.ask('/qio/callback/131073:9='), [gone]);
  t.same(await client.ask('/qio/callback/131074:9='), [ok(9)]);
  t.match(server.snapshot(), { callbacksCreated: 5, callbacksEvicted: 1, callbacksFired: 1 });
  await stage.end();
});

t.test('a flood of them holds four', async t => {
  const { stage, server, notes, client } = await begun();
  for (let round = 0; round < 20; round += 1)
    await client.ask(...Array.from({ length: 500 }, (_, n) => `/asking/tell:0=${n}`));
  t.match(server.snapshot(), { callbacksCreated: 10_000, callbacksEvicted: 9_996 });
  t.equal(server.unfinished.messages, 4);
  t.equal(notes.length, 9_996);
  await stage.end();
});

t.test('61: one that is too old is given up', async t => {
  const { stage, server, notes, client } = await begun();
  await client.ask('/asking/tell:0=1');
  await stage.clock.advance(14_000);
  t.same(notes, []);
  await stage.clock.advance(10_000);
  t.same(notes, ['1: REQUEST_TIMEOUT']);
  t.same(await client.ask('/qio/callback/1:9='), [gone]);
  t.match(server.snapshot(), { callbacksExpired: 1 });
  await stage.end();
});

t.test('they are given up when the client goes', async t => {
  const { stage, notes, client } = await begun();
  await client.ask('/asking/tell:0=1');
  client.channel.destroy();
  await settled();
  t.same(notes, ['1: CLOSED']);
  await stage.end();
});

t.test('another code than 200 asks for nothing, and has its reason', async t => {
  const { stage, client } = await begun();
  t.same(await client.ask('/asking/refuse:3='), ['/qio/callback/3:0={"code":404,"data":1,"err_msg":"no"}']);
  await stage.end();
});

t.test('ids of a slot go round, and leave out 0', async t => {
  const callbacks = new Callbacks(() => 0);
  for (let n = 1; n <= 65_535; n += 1) {
    callbacks.add(
      0,
      () => undefined,
      undefined,
      () => undefined,
    );
    callbacks.take(n);
  }
  t.equal(
    callbacks.add(
      0,
      () => undefined,
      undefined,
      () => undefined,
    ),
    1,
  );
});

t.test('clienttest', async t => {
  const stage = new Stage();
  await stage.server({ apps: [clienttest()] });
  const client = await stage.raw();
  t.same(await client.ask('/clienttest/echo:1={"a":1}'), ['/qio/callback/1:1={"code":200,"data":{"a":1}}']);
  t.same(await client.ask('/qio/callback/1:2="b"'), ['/qio/callback/2:2={"code":200,"data":"b"}'], 'echo goes on');
  t.same(await client.ask('/clienttest/error/418:3='), [
    '/qio/callback/3:0={"code":418,"data":"you requested an error?","err_msg":"418s are fun!"}',
  ]);
  t.same(await client.ask('/clienttest/drop-callback:4='), []);
  t.same(await client.ask('/clienttest/heartbeat-challenge:5='), ['/qio/heartbeat:65537=null']);
  t.same(await client.ask('/qio/callback/65537:0=null'), [ok(5)]);
  t.same(await client.ask('/qio/on:6="/clienttest/in-progress"', '/qio/on:7="/clienttest/in-progress"'), [
    no(7, 202, 'subscription pending'),
  ]);
  t.same(new Set(await client.ask('/clienttest/in-progress:8=')), new Set([ok(6), ok(8)]));
  t.same(await client.ask('/clienttest/send-unsubscribed:0='), ['/clienttest/send-unsubscribed:0="unexpected"']);
  t.same(await client.ask('/qio/on:9=["/clienttest/on-data",123987]'), [ok(9), '/clienttest/on-data:0=true']);
  t.same(await client.ask('/qio/on:10="/clienttest/on-data"'), [ok(10)], 'it has subscribed already');
  await client.ask('/qio/on:11="/clienttest/broadcast"');
  client.heard;
  await stage.clock.advance(30);
  t.same(client.heard, Array(3).fill('/clienttest/broadcast:0="broadcast event"'));
  t.same(await client.ask('/clienttest/send-invalid:0='), ['this is no event']);
  t.same(await client.ask('/clienttest/move:0="other:1"'), ['/qio/move:0="other:1"']);
  t.equal(client.life, 'closed');
  const another = await stage.raw();
  await another.ask('/clienttest/close:0=');
  t.equal(another.life, 'closed');
  await stage.end();
});
