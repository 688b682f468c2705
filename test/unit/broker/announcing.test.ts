// What a broker says about itself over NATS, and when.

import t from 'tap';
import type { Presence } from '../../../lib/broker/cluster.ts';
import { Announcing } from '../../../lib/broker/nats/presence/announcing.ts';
import type { Beat } from '../../../lib/broker/nats/wire.ts';
import { readBeat, subjectsOf, unpacked } from '../../../lib/broker/nats/wire.ts';
import { LimitError } from '../../../lib/index.ts';
import { VirtualClock } from '../../../lib/testkit/index.ts';
import type { NatsLine } from '../../../lib/transport/nats/index.ts';

const presence = (serial: number, count: number): Presence => ({
  server: 'one',
  life: 'x',
  serial,
  services: Array.from({ length: count }, (_, n) => ({ name: `service ${n}`, commands: ['DO'], instances: 1 })),
});

function stage() {
  const clock = new VirtualClock();
  const told: Beat[] = [];
  const line = {} as NatsLine;
  const stage = {
    clock,
    told,
    troubles: [] as (string | undefined)[],
    nats: {
      line: line as NatsLine | undefined,
      longest: 64 * 1024,
      room: Number.POSITIVE_INFINITY,
      publish(_: string, bytes: Uint8Array): 'sent' {
        if (this.room <= 0) throw new LimitError('OUTBOX_FULL', '10000 messages wait');
        this.room -= 1;
        told.push(readBeat(unpacked(bytes).head) as Beat);
        return 'sent';
      },
    },
    say(serial: number, count: number): void {
      announcing.note(presence(serial, count));
      announcing.whole();
    },
  };
  const changed = (): void => void stage.troubles.push(announcing.trouble);
  const announcing = new Announcing({ nats: stage.nats, subjects: subjectsOf('ed'), clock, changed });
  return { ...stage, announcing };
}

t.test('a beat is life and serial alone, of what the others were told last', async t => {
  const { announcing, told, say } = stage();
  say(1, 2);
  announcing.beat();
  t.match(told, [
    { serial: 1, services: [{}, {}] },
    { serial: 1, services: undefined, part: undefined },
  ]);
});

t.test('short presences go out at each change', async t => {
  const { told, say } = stage();
  for (let serial = 1; serial <= 20; serial += 1) say(serial, serial);
  t.same(
    told.map(({ services }) => services?.length),
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
});

t.test('long ones take their time, and only the last change goes out then', async t => {
  const { announcing, told, say, clock } = stage();
  for (let serial = 1; serial <= 100; serial += 1) say(serial, 5_000);
  const first = told.length;
  t.ok(first > 1, `${first} parts`);
  t.same([...new Set(told.map(({ serial }) => serial))], [1]);
  announcing.beat();
  t.match(told.splice(0).at(-1), { serial: 1, part: undefined }, 'meanwhile nobody asks for more');
  await clock.advance(10);
  t.equal(told.length, 0);
  await clock.advance(200);
  t.equal(told.length, first);
  t.same([...new Set(told.map(({ serial }) => serial))], [100]);
});

t.test('who asks is told, once for all who ask within a moment', async t => {
  const { announcing, told, say, clock } = stage();
  say(1, 5_000);
  const parts = told.splice(0).length;
  for (let n = 0; n < 50; n += 1) announcing.asked({ to: 'one' });
  await clock.advance(1_000);
  t.equal(told.splice(0).length, parts);
  for (let n = 0; n < 50; n += 1) announcing.asked({ serial: 1, of: parts, missing: [2, 1] });
  await clock.advance(1_000);
  t.same(
    told.splice(0).map(({ part }) => part?.number),
    [2, 1, 2, 1],
    'the parts that are missing, where these are known: at once, and once more for all who asked since',
  );
  announcing.asked({ serial: 1, of: parts + 1, missing: [0] });
  await clock.advance(1_000);
  t.equal(told.length, parts, 'and all where they are those of another presence');
});

t.test('what cannot be published is told, and goes out with a later beat', async t => {
  const { announcing, told, say, clock, nats, troubles } = stage();
  nats.room = 2;
  say(1, 5_000);
  t.match(troubles, ['the presence is not told to others: 10000 messages wait']);
  t.equal(told.length, 2);
  nats.room = Number.POSITIVE_INFINITY;
  await clock.advance(1_000);
  announcing.beat();
  const parts = told.filter(({ part }) => part !== undefined);
  t.same(
    parts.map(({ part }) => part?.number),
    parts.map((_, n) => n),
    'from where it stopped',
  );
  t.same(troubles.slice(1), [undefined]);
});

t.test('another server of NATS that takes less gets shorter packets', async t => {
  const { announcing, told, say, clock, nats } = stage();
  say(1, 5_000);
  const parts = told.splice(0).length;
  nats.longest = 16 * 1024;
  await clock.advance(1_000);
  announcing.asked({ serial: 1, of: parts, missing: [0] });
  t.ok(told.length > 3 * parts, `${told.length} parts`);
});

t.test('nothing is said without a connection, and nothing after the end', async t => {
  const { announcing, told, say, clock, nats } = stage();
  nats.line = undefined;
  say(1, 2);
  announcing.beat();
  t.same(told, []);
  nats.line = {} as NatsLine;
  say(2, 5_000);
  say(3, 5_000);
  const before = told.length;
  announcing.end();
  await clock.advance(10_000);
  t.equal(told.length, before);
});
