// Pages of a status: all of it, each part once, and none longer than a line may be.

import t from 'tap';
import type { BrokerStatus } from '../../../lib/broker/index.ts';
import { namesAfter, pageOf } from '../../../lib/broker/services/pages.ts';

const named = (count: number, word: string): string[] =>
  Array.from({ length: count }, (_, at) => `${word}${String(at).padStart(6, '0')}`);

const head = { server: 'here', cluster: { state: 'up', others: [] } } as unknown as BrokerStatus;

function walk(others: readonly { server: string; services: string[] }[]): {
  pages: number;
  found: Map<string, string[]>;
} {
  const found = new Map<string, string[]>();
  let pages = 0;
  for (let after: string | undefined = ''; after !== undefined; pages += 1) {
    const page = pageOf({ head, mailboxes: new Map(), others }, after);
    if (JSON.stringify(page.status).length > 300_000) throw new Error('a page is too long');
    if (pages > 1_000) throw new Error('no end');
    for (const { server, services } of page.status.cluster.others) {
      found.set(server, [...(found.get(server) ?? []), ...services]);
    }
    after = page.more;
  }
  return { pages, found };
}

t.test('services of other brokers go over the ends of pages, and each comes once', async t => {
  const others = [
    { server: 'b', services: named(5_000, 'x'.repeat(150)) },
    { server: 'a', services: named(7, 'few') },
    { server: 'c', services: [] },
    { server: 'd', services: named(3_000, 'y'.repeat(250)) },
  ];
  const { pages, found } = walk(others);
  t.ok(pages > 5, `${pages} pages`);
  t.same(Object.fromEntries(found), Object.fromEntries(others.map(({ server, services }) => [server, services])));
});

t.test('so do brokers without services, many as there may be', async t => {
  const others = named(9_000, 'server_with_a_name_').map(server => ({ server, services: [] }));
  const { pages, found } = walk(others);
  t.ok(pages > 1);
  t.equal(found.size, 9_000);
});

t.test('a broker without others has one page', async t => {
  t.equal(walk([]).pages, 1);
});

t.test('names come in pages', async t => {
  const names = named(4_000, 'z'.repeat(200));
  const found: string[] = [];
  let pages = 0;
  for (let after: string | undefined = ''; after !== undefined; pages += 1) {
    const page = namesAfter([...names].reverse(), after);
    t.ok(page.names.join(',').length < 270_000);
    found.push(...page.names);
    after = page.more;
  }
  t.equal(pages, 4);
  t.same(found, names);
  t.same(namesAfter([], ''), { names: [] });
});
