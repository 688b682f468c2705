// A presence in parts: cut, and put together, whatever is lost on the way.

import t from 'tap';
import type { Presence } from '../../../lib/broker/cluster.ts';
import { Others } from '../../../lib/broker/nats/presence/others.ts';
import { cut } from '../../../lib/broker/nats/presence/parts.ts';
import type { Beat } from '../../../lib/broker/nats/wire.ts';
import { mostParts, readBeat, readWanted, unpacked } from '../../../lib/broker/nats/wire.ts';

const limits = { beat: 1_000, silent: 5_000, forget: 60_000 };

function presence(serial: number, count: number, name = 'one'): Presence {
  const services = Array.from({ length: count }, (_, n) => ({ name: `s${n}`, commands: ['A', 'B'], instances: 1 }));
  return { server: name, life: `life of ${name}`, serial, services };
}

const beats = (whole: Presence, longest = 1_024): Beat[] =>
  cut(whole, longest).packets.map(packet => readBeat(unpacked(packet).head) as Beat);
const sign = ({ server, life, serial }: Presence): Beat => ({ server, life, serial });
const names = (others: Others): number[] => others.live.map(({ services }) => services.length);

t.test('no part is longer than what NATS takes, and all together are the whole, in any order', async t => {
  const whole = presence(1, 200);
  const { packets, leftOut } = cut(whole, 1_024);
  t.ok(packets.length > 5 && packets.every(({ length }) => length <= 1_024));
  t.equal(leftOut, 0);
  const others = new Others(limits);
  const told = beats(whole).reverse();
  t.same(
    told.map(beat => others.beat(beat, 0)),
    [...told.slice(1).map(() => 'nothing'), 'changed'],
  );
  t.strictSame(others.live, [whole]);
});

t.test('a short presence is one packet, as ever', async t => {
  const { packets } = cut(presence(3, 2), 1_024);
  t.equal(packets.length, 1);
  t.match(unpacked(packets[0] as Buffer).head, {
    server: 'one',
    serial: 3,
    services: [{ name: 's0' }, { name: 's1' }],
  });
});

t.test('what is missing is asked for with the next beat, by number, and that alone', async t => {
  const others = new Others(limits);
  const whole = presence(4, 200);
  const told = beats(whole);
  for (const beat of told)
    if (beat.part?.number !== 2 && beat.part?.number !== 5) t.equal(others.beat(beat, 0), 'nothing');
  t.same(others.live, [], 'half a presence is none');
  t.equal(others.beat(sign(whole), 1_000), 'ask');
  t.same(others.wanted('one'), { serial: 4, of: told.length, missing: [2, 5] });
  others.beat(told[2] as Beat, 1_001);
  t.equal(others.beat(told[5] as Beat, 1_001), 'changed');
  t.same(names(others), [200]);
  t.equal(others.beat(sign(whole), 2_000), 'nothing');
  t.equal(others.wanted('one'), undefined);
});

t.test('the presence before stays until the new one is whole; a part of an older one changes nothing', async t => {
  const others = new Others(limits);
  for (const beat of beats(presence(1, 100))) others.beat(beat, 0);
  const [first, ...rest] = beats(presence(2, 200)) as [Beat, ...Beat[]];
  for (const beat of rest) others.beat(beat, 0);
  t.same(names(others), [100]);
  t.equal(others.beat(beats(presence(1, 150))[0] as Beat, 0), 'nothing');
  others.beat(first, 0);
  t.same(names(others), [200]);
});

t.test('a younger presence takes the place of one that is not whole', async t => {
  const others = new Others(limits);
  others.beat(beats(presence(1, 200))[0] as Beat, 0);
  for (const beat of beats(presence(2, 100))) others.beat(beat, 0);
  t.same(names(others), [100]);
  t.equal(others.wanted('one'), undefined);
});

t.test('a part of another life forgets all of the one before', async t => {
  const others = new Others(limits);
  for (const beat of beats(presence(9, 100))) others.beat(beat, 0);
  const next = { ...presence(1, 200), life: 'another' };
  const told = beats(next);
  others.beat(told[0] as Beat, 0);
  t.same(names(others), []);
  for (const beat of told.slice(1)) others.beat(beat, 0);
  t.strictSame(others.live, [next]);
});

t.test('what was lost of one that has gone silent is not waited for', async t => {
  const others = new Others(limits);
  others.ownBeat(0);
  others.beat(beats(presence(1, 200))[0] as Beat, 0);
  for (let now = 1_000; now <= 6_000; now += 1_000) {
    others.ownBeat(now);
    others.sweep(now);
  }
  t.equal(others.wanted('one'), undefined);
});

t.test('presences that never become whole have a bound, and what is beyond it is asked for', async t => {
  const others = new Others(limits);
  const commands = Array.from({ length: 1_000 }, (_, n) => `C${n}`);
  const services = Array.from({ length: 100 }, (_, n) => ({ name: `s${n}`, commands, instances: 1 }));
  const part = (server: string, number: number): Beat => ({
    server,
    life: 'x',
    serial: 1,
    part: { number, of: 3, services },
  });
  for (let n = 0; n < 20; n += 1) others.beat(part(`server ${n}`, 0), 0);
  t.same(others.wanted('server 8')?.missing, [1, 2]);
  t.same(others.wanted('server 15')?.missing, [0, 1, 2], 'more than a million names are not held');
  others.beat(part('server 3', 1), 0);
  t.same(others.wanted('server 3')?.missing, [1, 2]);
});

t.test('a presence beyond all parts says how much is left out', async t => {
  const { packets, leftOut } = cut(presence(1, 10_000), 512);
  t.equal(packets.length, mostParts);
  const told = packets.reduce((sum, packet) => sum + (readBeat(unpacked(packet).head)?.part?.services.length ?? 0), 0);
  t.equal(told + leftOut, 10_000);
});

t.test('parts that make no sense are passed over', async t => {
  const whole = { server: 'one', life: 'x', serial: 1 };
  const bad = [{}, [], 'x', { number: 3, of: 3, services: [] }, { number: 0, of: mostParts + 1, services: [] }];
  for (const part of [...bad, { number: -1, of: 2, services: [] }, { number: 0, of: 2, services: [{ name: 'x' }] }]) {
    t.equal(readBeat({ ...whole, part }), undefined, JSON.stringify(part));
  }
  for (const missing of [undefined, 'x', [3], [-1], [0.5], ['0']]) {
    t.equal(readWanted({ serial: 1, of: 3, missing }), undefined, `${missing}: the whole is told`);
  }
  t.same(readWanted({ serial: 1, of: 3, missing: [0, 2] }), { serial: 1, of: 3, missing: [0, 2] });
});
