// ed-events and the examples of events, as programs of their own.

import type { Test } from 'tap';
import t from 'tap';
import { catalog, usualAddresses } from '../../../lib/protocol/events/index.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';

const anyPorts = ['--emit-address', 'tcp://127.0.0.1:0', '--reg-address', 'tcp://127.0.0.1:0'];

async function addressesOf(server: Program): Promise<[emit: string, reg: string]> {
  const emit = await server.says(/taking events on (\S+),/);
  return [emit, await server.says(/publishing on (\S+)/)];
}

async function served(t: Test): Promise<{ server: Program; words: string[] }> {
  const server = start(t, 'tools/ed-events', ['serve', ...anyPorts]);
  const [emit, reg] = await addressesOf(server);
  return { server, words: ['--emit-address', emit, '--reg-address', reg] };
}

t.test('serve, register and emit', async t => {
  const { server, words } = await served(t);
  const listener = start(t, 'tools/ed-events', ['register', 'CLIENT_UID', '--count', '2', '--json', ...words]);
  await listener.says(/registered for CLIENT_UID/);
  const plain = start(t, 'tools/ed-events', ['register', 'CLIENT_UID', '-n', '1', ...words]);
  await plain.says(/registered for CLIENT_UID/);
  const content = ['"user@example.org"', '3', '{"a":[null,true]}', '123456789012345678901234567890'];
  const emitter = start(t, 'tools/ed-events', ['emit', 'CLIENT_UID', ...content, ...words]);
  t.same(await emitter.ended, { code: 0, signal: null }, emitter.err);
  t.same(await plain.ended, { code: 0, signal: null }, plain.err);
  t.equal(plain.out, 'CLIENT_UID "user@example.org" 3 {"a":[null,true]} "123456789012345678901234567890"\n');
  await start(t, 'tools/ed-events', ['emit', 'CLIENT_UID', '--content', 'json', ...words]).ended;
  t.same(await listener.ended, { code: 0, signal: null }, listener.err);
  const all = ['user@example.org', 3, { a: [null, true] }, '123456789012345678901234567890'];
  const lines = listener.out.trim().split('\n');
  t.same(
    lines.map(line => JSON.parse(line) as unknown),
    [
      { event: 'CLIENT_UID', content: all },
      { event: 'CLIENT_UID', content: [] },
    ],
  );
  const standby = start(t, 'tools/ed-events', ['serve', ...words]);
  await standby.says(/a server runs on \S+ already, and is used/);
  server.child.kill('SIGTERM');
  t.same(await server.ended, { code: 0, signal: null });
  await standby.says(/taking events on/);
});

t.test('the help has the usual addresses', async t => {
  const program = start(t, 'tools/ed-events', ['emit', '--help']);
  await program.ended;
  for (const address of Object.values(usualAddresses)) t.ok(program.out.includes(address), address);
});

t.test('catalog lists the names', async t => {
  const program = start(t, 'tools/ed-events', ['catalog']);
  t.same(await program.ended, { code: 0, signal: null });
  t.same(program.out.trim().split('\n'), Object.keys(catalog));
});

t.test('a wrong command line is said in one line, and ends with 2; a server that is away with 1', async t => {
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /say what to do: serve, emit, register, catalog/],
    [['emit'], /a word is missing: ed-events emit <name>/],
    [['emit', 'X', '{'], /\{ is no JSON/],
    [['emit', 'NO NAME'], /is no name for an event/],
    [['register', 'X', '--count', 'many'], /--count many is no whole number/],
    [['serve', 'now'], /Unknown command: now/],
    [['serve', '--reg-address', 'tcp://0.0.0.0:0', '--no-curve'], /it needs curve, or insecure/],
    [['emit', 'X', '--what'], /what/],
  ];
  for (const [words, expected] of wrong) {
    const program = start(t, 'tools/ed-events', words);
    t.same(await program.ended, { code: 2, signal: null }, words.join(' '));
    t.match(program.err, expected);
    t.equal(program.err.trim().split('\n').length, 1, 'one line');
  }
  const away = ['--emit-address', 'ipc:///nowhere/a', '--reg-address', 'ipc:///nowhere/b', '--timeout', '0.3'];
  const program = start(t, 'tools/ed-events', ['emit', 'X', ...away]);
  t.same(await program.ended, { code: 1, signal: null });
  t.match(program.err, /^ed-events: no round trip over ipc:\/\/\/nowhere\/a within 300 ms\n$/);
});

t.test('the examples show what they say', async t => {
  const server = start(t, 'examples/events-server', ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:0']);
  const client = start(t, 'examples/events-client', await addressesOf(server));
  t.same(await client.ended, { code: 0, signal: null }, client.err);
  t.equal(client.out, 'CLIENT_UID, ["foo"]\nJOB_DONE, ["BACKUP",0]\n');
  server.child.kill('SIGINT');
  t.same(await server.ended, { code: 0, signal: null });
});
