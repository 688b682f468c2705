// The limits of an outbox in each phase of its link: by count, bytes and age; `queued`, `drain`, and the order.

import t from 'tap';
import type { OutboxLimits } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import { gate } from '../stairs.ts';
import type { StubChannel } from '../stub.ts';
import type { ClientStage } from './session-stage.ts';
import { clientStage } from './session-stage.ts';

interface Stage extends ClientStage {
  readonly drains: { count: number };
  /** Ends the greeting. */
  readonly greet: () => void;
}

interface Phase {
  /** Brings the client there, its outbox empty; what it gives lets all go out and be confirmed. */
  readonly enter: (made: Stage) => Promise<() => Promise<StubChannel>>;
  /** How many of four go out at once. */
  readonly flows: number;
}

function stageOf(t: Parameters<typeof clientStage>[0], outbox: Partial<OutboxLimits>): Stage {
  const greeting = gate();
  const dispatcher = new Dispatcher().otherwise(() => undefined);
  const made = clientStage(t, { dispatcher, outbox, opened: () => greeting.promise });
  const drains = { count: 0 };
  made.client.on('drain', () => {
    drains.count += 1;
  });
  return { ...made, drains, greet: greeting.open };
}

async function says(channel: StubChannel, text: string): Promise<void> {
  channel.says(text);
  await settled();
}

/** Confirms all there is, window by window. */
async function confirm(channel: StubChannel, { client }: Stage, from: number): Promise<StubChannel> {
  for (let count = from; client.unfinished.messages > 0 && count < from + 50; count += 1) {
    await says(channel, `ACK count=${count}\n`);
  }
  return channel;
}

/** A link with nothing but Z on it, which has gone out. */
async function begun(made: Stage): Promise<StubChannel> {
  made.greet();
  const channel = await made.open(0);
  made.client.send('Z');
  await settled();
  return channel;
}

async function agreed(made: Stage): Promise<StubChannel> {
  const channel = await begun(made);
  await made.agree(channel, 0);
  await says(channel, 'ACK count=1\n');
  return channel;
}

const phases: Record<string, Phase> = {
  'while there is no link': {
    flows: 0,
    enter: async made => async () => {
      made.greet();
      const channel = await made.open(0);
      await made.agree(channel, 0);
      return confirm(channel, made, 1);
    },
  },
  'while the greeting is said': {
    flows: 0,
    enter: async made => {
      const channel = (await made.stub.at(0)).succeed();
      await settled();
      return async () => {
        made.greet();
        await settled();
        await made.agree(channel, 0);
        return confirm(channel, made, 1);
      };
    },
  },
  'before the answer to the offer': {
    flows: 2,
    enter: async made => {
      made.greet();
      const channel = await made.open(0);
      return async () => {
        await settled();
        await made.agree(channel, 0);
        return confirm(channel, made, 1);
      };
    },
  },
  'on a plain link that is full': {
    flows: 0,
    enter: async made => {
      const channel = await begun(made);
      await says(channel, 'INVALID command=SESSION;message=no\n');
      channel.room = false;
      made.client.send('Z');
      await settled();
      return async () => {
        channel.drains();
        await settled();
        return channel;
      };
    },
  },
  'once agreed': {
    flows: 2,
    enter: async made => {
      const channel = await agreed(made);
      return () => confirm(channel, made, 2);
    },
  },
  'on the way back': {
    flows: 0,
    enter: async made => {
      const channel = await made.cut(await agreed(made), 1);
      return async () => {
        await made.agree(channel, 1);
        return confirm(channel, made, 2);
      };
    },
  },
};

/** The letters that went out, in order, but Z. */
const letters = ({ text }: StubChannel): string =>
  text
    .split('\n')
    .filter(line => /^[A-Y]\b/.test(line))
    .map(([letter]) => letter)
    .join('');

for (const [when, { enter, flows }] of Object.entries(phases)) {
  t.test(`${when}: full by count; then all go out in their order, and drain is told once`, async t => {
    const made = stageOf(t, { count: 4 });
    const { client, drains } = made;
    const leave = await enter(made);
    drains.count = 0;
    const sendings = [...'ABCD'].map(letter => client.send(letter));
    t.same(
      sendings,
      sendings.map((_, at) => (at < flows ? 'sent' : 'queued')),
    );
    t.throws(() => client.send('E'), { code: 'OUTBOX_FULL' });
    await settled();
    t.match(client.snapshot(), { queued: 4 - flows, unconfirmed: flows, fates: { refused: 1 } });
    t.equal(drains.count, 0);
    t.equal(letters(await leave()), 'ABCD');
    t.equal(drains.count, 1);
    t.equal(client.send('E'), 'sent');
    t.match(client.snapshot(), { fates: { expired: 0, dropped: 0, abandoned: 0, lost: 0 } });
  });

  t.test(`${when}: full by bytes`, async t => {
    const made = stageOf(t, { bytes: 8 });
    const { client } = made;
    const leave = await enter(made);
    for (const letter of 'ABC') client.send(letter);
    t.throws(() => client.send('LONG'), { code: 'OUTBOX_FULL' });
    client.send('D');
    t.throws(() => client.send('E'), { code: 'OUTBOX_FULL' });
    t.match(client.snapshot(), { queuedBytes: 8, fates: { refused: 2 } });
    t.equal(letters(await leave()), 'ABCD');
    t.match(client.snapshot(), { queuedBytes: 0 });
  });

  t.test(`${when}: what was not sent within the age expires, the others end well`, async t => {
    const made = stageOf(t, { count: 4, age: 1_000 });
    const { client, clock, dropped } = made;
    const leave = await enter(made);
    const ends: string[] = [];
    for (const letter of 'ABCD') {
      client.deliver(letter).then(
        () => ends.push(letter),
        ({ code }) => ends.push(`${letter} ${code}`),
      );
    }
    await clock.advance(999);
    t.same(ends, []);
    await clock.advance(1);
    const late = [...'ABCD'].slice(flows).map(letter => `${letter} EXPIRED`);
    t.same(ends, late);
    t.same(dropped, late);
    client.send('E');
    t.equal(letters(await leave()), `${'ABCD'.slice(0, flows)}E`);
    t.same(ends.slice(late.length), [...'ABCD'].slice(0, flows));
    t.match(client.snapshot(), { queued: 0, unconfirmed: 0, fates: { expired: 4 - flows } });
  });

  t.test(`${when}: with drop-oldest what waits longest goes, and the order is kept`, async t => {
    const made = stageOf(t, { count: 4, whenFull: 'drop-oldest' });
    const { client, dropped } = made;
    const leave = await enter(made);
    for (const letter of 'ABCDEF') client.send(letter);
    const [first = '', second = ''] = 'ABCD'.slice(flows);
    t.same(dropped, [`${first} DROPPED`, `${second} DROPPED`]);
    t.equal(letters(await leave()), 'ABCDEF'.replace(first, '').replace(second, ''));
  });

  t.test(`${when}: with drop-newest what is there stays, and the order is kept`, async t => {
    const made = stageOf(t, { count: 4, whenFull: 'drop-newest' });
    const { client, dropped } = made;
    const leave = await enter(made);
    for (const letter of 'ABCDEF') client.send(letter);
    t.same(dropped, ['E DROPPED', 'F DROPPED']);
    t.equal(letters(await leave()), 'ABCD');
  });
}

t.test('on a plain link that takes all nothing is kept', async t => {
  const made = stageOf(t, { count: 1 });
  const channel = await begun(made);
  await says(channel, 'UNKNOWN command=SESSION\n');
  for (const letter of 'ABCDEF') t.equal(made.client.send(letter), 'sent');
  await settled();
  t.equal(letters(channel), 'ABCDEF');
  t.match(made.client.snapshot(), { unconfirmed: 0, fates: { sent: 7 } });
});

t.test('a plain link takes more than the outbox holds, also while SESSION may still come', async t => {
  const made = stageOf(t, { count: 3 });
  const channel = await begun(made);
  await says(channel, 'HI\nHO\n');
  for (const letter of 'ABCDEF') t.equal(made.client.send(letter), 'sent');
  await settled();
  t.equal(letters(channel), 'ABCDEF');
  t.match(made.client.snapshot(), { fates: { sent: 7, refused: 0 } });
});
