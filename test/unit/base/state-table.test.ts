import t from 'tap';
import type { StateTable } from '../../../lib/base/state-table.ts';
import { StateMachine } from '../../../lib/base/state-table.ts';
import { communicatorTable } from '../../../lib/communicator/communicator.ts';
import { datagramTable } from '../../../lib/connection/datagram.ts';
import { linkTable } from '../../../lib/connection/link/link-table.ts';
import { listenerTable } from '../../../lib/connection/listener.ts';
import { clientTable, permanentClientTable } from '../../../lib/connection/parts/client-table.ts';
import { signalTable } from '../../../lib/connection/signal.ts';
import { timerTable } from '../../../lib/connection/timer.ts';

type Table = StateTable<string, string>;

interface Facts {
  readonly table: Table;
  /** Events that end it, or begin its end, whatever it does. */
  readonly ends: readonly string[];
  /** States that another machine of the same type has, and this one never comes to. */
  readonly foreign: readonly string[];
}

const facts: Readonly<Record<string, Facts>> = {
  link: { table: linkTable, ends: ['gone', 'finish'], foreign: [] },
  client: { table: clientTable, ends: ['stop'], foreign: ['waiting'] },
  'permanent client': { table: permanentClientTable, ends: ['stop'], foreign: [] },
  listener: { table: listenerTable, ends: ['stop'], foreign: [] },
  datagram: { table: datagramTable, ends: ['stop'], foreign: [] },
  timer: { table: timerTable, ends: ['stop'], foreign: [] },
  signal: { table: signalTable, ends: ['stop'], foreign: [] },
};

/** The states that can be come to from `start`, itself included. */
function reachable(table: Table, start: string): ReadonlySet<string> {
  const found = new Set([start]);
  for (const state of found) for (const to of Object.values(table[state] ?? {})) if (to !== undefined) found.add(to);
  return found;
}

for (const [name, { table, ends, foreign }] of Object.entries(facts)) {
  t.test(`${name}: all its states are reachable from idle`, async t => {
    const never = Object.keys(table).filter(state => !reachable(table, 'idle').has(state));
    t.same(never, foreign);
    for (const state of foreign) t.same(table[state], {}, `${state} is an empty row`);
  });

  t.test(`${name}: each state but closed can be ended, and comes to closed`, async t => {
    for (const state of reachable(table, 'idle')) {
      if (state === 'closed') continue;
      const ways = ends.filter(event => table[state]?.[event] !== undefined);
      t.not(ways.length, 0, `${state} knows one of ${ends.join(', ')}`);
      t.ok(reachable(table, state).has('closed'), `${state} comes to closed`);
    }
  });

  t.test(`${name}: closed has no way out, and idle no way back in`, async t => {
    t.same(table.closed, {});
    const back = Object.values(table).flatMap(row => Object.values(row));
    t.notOk(back.includes('idle'));
  });

  t.test(`${name}: each step leads to a state of the table`, async t => {
    for (const row of Object.values(table)) for (const to of Object.values(row)) t.ok(to !== undefined && to in table);
  });
}

t.test('a stop closes at once whatever is not a link', async t => {
  for (const [name, { table, foreign }] of Object.entries(facts)) {
    if (name === 'link') continue;
    const states = Object.keys(table).filter(state => state !== 'closed' && !foreign.includes(state));
    for (const state of states) t.equal(table[state]?.stop, 'closed', `${name} while ${state}`);
  }
});

t.test('communicator: it can be stopped in each state but stopping, and always comes back to idle', async t => {
  const table: Table = communicatorTable;
  t.same(reachable(table, 'idle'), new Set(Object.keys(table)), 'all states are reachable');
  for (const state of Object.keys(table)) {
    t.ok(reachable(table, state).has('idle'), `${state} comes back to idle`);
    t.equal(table[state]?.stop, state === 'stopping' ? undefined : 'stopping', state);
  }
});

const lamp: StateTable<'off' | 'on' | 'broken', 'press' | 'drop'> = {
  off: { press: 'on', drop: 'broken' },
  on: { press: 'off', drop: 'broken' },
  broken: {},
};

t.test('a machine steps along its table', async t => {
  const machine = new StateMachine(lamp, 'off');
  t.same([machine.state, machine.can('press'), machine.step('press'), machine.state], ['off', true, 'on', 'on']);
  t.same([machine.attempt('drop'), machine.state], [true, 'broken']);
});

t.test('a step that the table does not list throws, and nothing moves', async t => {
  const machine = new StateMachine(lamp, 'broken');
  t.same([machine.can('press'), machine.attempt('press')], [false, false]);
  t.throws(() => machine.step('press'), {
    name: 'UsageError',
    code: 'ILLEGAL_STEP',
    message: '"press" is not possible while broken',
  });
  t.equal(machine.state, 'broken');
});
