// Who of the other brokers is there, told by their beats and our own.

import t from 'tap';
import { Others } from '../../../lib/broker/nats/presence/others.ts';

const limits = { beat: 1_000, silent: 5_000, forget: 60_000 };
const beat = (server: string, serial = 1, ...names: string[]): Parameters<Others['beat']>[0] => {
  const services = names.map(name => ({ name, commands: [], instances: 1 }));
  return { server, life: `life of ${server}`, serial, services };
};

/** Time goes on to there; our own beats come back until `deaf` begins. */
function lookUntil(others: Others, from: number, to: number, deaf = Number.POSITIVE_INFINITY): string[] {
  for (let now = from; now <= to; now += limits.beat) {
    if (now < deaf) others.ownBeat(now);
    others.sweep(now);
  }
  return others.live.map(({ server }) => server);
}

t.test('one that is silent while our own beats come back is not there any more', async t => {
  const others = new Others(limits);
  others.ownBeat(0);
  others.beat(beat('one'), 0);
  t.same(lookUntil(others, 1_000, 4_000), ['one']);
  t.same(lookUntil(others, 5_000, 5_000), []);
  t.equal(
    others.beat({ ...beat('one'), services: undefined }, 5_500),
    'changed',
    'and is there again with its next beat',
  );
  t.same(
    others.live.map(({ server }) => server),
    ['one'],
  );
});

t.test('while nothing of our own comes back, nobody is silent', async t => {
  const others = new Others(limits);
  others.ownBeat(0);
  others.beat(beat('one'), 0);
  t.same(lookUntil(others, 1_000, 200_000, 3_000), ['one'], 'for as long as the way is down');
  others.ownBeat(201_000);
  t.same(lookUntil(others, 201_000, 203_000), ['one'], 'then it has the time that it had left');
  t.same(lookUntil(others, 204_000, 206_000), []);
});

t.test('a process that slept finds the others where they were', async t => {
  const others = new Others(limits);
  others.ownBeat(0);
  others.beat(beat('one'), 500);
  others.sweep(30_000);
  others.ownBeat(30_001);
  others.sweep(31_000);
  t.same(
    others.live.map(({ server }) => server),
    ['one'],
  );
});

t.test('who is silent for long is forgotten, and told', async t => {
  const others = new Others(limits);
  others.ownBeat(0);
  others.beat(beat('one'), 0);
  lookUntil(others, 1_000, 64_000);
  t.equal(others.isKnown('one'), true);
  others.ownBeat(65_000);
  t.same(others.sweep(65_000), { changed: true, forgotten: ['one'] });
  t.equal(others.isKnown('one'), false);
});

t.test('those who are there stand with what they said last', async t => {
  const others = new Others(limits);
  const seen = (): string[] => others.live.map(({ server, services }) => `${server} ${services.length}`);
  for (const server of ['west', 'east', 'north']) others.beat(beat(server, 1, 'twin'), 0);
  t.same(seen(), ['west 1', 'east 1', 'north 1']);
  others.beat(beat('east', 2), 10);
  t.same(seen(), ['west 1', 'east 0', 'north 1']);
  t.equal(others.gone(beat('north')), true);
  t.same(seen(), ['west 1', 'east 0']);
  others.beat({ ...beat('east', 1, 'twin'), life: 'another' }, 20);
  t.same(seen(), ['west 1', 'east 1'], 'another life begins anew');
});
