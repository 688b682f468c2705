// Requests over links that break: asked again with the same number, run once, answered once.

import t from 'tap';
import type { Correspondent } from '../../../lib/index.ts';
import { Dispatcher, Message } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import { pairOf } from './session-pair.ts';
import { clientStage, offer, serverStage } from './session-stage.ts';

/** Adds up what is asked, and says how often it was. */
class Counter {
  readonly runs: string[] = [];
  readonly stray: string[] = [];
  readonly #wait: (message: Message<unknown>) => Promise<unknown> | undefined;

  constructor(wait: (message: Message<unknown>) => Promise<unknown> | undefined = () => undefined) {
    this.#wait = wait;
  }

  get dispatcher(): Dispatcher {
    return new Dispatcher()
      .on('ADD', (message, peer) => this.#add(message, peer))
      .otherwise(({ command }) => this.stray.push(command));
  }

  #add(message: Message<unknown>, peer: Correspondent): unknown {
    this.runs.push(message.get('n') ?? '');
    const answer = (): unknown => peer.send(message.reply('SUM', { n: message.get('n'), run: this.runs.length }));
    return this.#wait(message)?.then(answer) ?? answer();
  }
}

/** What became of a request, to be looked at without waiting. */
function outcome(request: Promise<Message>): string[] {
  const seen: string[] = [];
  request.then(
    answer => seen.push(`${answer.command} ${answer.get('n')} ${answer.get('run')}`),
    error => seen.push(String(error.code ?? error)),
  );
  return seen;
}

const add = (n: number): Message => Message.of('ADD', { n });
const long = { timeout: 600_000 };
const number = (text: string): string => /ADD.*_request=([^;\n]+)/.exec(text)?.[1] ?? '';

t.test('a request whose link breaks is answered once after the return, and run once, wherever the cut is', async t => {
  for (const direction of ['out', 'in'] as const) {
    for (let bytes = 1; bytes < 260; bytes += 16) {
      const far = new Counter();
      const near = new Counter();
      const pair = await pairOf(t, { listen: { dispatcher: far.dispatcher }, client: { dispatcher: near.dispatcher } });
      pair.client.send(add(0));
      await pair.clock.advance(200);
      pair.way.cut({ direction, bytes, kind: bytes % 32 === 1 ? 'reset' : 'end' });
      const seen = outcome(pair.client.request(add(1), long));
      await pair.clock.advance(20_000);
      t.same([seen, far.runs], [['SUM 1 2'], ['0', '1']], `${bytes} bytes ${direction}`);
      t.same([near.stray, far.stray], [['SUM'], []]);
      pair.client.destroy();
      for (const peer of pair.peers()) peer.destroy();
      await settled();
    }
  }
});

t.test('the answer of a handler that ends while the link is away comes after the return', async t => {
  const { promise, open } = gate();
  const far = new Counter(() => promise);
  const { client, clock, away, peers } = await pairOf(t, { listen: { dispatcher: far.dispatcher } });
  const seen = outcome(client.request(add(1), long));
  await clock.advance(200);
  const returning = away(10_000);
  await settled();
  open();
  await returning;
  t.same([seen, peers()[0]?.state], [[], 'detached']);
  t.match(peers()[0]?.snapshot(), { unconfirmed: 1 }, 'the answer waits');
  await clock.advance(10_000);
  t.same([seen, far.runs], [['SUM 1 1'], ['1']]);
  t.match(peers()[0]?.snapshot(), { unconfirmed: 0 });
});

t.test('asked while the link is away, it goes out with the return', async t => {
  const far = new Counter();
  const { client, clock, away } = await pairOf(t, { listen: { dispatcher: far.dispatcher } });
  client.send(add(0));
  await clock.advance(200);
  const returning = away(3_000);
  await settled();
  const seen = outcome(client.request(add(1), long));
  await returning;
  t.same([seen, far.runs], [[], ['0']]);
  await clock.advance(5_000);
  t.same([seen, far.runs], [['SUM 1 2'], ['0', '1']]);
});

t.test(
  'when the session was forgotten it is asked again with the same number, and answered from the cache',
  async t => {
    const { promise, open } = gate();
    const far = new Counter(() => promise);
    const { client, clock, away, peers, listener } = await pairOf(t, {
      listen: { dispatcher: far.dispatcher, limits: { remember: 10_000 } },
    });
    const lost: string[] = [];
    client.on('session lost', choice => lost.push(choice));
    const seen = outcome(client.request(add(1), long));
    await clock.advance(200);
    const returning = away(11_000);
    await settled();
    open();
    await returning;
    t.same([peers(), far.runs], [[], ['1']], 'the session is forgotten, with the answer in it');
    await clock.advance(6_000);
    t.same([seen, far.runs, lost], [['SUM 1 1'], ['1'], ['resend']]);
    t.match(listener.snapshot(), { sessions: { known: 1 } });
    t.match(client.snapshot(), { unconfirmed: 0, fates: { lost: 0 } });
  },
);

t.test('and also when its handler was still running: the answer goes where it is asked now', async t => {
  const { promise, open } = gate();
  const far = new Counter(() => promise);
  const { client, clock, away, peers } = await pairOf(t, {
    listen: { dispatcher: far.dispatcher, limits: { remember: 10_000 } },
  });
  const seen = outcome(client.request(add(1), long));
  await clock.advance(200);
  await away(11_000);
  await clock.advance(6_000);
  t.same([seen, far.runs, peers().length], [[], ['1'], 1], 'it is asked again, and not run again');
  open();
  await clock.advance(200);
  t.same([seen, far.runs], [['SUM 1 1'], ['1']]);
  t.match(client.snapshot(), { unconfirmed: 0 });
  t.match(peers()[0]?.snapshot(), { unconfirmed: 0, handlers: 0 });
});

t.test('on the wire it is the same number, also in another session, and the same answer', async t => {
  const far = new Counter();
  const { connect, agree, clock } = await serverStage(t, {
    dispatcher: far.dispatcher,
    limits: { remember: 10_000, dead: 0 },
  });
  const first = connect();
  await agree(first);
  first.says('ADD _request=abcdefghijkl.1;n=1\n');
  await settled();
  first.gone();
  await clock.advance(11_000);
  const second = connect();
  await agree(second, `HELLO _session=${offer(1).replace(/^0/, '1')}`);
  second.says('ADD _request=abcdefghijkl.1;n=1\nADD _request=abcdefghijkl.2;n=2\n');
  await settled();
  const [one] = /SUM .*n=1;run=1/.exec(first.text) ?? ['nothing'];
  t.match(second.text, one);
  t.same(far.runs, ['1', '2']);
  await clock.advance(20_000);
  second.says('ADD _request=abcdefghijkl.1;n=1\n');
  await settled();
  t.same(far.runs, ['1', '2', '1'], 'after twice the time of a session it is forgotten');
});

t.test('a client that offers another session asks with the number it had', async t => {
  const { client, open, agree, cut } = clientStage(t);
  const first = await open(0);
  const seen = outcome(client.request(add(1), long));
  await settled();
  await agree(first, 0);
  first.says('ACK count=1\n');
  const second = await cut(first, 1);
  await agree(second, 0, 'e2');
  t.not(number(first.text), '');
  t.equal(number(second.text), number(first.text));
  second.says(`SUM _answer=${number(second.text)};n=1;run=1\n`);
  await settled();
  t.same(seen, ['SUM 1 1']);
});

t.test("'report' rejects what waits for an answer with SESSION_LOST", async t => {
  const { client, open, agree, cut, dropped, lost } = clientStage(t, { outbox: { onSessionLost: 'report' } });
  const first = await open(0);
  const seen = [outcome(client.request(add(1), long))];
  await settled();
  await agree(first, 0);
  first.says('ACK count=1\n');
  await settled();
  seen.push(outcome(client.request(add(2), long)));
  await settled();
  const second = await cut(first, 1);
  await agree(second, 0, 'e2');
  t.same(seen, [['SESSION_LOST'], ['SESSION_LOST']]);
  t.same([dropped, lost], [['ADD SESSION_LOST'], ['report']], 'the one that was confirmed is not lost as a message');
  t.notMatch(second.text, 'ADD');
});

t.test('aborted or too late while the link is away: what was not sent never is', async t => {
  const far = new Counter();
  const { client, clock, away } = await pairOf(t, { listen: { dispatcher: far.dispatcher } });
  client.send(add(0));
  await clock.advance(200);
  const returning = away(3_000);
  await settled();
  const abort = new AbortController();
  const aborted = outcome(client.request(add(1), { signal: abort.signal }));
  const late = outcome(client.request(add(2), { timeout: 1_000 }));
  const seen = outcome(client.request(add(3), long));
  await settled();
  abort.abort('enough');
  await returning;
  t.same([aborted, late], [['enough'], ['REQUEST_TIMEOUT']]);
  await clock.advance(5_000);
  t.same([far.runs, seen], [['0', '3'], ['SUM 3 2']]);
  t.match(client.snapshot(), { unconfirmed: 0, fates: { withdrawn: 2 } });
});

t.test('aborted or too late after it was sent: it is run once, and its answer is a message like any other', async t => {
  const { promise, open } = gate();
  const far = new Counter(() => promise);
  const near = new Counter();
  const { client, clock, away } = await pairOf(t, {
    listen: { dispatcher: far.dispatcher, concurrency: 2 },
    client: { dispatcher: near.dispatcher },
  });
  const abort = new AbortController();
  const aborted = outcome(client.request(add(1), { signal: abort.signal }));
  const late = outcome(client.request(add(2), { timeout: 1_000 }));
  await clock.advance(200);
  const returning = away(3_000);
  await settled();
  abort.abort('enough');
  open();
  await returning;
  t.same([aborted, late], [['enough'], ['REQUEST_TIMEOUT']]);
  await clock.advance(5_000);
  t.same(
    [far.runs, near.stray],
    [
      ['1', '2'],
      ['SUM', 'SUM'],
    ],
  );
});

t.test('a listener asks its client over a cut', async t => {
  const { promise, open } = gate();
  const near = new Counter(() => promise);
  const { client, clock, away, peers } = await pairOf(t, { client: { dispatcher: near.dispatcher } });
  client.send('HELLO');
  await clock.advance(200);
  const [peer] = peers();
  if (peer === undefined) throw new Error('there is no peer');
  const running = outcome(peer.request(add(1), long));
  await clock.advance(200);
  const returning = away(3_000);
  await settled();
  const asked = outcome(peer.request(add(2), long));
  const late = outcome(peer.request(add(3), { timeout: 1_000 }));
  open();
  await returning;
  t.same([running, asked, late, near.runs], [[], [], ['REQUEST_TIMEOUT'], ['1']]);
  await clock.advance(5_000);
  t.same([running, asked, near.runs], [['SUM 1 1'], ['SUM 2 2'], ['1', '2']]);
});

t.test('many at the same time over many cuts: each is run once, and has its own answer', async t => {
  let clock = { after: (_ms: number, _run: () => void): unknown => undefined };
  const far = new Counter(
    message => new Promise<void>(resolve => void clock.after((Number(message.get('n')) * 37) % 200, resolve)),
  );
  const pair = await pairOf(t, { listen: { dispatcher: far.dispatcher, concurrency: 5 } });
  clock = pair.clock;
  const asked = [...new Array(100).keys()].map(n => outcome(pair.client.request(add(n), long)));
  for (let round = 0; round < 20; round += 1) {
    await pair.clock.advance(70);
    await pair.cut();
  }
  await pair.clock.advance(30_000);
  t.same(
    asked.map(([answer]) => answer?.split(' ')[1]),
    [...asked.keys()].map(String),
  );
  t.same(far.runs, [...asked.keys()].map(String));
});
