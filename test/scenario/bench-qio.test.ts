// The benches of event paths, in their short form: they run to the end, and print their rows. The figures are not looked
// at, but for whether there are any.

import t from 'tap';
import { rowsOf } from './bench-rows.ts';

t.setTimeout(170_000);

t.test('broadcasts: deliveries and processor time beside ws and socket.io, with their bounds', async t => {
  const rows = await rowsOf(t, 'qio-broadcast');
  const [ws, socketIo] = ['ws, a loop', 'socket.io, a room'];
  const kind = (said: string) => [
    [`deliveries to 100 subscribers, ${said} a turn of the loop`, `/s ${ws}`, 0.9],
    ['the same', `/s ${socketIo}`, 1.5],
    ['processor time of the server for one of them', `µs ${ws}`, undefined],
    ['the same', `µs ${socketIo}`, undefined],
  ];
  t.same(
    rows.map(({ what, unit, against, bound }) => [what, `${unit} ${against}`, bound?.limit]),
    [...kind('one'), ...kind('five')],
  );
  for (const { ours, other } of rows) t.ok(ours > 0 && other > 0, 'something was delivered');
  for (const { bound } of rows) if (bound !== undefined) t.match(bound, { on: 'ratio', is: 'at least' });
});

t.test('idle clients: memory and heap beside ws with pings, with the bound, and processor time', async t => {
  const rows = await rowsOf(t, 'qio-idle');
  const subscribed = 'the same, with a subscription';
  t.same(
    rows.map(({ what, unit, bound }) => [what, unit, bound?.limit]),
    [
      ['memory (RSS) of an idle client of 200', 'B', 1.3],
      [subscribed, 'B', 1.3],
      ['heap of an idle client of 200', 'B', 1.3],
      [subscribed, 'B', 1.3],
      ['processor time for heartbeats of all, each 1.2 s', 'ms/s', undefined],
      [subscribed, 'ms/s', undefined],
    ],
  );
  for (const { unit, ours, other } of rows.slice(2)) t.ok(ours > 0 && other > 0, `${ours} and ${other} ${unit}`);
  for (const { bound } of rows) if (bound !== undefined) t.match(bound, { on: 'ratio', is: 'at most' });
});

t.test('round trips: the middle one and the slowest of a hundred, beside socket.io and ws', async t => {
  const rows = await rowsOf(t, 'qio-trip');
  const shown = rows.map(({ what, unit, against }) => [what.replace(/ on (one|any) processor$/, ''), unit, against]);
  const [socketIo, ws] = ['socket.io', 'ws, JSON and a map'];
  t.same(shown, [
    ['an event and its callback, p50,', 'µs', socketIo],
    ['the same', 'µs', ws],
    ['an event and its callback, p99,', 'µs', socketIo],
    ['the same', 'µs', ws],
  ]);
  for (const { ours, other } of rows) t.ok(ours > 0 && other > 0, 'something was answered');
});
