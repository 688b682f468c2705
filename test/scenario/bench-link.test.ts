// The benches of links, in their short form: they run to the end, and print their rows. The figures are not looked at,
// but for whether there are any: how fast this machine is at present is nobody's fault.

import t from 'tap';
import { rowsOf } from './bench-rows.ts';

t.setTimeout(170_000);

t.test('requests over a link: each dialect against socket.io and ws, with the bounds to socket.io', async t => {
  const rows = await rowsOf(t, 'link');
  const shown = rows.map(({ what, against, unit, bound }) => [
    what.replace(/ on (one|any) processor,/, ''),
    `${unit} ${against}`,
    bound?.limit,
  ]);
  const [socketIo, ws] = ['/s socket.io', '/s ws, JSON and a map'];
  t.same(shown, [
    ['requests answered, one in flight, session', socketIo, 1],
    ['the same', ws, undefined],
    ['requests answered, one in flight, seed', socketIo, 1],
    ['the same', ws, undefined],
    ['requests answered, 64 in flight, session', socketIo, 1.3],
    ['the same', ws, undefined],
    ['requests answered, 64 in flight, seed', socketIo, 1.3],
    ['the same', ws, undefined],
  ]);
  for (const { ours, other } of rows) t.ok(ours > 0 && other > 0, 'something was answered');
  for (const { bound } of rows) if (bound !== undefined) t.match(bound, { on: 'ratio', is: 'at least' });
});

t.test('nodes that heartbeat: memory, heap and processor time, beside ws and socket.io', async t => {
  const rows = await rowsOf(t, 'nodes');
  const node = 'a node (of 200, a heartbeat each 2 s)';
  t.same(
    rows.map(({ what, unit, against }) => [what, unit, against]),
    [
      [`memory (RSS) of ${node}`, 'B', 'ws with pings'],
      ['the same', 'B', 'socket.io'],
      [`heap of ${node}`, 'B', 'ws with pings'],
      ['the same', 'B', 'socket.io'],
      ['processor time for all of them', 'ms/s', 'ws with pings'],
      ['the same', 'ms/s', 'socket.io'],
    ],
  );
  for (const { unit, ours, other } of rows.slice(2)) t.ok(ours > 0 && other > 0, `${ours} and ${other} ${unit}`);
});
