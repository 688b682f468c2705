// The upgrade under load, in a small form, and how its messages are counted.

import { readFileSync } from 'node:fs';
import t from 'tap';
import { Ledger, outcomeOf } from '../../examples/upgrade-count.ts';
import { start } from '../support/programs.ts';
import { until } from '../support/world.ts';

t.test('a service is replaced under 100 clients at 500 messages a second, and nothing is lost', async t => {
  const program = start(t, 'examples/upgrade', ['--clients', '100', '--rate', '500', '--seconds', '4']);
  t.same(await program.ended, { code: 0, signal: null }, program.err);
  const row = (name: string): number => Number(new RegExp(`^${name} +(\\d+)(?: ms)?$`, 'm').exec(program.out)?.[1]);
  const sent = row('messages sent');
  t.ok(sent >= 1_900, `${sent} were sent`);
  t.equal(row('confirmed'), sent);
  t.same([row('lost'), row('duplicated'), row('reordered')], [0, 0, 0]);
  const [old, replacement] = [row('handled by the old service'), row('handled by the new service')];
  t.ok(old > 0 && replacement > 0, `${old} by the old one, ${replacement} by the new one`);
  t.equal(old + replacement, sent);
  t.equal(row('links closed by the old service'), 100);
  t.ok(row('longest gap: a client without a link') > 0);
});

t.test('it fails where a service does not end as it should: what that had handled is not known', async t => {
  const program = start(t, 'examples/upgrade', ['--clients', '2', '--rate', '20', '--seconds', '2']);
  const { pid } = program.child;
  const children = (): string => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  await until('the old service runs', () => children() !== '');
  const [service = ''] = children().split(' ');
  const isNode = (): boolean => readFileSync(`/proc/${service}/cmdline`, 'utf8').startsWith(process.execPath);
  await until('the shell has become the service', isNode);
  process.kill(Number(service), 'SIGKILL');
  t.equal((await program.ended).code, 1);
  t.match(program.err, /^upgrade: a service ended (?:with SIGKILL|too early)\n$/);
});

t.test('a wrong command line is refused', async t => {
  for (const [option, value] of [
    ['clients', '0'],
    ['rate', 'many'],
    ['seconds', '3601'],
  ] as const) {
    const program = start(t, 'examples/upgrade', [`--${option}`, value]);
    t.equal((await program.ended).code, 2);
    t.match(program.err, `--${option} is ${value}, it must be 1 to`);
  }
});

t.test('what is lost, comes twice or out of order is counted', async t => {
  const sent = new Map([
    [1, 5],
    [2, 3],
  ]);
  const whole = { 1: [[1, 5]], 2: [[1, 3]] } as const;
  const none = { handled: 8, lost: 0, duplicated: 0, reordered: 0 };
  t.same(outcomeOf(sent, [whole]), none);
  t.same(outcomeOf(sent, [{ 1: [[1, 2]] }, { 1: [[3, 5]], 2: [[1, 3]] }]), none, 'two services share them');
  t.same(outcomeOf(sent, [{ 1: [[1, 2]] }, { 1: [[4, 5]] }]), { handled: 4, lost: 4, duplicated: 0, reordered: 0 });
  t.same(outcomeOf(sent, [whole, { 1: [[4, 5]] }]), { handled: 10, lost: 0, duplicated: 2, reordered: 0 });
  const swapped = {
    1: [
      [1, 2],
      [4, 5],
      [3, 3],
    ],
    2: [[1, 3]],
  } as const;
  t.same(outcomeOf(sent, [swapped]), { handled: 8, lost: 0, duplicated: 0, reordered: 1 });
});

t.test('a ledger grows by runs', async t => {
  const ledger = new Ledger();
  for (const number of [1, 2, 3, 5, 6, 6]) ledger.note(7, number);
  ledger.note(8, 1);
  t.same(ledger.handled, {
    7: [
      [1, 3],
      [5, 6],
      [6, 6],
    ],
    8: [[1, 1]],
  });
});
