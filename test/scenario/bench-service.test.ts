// The benches of services, in their short form: they run to the end, and print their rows. The figures are not looked at,
// but for whether there are any.

import t from 'tap';
import { noNats } from '../support/nats-server.ts';
import { rowsOf } from './bench-rows.ts';

t.setTimeout(170_000);

const sides = ['unix', 'tcp'] as const;

t.test('service to service beside nats.js and moleculer, with their bounds', { skip: noNats }, async t => {
  const rows = await rowsOf(t, 'service');
  const wanted: readonly (readonly [what: string, against: string, limit?: number])[] = [
    ['messages sent, handled and confirmed', '/s nats.js', 0.5],
    ['the same', '/s moleculer TCP'],
    ['messages with a receipt for each', '/s nats.js'],
    ['processor time of all processes for one', 'µs nats.js'],
    ['a request, p50', 'µs nats.js', 1],
    ['the same', 'µs moleculer TCP'],
    ['a request, p99', 'µs nats.js'],
    ['requests, 64 in flight', '/s nats.js'],
    ['the same', '/s moleculer TCP'],
    ['added to a request by the broker, p50', 'µs all of one without it'],
  ];
  t.same(
    rows.map(({ what, unit, against, bound }) => [what, `${unit} ${against}`, bound?.limit]),
    wanted.flatMap(([what, against, limit]) => sides.map(side => [`${what}, ${side}`, against, limit])),
  );
  for (const { what, ours, other } of rows) if (!what.startsWith('added')) t.ok(ours > 0 && other > 0, what);
});

t.test('many services with one broker, and news for all of them, beside nats.js', { skip: noNats }, async t => {
  const rows = await rowsOf(t, 'service-crowd');
  const wanted = [
    ['100 services registered', 's'],
    ['memory (RSS) of the broker for each', 'kB'],
    ['one more registered, p50', 'µs'],
    ['news for 100, until the last has it', 'ms'],
    ['deliveries of many news at once', '/s'],
    ['processor time of the broker for one of them', 'µs'],
  ];
  t.same(
    rows.map(({ what, unit, against }) => [what, unit, against]),
    wanted.flatMap(([what, unit]) => sides.map(side => [`${what}, ${side}`, unit, 'nats.js'])),
  );
  for (const { what, unit, ours } of rows) if (unit !== 'kB') t.ok(ours > 0, what);
});
