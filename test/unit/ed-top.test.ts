// What ed-top draws, without a terminal: it fits the screen, and says what it leaves out.

import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import type { ServiceView, View } from '../../tools/ed-top/view.ts';
import { draw } from '../../tools/ed-top/view.ts';

const quiet = { processes: 1, waiting: 0, underWay: 0, bytes: 0, came: 0, handled: 0, failed: 0, wrong: [] };
const service = (name: string, more: Partial<ServiceView> = {}): ServiceView => ({
  ...quiet,
  name,
  status: 'up',
  ...more,
});
const view = (services: readonly ServiceView[], wrong: readonly string[] = []): View => ({
  server: 'host1',
  uptime: 3_725,
  load: 0.5,
  memory: 70 * 1024 * 1024,
  connections: services.length + 1,
  rates: { forwarded: 1, remote: 2, broadcast: 3 },
  cluster: {
    state: 'alone',
    computers: 1,
    live: 1,
    quorum: 1,
    status: 'up',
    complete: true,
    waiting: 0,
    trouble: undefined,
    others: [],
  },
  services,
  wrong,
});
const thousand = Array.from({ length: 1_000 }, (_, n) => service(`service_with_a_rather_long_name_${n}`));
const plain = (given: View, columns: number, rows: number): string[] =>
  draw(given, { columns, rows }).map(line => stripVTControlCharacters(line));

t.test('without services it says so', async t => {
  const lines = plain(view([]), 80, 24);
  t.equal(lines[0], 'host1   up 1 h 2 min   load 0.50   70 M   1 link');
  t.equal(lines[4], 'no service has registered');
  t.same(lines.slice(-2), ['all is well', 'q quit']);
});

t.test('a thousand services: what fits, and how many more there are', async t => {
  for (const [columns, rows] of [
    [80, 24],
    [200, 60],
    [40, 10],
    [80, 8],
  ] as const) {
    const lines = plain(view(thousand), columns, rows);
    t.ok(lines.length <= rows, `${lines.length} of ${rows} rows`);
    t.ok(
      lines.every(line => line.length <= columns),
      `${columns} columns`,
    );
    const shown = lines.filter(line => line.startsWith('service_')).length;
    t.ok(lines.includes(`… and ${1_000 - shown} more`), lines.join('\n'));
    t.equal(lines.at(-1), 'q quit');
  }
  const all = plain(view(thousand), 120, Number.POSITIVE_INFINITY);
  t.equal(all.filter(line => line.startsWith('service_')).length, 1_000);
});

t.test('what is wrong stands at the foot, a quarter of the screen at most', async t => {
  const wrong = Array.from({ length: 50 }, (_, n) => `trouble ${n}`);
  const lines = plain(view(thousand, wrong), 80, 24);
  t.equal(lines.filter(line => line.startsWith('! trouble')).length, 6);
  t.equal(lines.length, 24);
});
