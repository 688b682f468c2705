// Requests that are asked again over links without a session: run once there too, where their number is nobody else's.

import t from 'tap';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import type { ServerStage } from './session-stage.ts';
import { offer, serverStage } from './session-stage.ts';

const request = 'abcdefghijkl.1';
const ask = `ADD _request=${request};n=1`;
const full = { sessions: 1, remember: 10_000 };

/** Counts how often it is asked. */
function adder(wait: Promise<void> = Promise.resolve()): { readonly dispatcher: Dispatcher; readonly runs: string[] } {
  const runs: string[] = [];
  const dispatcher = new Dispatcher()
    .on('ADD', (message, peer) => {
      runs.push(message.get('n') ?? '');
      const run = runs.length;
      return wait.then(() => void peer.send(message.reply('SUM', { run })));
    })
    .otherwiseUnknown();
  return { dispatcher, runs };
}

/** The session is forgotten, and another has its place: the client that comes back goes on without. */
async function refusedAfter(stage: ServerStage, channel: StubChannel): Promise<StubChannel> {
  channel.gone();
  await stage.clock.advance(11_000);
  const other = stage.connect();
  other.says(`HELLO _session=${'9'.repeat(16)}.${'e'.repeat(32)}.1\n`);
  await settled();
  const again = stage.connect();
  again.says(`ALIVE _session=${offer(0)}\n`);
  await settled();
  return again;
}

t.test('asked in a session that is forgotten, and again without one: the answer comes again', async t => {
  const { dispatcher, runs } = adder();
  const stage = await serverStage(t, { dispatcher, limits: full });
  const first = stage.connect();
  await stage.agree(first, `${ask};_session=${offer(1)}`);
  t.match(first.text, /SUM .*run=1/);
  const again = await refusedAfter(stage, first);
  t.match(again.text, /^INVALID command=SESSION;message=there are 1 sessions already\n$/);
  again.says(`${ask}\n`);
  await settled();
  t.match(again.text, /\nSUM _answer=abcdefghijkl\.1;run=1\n$/);
  t.same(runs, ['1']);
});

t.test('while the handler still runs, the answer goes to where it is asked now, once', async t => {
  const { promise, open } = gate();
  const { dispatcher, runs } = adder(promise);
  const stage = await serverStage(t, { dispatcher, limits: full });
  const first = stage.connect();
  await stage.agree(first, `${ask};_session=${offer(1)}`);
  const again = await refusedAfter(stage, first);
  again.says(`${ask}\n`);
  await settled();
  open();
  await settled();
  t.same(again.text.match(/SUM/g), ['SUM']);
  t.same(runs, ['1']);
});

t.test('asked without a session, and again on another link without one', async t => {
  const { promise, open } = gate();
  const { dispatcher, runs } = adder(promise);
  const stage = await serverStage(t, { dispatcher, limits: { sessions: 0 } });
  const first = stage.connect();
  first.says(`${ask}\n`);
  await settled();
  first.gone();
  await settled();
  const second = stage.connect();
  second.says(`${ask}\n`);
  await settled();
  open();
  await settled();
  t.equal(second.text, `SUM _answer=${request};run=1\n`);
  second.says(`${ask}\n`);
  await settled();
  t.equal(second.text, `SUM _answer=${request};run=1\n`.repeat(2));
  t.same(runs, ['1']);
});

t.test('numbers that others may give too are run each time', async t => {
  const { dispatcher, runs } = adder();
  const stage = await serverStage(t, { dispatcher });
  for (const n of ['1', '2']) {
    const channel = stage.connect();
    channel.says(`ADD _request=7;n=${n}\n`);
    await settled();
    t.match(channel.text, /^SUM _answer=7;run=\d\n$/);
  }
  t.same(runs, ['1', '2']);
});
