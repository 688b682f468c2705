// Whatever happens to the connections of a client, each callback that was asked for is called exactly once.

import fc from 'fast-check';
import t from 'tap';
import type { Callback, Reply } from '../../../lib/protocol/qio/client.ts';
import { readEvent } from '../../../lib/protocol/qio/wire.ts';
import { answer, greeting, Stage } from './client-stage.ts';

/** One thing that the program, the server, the network or time does. */
type Step =
  | { readonly do: 'send' | 'reply' | 'subscribe'; readonly again: boolean }
  | { readonly do: 'answer'; readonly which: number; readonly code: number; readonly ask: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'open' | 'drop' | 'junk' | 'move' | 'ask' | 'close' | 'reconnect' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), again: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reply' as const), again: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('subscribe' as const), again: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      which: fc.nat({ max: 12 }),
      code: fc.constantFrom(200, 202, 401, 500),
      ask: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 200, 3_000, 70_000) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('drop' as const, 'junk' as const, 'move' as const, 'ask' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'reconnect' as const) }) },
);

/** Counts the calls of each callback that it hands out. */
class Ledger {
  readonly calls: number[] = [];
  reply: Reply | undefined;

  /** `again` asks for another one from within, as programs do; 30 of them at most. */
  callback(stage: Stage, again: boolean): Callback {
    const index = this.calls.push(0) - 1;
    return (_data, reply, code) => {
      this.calls[index] = (this.calls[index] ?? 0) + 1;
      this.reply = reply ?? this.reply;
      if (again && this.calls.length < 30) stage.client.send('/again', code, this.callback(stage, code !== -1));
    };
  }
}

/** What the server says, over the carrier that is there. */
function say(stage: Stage, events: readonly string[]): void {
  if (stage.requests.length > 0) for (const request of stage.requests.slice(-2)) request.answer(events);
  stage.sockets.at(-1)?.say(events[0]);
}

async function take(stage: Stage, ledger: Ledger, step: Step): Promise<void> {
  const { client } = stage;
  if (step.do === 'send') client.send('/a', 1, ledger.callback(stage, step.again));
  else if (step.do === 'reply') ledger.reply?.(1, ledger.callback(stage, step.again));
  else if (step.do === 'subscribe') client.on('/ask', (_data, reply) => (ledger.reply = reply ?? ledger.reply));
  else if (step.do === 'answer') say(stage, [answer(step.which, step.code, 1, null, step.ask ? 65537 : 0)]);
  else if (step.do === 'wait') await stage.advance(step.ms);
  else if (step.do === 'close') client.close();
  else if (step.do === 'reconnect') client.reconnect();
  else if (step.do === 'junk') say(stage, ['junk']);
  else if (step.do === 'move') say(stage, ['/qio/move:0="two.example"']);
  else if (step.do === 'ask') say(stage, ['/ask:65537=1']);
  else if (step.do === 'drop') {
    stage.sockets.at(-1)?.drop();
    stage.requests.at(-1)?.fail();
  } else if (client.state === 'trying-polling') stage.requests.at(-1)?.answer([greeting]);
  else stage.sockets.at(-1)?.open();
}

const carriers = [['websocket'], ['polling'], ['websocket', 'polling']] as const;

for (const transports of carriers) {
  t.test(`each callback is called once, over ${transports.join(' and ')}`, async t => {
    let most = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async steps => {
        const stage = new Stage({ transports });
        const ledger = new Ledger();
        for (const one of steps) {
          await take(stage, ledger, one);
          if (ledger.calls.some(calls => calls > 1)) return false;
        }
        stage.client.close();
        await stage.advance(60_000);
        most = Math.max(most, ledger.calls.length);
        return ledger.calls.every(calls => calls === 1);
      }),
      { numRuns: 150 },
    );
    t.ok(most > 5, `up to ${most} callbacks in one run`);
  });
}

t.test('what the server is asked can be read by it, whatever the program says', async t => {
  const stage = await Stage.open();
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.anything(), async (path, data) => {
      const sent = stage.client.send(path, data, () => undefined);
      const texts = stage.socket.take();
      if (sent === 'refused') return texts.length === 0;
      const [text = ''] = texts;
      const event = readEvent(text);
      return texts.length === 1 && !text.includes('\n') && event !== undefined && JSON.parse(event.json) !== undefined;
    }),
    { numRuns: 500 },
  );
  t.equal(stage.client.state, 'open');
});
