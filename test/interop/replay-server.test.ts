// Our server hears what the C++ server heard, and says what that said.

import t from 'tap';
import { Raw } from '../scenario/raw.ts';
import type { Stairs } from '../scenario/stairs.ts';
import { stairs } from '../scenario/stairs.ts';
import { until } from '../support/world.ts';
import type { Exception } from './replay-kit.ts';
import { exchanges, greeting, play, recording } from './replay-kit.ts';

const silent = 'the C++ side logs and says nothing; ours says what was wrong';
const cached = 'the C++ catch-all keeps the definition of its first command and falls silent (reference §3.5)';

const raw03: readonly Exception[] = [
  { sent: 'DAD x\n', ours: 'INVALID command=DAD;message=a parameter has no = and value\n', why: silent },
  {
    sent: 'DAD 1x=2\n',
    ours: 'INVALID command=DAD;message=a parameter name cannot have "1" at its place 1\n',
    why: silent,
  },
  {
    sent: 'DAD x="unterminated\n',
    ours: 'INVALID command=DAD;message=a quoted value has no closing quote\n',
    why: silent,
  },
  { sent: 'a/b/DAD\n', ours: 'INVALID message=a service name is empty or twice there\n', why: silent },
  { sent: '/DAD\n', ours: 'INVALID message=a service name is empty or twice there\n', why: silent },
];

const system05: readonly Exception[] = [
  {
    sent: 'ALIVE timestamp=abc\n',
    ours: 'INVALID command=ALIVE;message=parameter timestamp: "abc" is no time in seconds\n',
    why: silent,
  },
  { sent: 'ALIVE timestamp=\n', ours: 'INVALID command=ALIVE;message=parameter timestamp: it is empty\n', why: silent },
];

const fresh05: readonly Exception[] = [
  { sent: 'COMMANDS\n', ours: 'UNKNOWN command=COMMANDS\n', why: cached },
  { sent: 'FOO\n', nth: 0, ours: 'UNKNOWN command=FOO\n', why: cached },
  { sent: 'ABSOLUTELY\n', ours: 'UNKNOWN command=ABSOLUTELY\n', why: cached },
  { sent: 'FOO\n', nth: 1, ours: 'UNKNOWN command=FOO\n', why: cached },
];

/** One greeted connection for each that was recorded. */
function connections(made: Stairs): (conn: number | string) => Promise<Raw> {
  const open = new Map<number | string, Promise<Raw>>();
  return conn => {
    const raw = open.get(conn) ?? made.client();
    open.set(conn, raw);
    return raw;
  };
}

t.test('01: the example client talks to our server', async t => {
  const records = recording('01-session');
  const made = await stairs(t);
  const connection = connections(made);
  t.equal(greeting(records, 1), 'HI\n');
  await play(t, exchanges(records), connection);
  const raw = await connection(1);
  raw.socket.end();
  await raw.end();
  t.equal(raw.rest, '', 'the client ends, then we do, as recorded');
});

t.test('02: ed-signal sends QUIT before it was greeted', async t => {
  const records = recording('02-ed-signal-quit');
  const made = await stairs(t);
  const over = made.communicator.run();
  const raw = await Raw.dial(made.address);
  for (const { dir, bytes = '' } of records) if (dir === 'client->server') raw.send(bytes);
  await raw.end();
  t.equal(raw.text, greeting(records, 1));
  raw.socket.end();
  t.equal(await over, true);
});

t.test('03: raw lines to the example server', async t => {
  const made = await stairs(t);
  const connection = connections(made);
  const conversation = exchanges(recording('03-example-server-raw'));
  t.equal(conversation.length, 32);
  await play(t, conversation, connection, raw03);
  const raw = await connection(1);
  raw.socket.end();
  await raw.end();
  t.equal(raw.rest, '', 'half a line before the end is not answered');
  const another = await made.client();
  another.send('DAD\n');
  t.equal(await another.line(), 'CLIMB\n', 'the process is alive');
});

t.test('05: raw lines to a server with the system commands', async t => {
  const records = recording('05-fullserver-library-commands');
  const border = records.findIndex(({ ev }) => ev === 'closed');
  t.ok(border > 0);
  const made = await stairs(t, { system: true });
  const conversation = exchanges(records.slice(0, border));
  t.equal(conversation.length, 22);
  await play(t, conversation, connections(made), system05);

  const second = await stairs(t, { system: true });
  await play(t, exchanges(records.slice(border + 1)), connections(second), fresh05);
});

t.test('07: QUIT with two connections', async t => {
  const records = recording('07-quit-two-connections');
  const made = await stairs(t);
  const over = made.communicator.run();
  const connection = connections(made);
  const [a, b] = [await connection('A'), await connection('B')];
  const [quit, dad, ...others] = exchanges(records);
  t.same([quit, others], [{ conn: 'A', sent: 'QUIT\n', answer: '' }, []]);
  t.same(dad, { conn: 'B', sent: 'DAD\n', answer: 'CLIMB\n' });
  a.send(quit?.sent ?? '');
  await a.end();
  t.equal(a.rest, '');
  // Exception: there QUIT removes the listener and its own connection, and B is answered until it closes itself.
  // Here QUIT is stop(), which drains everything: B hears the end too, and what it says then is not answered.
  await b.end();
  b.send(dad?.sent ?? '');
  a.socket.end();
  b.socket.end();
  t.equal(await over, true);
  t.equal(b.rest, '');
  const late = await Raw.dial(made.address);
  await until('C is refused', () => late.closed);
  t.ok(late.reset);
});
