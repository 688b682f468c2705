// A client whose other side does not know sessions, or not yet, or not any more.

import t from 'tap';
import type { Client } from '../../../lib/index.ts';
import { Dispatcher } from '../../../lib/index.ts';
import { settled } from '../../../lib/testkit/index.ts';
import type { StubChannel } from '../stub.ts';
import { clientStage, offered } from './session-stage.ts';

const taking = { dispatcher: new Dispatcher().otherwise(() => undefined) };

/** Delivers; gives what comes of it, as it comes. */
function delivered(client: Client, ...commands: readonly string[]): string[] {
  const ends: string[] = [];
  for (const command of commands) {
    client.deliver(command).then(
      ({ guarantee }) => ends.push(`${command} ${guarantee}`),
      ({ code }) => ends.push(`${command} ${code}`),
    );
  }
  return ends;
}

async function says(channel: StubChannel, text: string): Promise<void> {
  channel.says(text);
  await settled();
}

t.test('the second message without SESSION makes the link plain, the first does not', async t => {
  const { client, open } = clientStage(t, taking);
  const channel = await open(0);
  const ends = delivered(client, 'ONE', 'TWO');
  await settled();
  await says(channel, 'HI\n');
  t.same(ends, []);
  await says(channel, 'HO\n');
  t.same(ends, ['ONE at-most-once', 'TWO at-most-once']);
  t.equal(client.guarantee, 'at-most-once');
  t.match(client.snapshot(), { fates: { sent: 2, confirmed: 0 }, guarantee: 'at-most-once' });
  t.same(
    (await Promise.all([client.deliver('THREE')])).map(({ guarantee }) => guarantee),
    ['at-most-once'],
  );
});

for (const words of [
  'INVALID command=SESSION;message=no',
  'UNKNOWN command=SESSION',
  'INVALID command=ALIVE',
  'UNKNOWN command=ALIVE',
  'INVALID message=a line that makes no sense',
]) {
  t.test(`the answer to the offer makes the link plain at once: ${words}`, async t => {
    const { client, open } = clientStage(t, taking);
    const channel = await open(0);
    const ends = delivered(client, 'ONE');
    await settled();
    await says(channel, `${words}\n`);
    t.same(ends, ['ONE at-most-once']);
    t.equal(client.send('TWO'), 'sent');
    await settled();
    t.match(channel.text, /^ONE _session=\S+\nTWO\n$/, 'nothing is answered, nothing said again');
    t.match(client.snapshot(), { unconfirmed: 0, fates: { sent: 2 } });
  });
}

t.test('3 s of silence make the link plain, not a moment less', async t => {
  const { client, clock, open } = clientStage(t);
  await open(0);
  const ends = delivered(client, 'ONE');
  await settled();
  await clock.advance(2_999);
  t.same(ends, []);
  t.equal(client.unfinished.messages, 1);
  await clock.advance(1);
  t.same(ends, ['ONE at-most-once']);
  t.equal(client.unfinished.messages, 0);
  t.equal(client.state, 'open');
});

t.test('SESSION that comes behind a long greeting, within 3 s, is good: nothing is lost after it', async t => {
  const { client, clock, open, agree, cut } = clientStage(t, taking);
  const first = await open(0);
  const before = delivered(client, 'ONE');
  await settled();
  await says(first, 'HI\nHO\n');
  t.same(before, ['ONE at-most-once']);
  const between = delivered(client, 'TWO');
  await settled();
  t.same(between, ['TWO at-most-once'], 'what is sent meanwhile is not waited for');
  await clock.advance(2_900);
  await agree(first, 0);
  t.equal(client.guarantee, 'exactly-once-per-session');
  const after = delivered(client, 'THREE');
  await settled();
  const second = await cut(first, 1);
  await agree(second, 1);
  t.match(second.text, /^ALIVE .*\nSESSION .*;received=0\nTWO\nTHREE\n$/, 'also what was told as sent goes out again');
  await says(second, 'ACK count=3\n');
  t.same(after, ['THREE exactly-once-per-session']);
  t.match(client.snapshot(), { fates: { sent: 2, confirmed: 1 }, unconfirmed: 0 });
});

t.test('SESSION after those 3 s comes too late: the link ends in good order, the next one offers again', async t => {
  const { client, clock, open, agree } = clientStage(t, taking);
  const first = await open(0);
  client.send('ONE');
  await settled();
  await clock.advance(3_000);
  const id = await agree(first, 0);
  t.equal(first.phase, 'closing');
  t.equal(first.text.includes('over=true'), false);
  first.gone();
  await settled();
  await clock.advance(5_000);
  const second = await open(1);
  client.send('TWO');
  await settled();
  t.match(offered(second), { carrier: '1' });
  t.not(offered(second).id, id);
  t.notMatch(second.text, 'ONE');
});

t.test('the link after a plain one offers again, and does not repeat what was sent', async t => {
  const { client, open, cut } = clientStage(t, taking);
  const first = await open(0);
  client.send('ONE');
  await settled();
  await says(first, 'HI\nHO\n');
  const second = await cut(first, 1);
  client.send('TWO');
  await settled();
  t.match(second.text, /^TWO _session=\S+\.1\n$/);
});

t.test('a link lost before the answer: the same name, number 1 again', async t => {
  const { client, open, cut } = clientStage(t, taking);
  const first = await open(0);
  const ends = delivered(client, 'ONE', 'TWO');
  await settled();
  const { id } = offered(first);
  const second = await cut(first, 1);
  t.same(ends, []);
  t.match(offered(second), { id, carrier: '1' });
  t.match(second.text, /^ONE _session=\S+\nTWO\n$/);
});

for (const choice of ['resend', 'report'] as const) {
  const ends: Record<string, readonly [string, string]> = {
    'ABSOLUTELY\n': ['at-most-once', 'plain'],
    'UNKNOWN command=ALIVE\n': ['at-most-once', 'plain'],
    'INVALID command=SESSION;message=no\n': ['at-most-once', 'plain'],
    epoch: ['exactly-once-per-session', 'agreed'],
  };
  for (const [answer, [guarantee, words]] of Object.entries(ends)) {
    t.test(`the return is answered with ${answer.trim()}: ${words}, and ${choice} what was under way`, async t => {
      const { client, open, agree, cut, lost, dropped } = clientStage(t, {
        ...taking,
        outbox: { onSessionLost: choice },
      });
      const first = await open(0);
      const under = delivered(client, 'ONE', 'TWO');
      await settled();
      const id = await agree(first, 0);
      await says(first, 'ACK count=1\n');
      const second = await cut(first, 1);
      const waiting = delivered(client, 'THREE');
      if (answer === 'epoch') await agree(second, 0, 'e2');
      else await says(second, answer);
      if (answer === 'epoch') await says(second, `ACK count=${choice === 'resend' ? 2 : 1}\n`);
      t.same(lost, [choice]);
      t.match(second.text, choice === 'resend' ? /TWO _again=true\nTHREE\n$/ : /(^|\n)THREE\n$/);
      t.notMatch(second.text, 'ONE');
      const two = choice === 'resend' ? guarantee : 'SESSION_LOST';
      t.same(under, ['ONE exactly-once-per-session', `TWO ${two}`]);
      t.same(waiting, [`THREE ${guarantee}`]);
      t.same(dropped, choice === 'resend' ? [] : ['TWO SESSION_LOST']);
      t.match(client.snapshot(), { fates: { lost: choice === 'resend' ? 0 : 1 }, guarantee, unconfirmed: 0 });
      if (answer === 'epoch') t.match(second.text, `SESSION epoch=e2;id=${id};received=0\n`);
    });
  }
}

t.test('a client that was told to offer no session sends not a byte more, and says so', async t => {
  const { client, clock, open } = clientStage(t, { outbox: { session: false } });
  const channel = await open(0);
  const ends = delivered(client, 'ONE');
  await settled();
  t.same(ends, ['ONE at-most-once']);
  await clock.advance(120_000);
  t.equal(channel.text, 'ONE\n');
  t.equal(client.guarantee, 'at-most-once');
});

t.test('a client that was stopped before the answer ends within the 3 s', async t => {
  const { client, clock, open } = clientStage(t);
  const channel = await open(0);
  const ends = delivered(client, 'ONE');
  await settled();
  client.stop();
  await settled();
  t.equal(channel.phase, 'open');
  await clock.advance(3_000);
  t.equal(channel.phase, 'closing');
  t.same(ends, ['ONE at-most-once']);
  t.notMatch(channel.text, 'over=true');
});
