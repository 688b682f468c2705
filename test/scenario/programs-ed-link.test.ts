// ed-link as a program: what it cannot do, whom it lets in, and its exit codes.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Communicator } from '../../lib/index.ts';
import { linkServer } from '../../lib/protocol/link/index.ts';
import { edLink, startController, startNode } from '../support/link-programs.ts';
import { start } from '../support/programs.ts';

t.test('what cannot be done is one line and exit code 1, a wrong call exit code 2', async t => {
  const { address } = await startController(t);
  const node = await startNode(t, address, 1);
  await startNode(t, address, 2);
  const cases: [number, string[], RegExp][] = [
    [1, ['send', '1', 'nope'], /controls cannot send nope: greet, report_load, start_instance, stop_instance are/],
    [1, ['send', '1', 'greet', '{"instance_id":7}'], /greet_request: data must have required property 'name'/],
    [1, ['send', '1', 'start_instance', '{"instance_id":0}'], /data\/instance_id must be >= 1/],
    [1, ['send', '1', 'greet', '{"instance_id":7,"name":"Ada"}'], /Instance ID 7 is not running/],
    [1, ['send', '1', 'stop_instance', '{"instance_id":7}'], /instance 7 does not run/],
    [1, ['send', 'gamma', 'report_load'], /there is no node gamma: known are 1 alpha, 2 beta/],
    [1, ['list', '-a', '127.0.0.1:1'], /cannot reach ws:\/\/127\.0\.0\.1:1\/api\/socket: .*ECONNREFUSED/],
    [1, ['list', '-a', `ws://${address}/elsewhere`], /cannot reach .*: .*response/],
    [2, ['send', '1', 'greet', '{"instance_id":'], /the data is no JSON: /],
    [2, ['send', '1', 'greet', '[7]'], /the data is no JSON object: \[7\]/],
    [2, ['send', '1'], /a word is missing: ed-link send <node> <request> \[data\] \(see ed-link --help\)/],
    [2, [], /say what to do: list, send, watch, token/],
    [2, ['lists'], /Unknown command: lists/],
    [2, ['list', '--count', '3'], /Unknown argument: count/],
    [2, ['list', '-a', 'http://127.0.0.1:1'], /there is no transport for http/],
    [2, ['list', '--timeout', 'soon'], /--timeout soon is no time/],
    [2, ['watch', '--count', '0'], /--count 0 is no whole number of 1 or more/],
    [2, ['list', '--token-file', '/nowhere'], /--token-file \/nowhere: ENOENT/],
  ];
  for (const [expected, words, pattern] of cases) {
    const { code, out, err } = await edLink(t, words, { ED_LINK_ADDRESS: address });
    t.same([code, out], [expected, ''], `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1, 'one line');
  }
  node.child.kill('SIGSTOP');
  const late = await edLink(t, ['send', '1', 'report_load', '-a', address, '--timeout', '1']);
  t.equal(late.code, 1);
  t.match(late.err, /no answer from node 1 \(127\.0\.0\.1:\d+ did not answer within 1 s\)/);
});

t.test('a controller that ed-link cannot talk to is named, with what may help', async t => {
  const communicator = new Communicator();
  const server = linkServer('127.0.0.1:0', { definitions: [], dialect: 'both' });
  communicator.add(server);
  const address = await server.ready;
  for (const words of [['list'], ['watch'], ['list', '--dialect', 'seed'], ['watch', '--dialect', 'seed']]) {
    const { code, err } = await edLink(t, [...words, '-a', address]);
    t.equal(code, 1, words.join(' '));
    t.match(err, /does not serve controls such as this one: .*No validator for (list|watch)_nodes_request/);
  }
  await communicator.stop();
  const seed = await startController(t, '--dialect', 'seed');
  const { code, err } = await edLink(t, ['list', '-a', seed.address]);
  t.equal(code, 1);
  t.match(err, /refuses the handshake: .*Invalid handshake \(does it speak another --dialect\?\)/);
});

t.test('with a secret only who has a token is let in', async t => {
  const folder = t.testdir({});
  const file = (name: string, text: string): string => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const secret = file('secret', 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0\n');
  const { address, program } = await startController(t, '--secret-file', secret);
  t.match(program.err, `for a token: ed-link token --secret-file ${secret}`);
  const make = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await edLink(t, ['token', '--secret-file', secret, ...words]);
    t.equal(code, 0, err);
    return out;
  };
  const token = await make();
  await startNode(t, address, 1, '--token-file', file('node', await make('--role', 'node', '--id', '1')));
  const seed = await make('--role', 'node', '--id', '2', '--dialect', 'seed');
  await startNode(t, address, 2, '--dialect', 'seed', '--token-file', file('seed', seed));
  const list = ['list', '--json', '-a', address];
  for (const [words, environment] of [
    [['--token-file', file('token', token)], {}],
    [['--token', token.trim()], {}],
    [[], { ED_LINK_TOKEN: token.trim() }],
  ] as const) {
    const { out, err } = await edLink(t, [...list, ...words], environment);
    t.match(JSON.parse(out), [{ id: 1 }, { id: 2 }], err);
  }
  const wrong: [string[], RegExp][] = [
    [['list', '--token', 'guess'], /does not accept the token: .*jwt malformed/],
    [['list'], /asks for a token: give --token-file or ED_LINK_TOKEN/],
    [['watch', '--token', 'guess'], /does not accept the token: .*jwt malformed/],
  ];
  for (const [words, pattern] of wrong) {
    const { code, err } = await edLink(t, [...words, '-a', address]);
    t.equal(code, 1, err);
    t.match(err, pattern);
  }
  const other = start(t, 'examples/link-node', [
    '--controller',
    address,
    '--id',
    '3',
    '--token-file',
    join(folder, 'node'),
  ]);
  t.same(await other.ended, { code: 1, signal: null }, 'it does not come back');
  t.match(other.err, /link-node: .*missmatched slave id/);
  const help = await edLink(t, ['list', '--help'], { ED_LINK_TOKEN: token.trim() });
  t.notMatch(help.out, token.trim(), 'help does not show a token');
  t.match(help.out, /default: \$ED_LINK_TOKEN/);
  for (const [words, pattern] of [
    [['token'], /there is no secret/],
    [['token', '--secret-file', file('short', 'abc')], /the secret is too short: make one with openssl/],
    [['token', '--secret-file', secret, '--role', 'node'], /a token for a node needs its --id/],
  ] as const) {
    const { code, err } = await edLink(t, words);
    t.equal(code, 2);
    t.match(err, pattern);
  }
});

t.test('the programs explain themselves', async t => {
  const tools = ['examples/link-controller', 'examples/link-node', 'tools/ed-link'];
  for (const path of tools) {
    const help = start(t, path, ['--help']);
    t.same(await help.ended, { code: 0, signal: null });
    t.match(help.out, /Exit codes: 0 done, 1 failed.*2 wrong command line/);
    const version = start(t, path, ['--version']);
    await version.ended;
    t.match(version.out, /^\d+\.\d+\.\d+\n$/);
  }
  for (const command of ['list', 'send', 'watch', 'token']) {
    const { code, out } = await edLink(t, [command, '--help']);
    t.equal(code, 0);
    t.match(out, `ed-link ${command}`);
    t.match(out, /Examples:[\s\S]*Exit codes: 0 done/);
  }
  t.match((await edLink(t, ['completion'])).out, /yargs command completion script/);
  t.match((await edLink(t, ['--get-yargs-completions', 'ed-link', ''])).out, /list\nsend\nwatch\ntoken\n/);
});
