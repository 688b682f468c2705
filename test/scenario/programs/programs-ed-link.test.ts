// ed-link as a program: what it cannot do, its exit codes, and what it says of itself.

import t from 'tap';
import { Communicator } from '../../../lib/index.ts';
import { linkServer } from '../../../lib/protocol/link/index.ts';
import { eachOf, edLink, startController, startNode } from '../../support/link-programs.ts';
import { start } from '../../support/programs.ts';

t.test('what cannot be done is one line and exit code 1, a wrong call exit code 2', async t => {
  const { address } = await startController(t);
  const node = await startNode(t, address, 1);
  const cases: [number, string[], RegExp][] = [
    [1, ['send', '1', 'nope'], /controls cannot send nope: greet, report_load, start_instance, stop_instance are/],
    [1, ['send', '1', 'greet', '{"instance_id":7}'], /greet_request: data must have required property 'name'/],
    [1, ['send', '1', 'greet', '{"instance_id":7,"name":"Ada"}'], /Instance ID 7 is not running/],
    [1, ['send', '1', 'stop_instance', '{"instance_id":7}'], /instance 7 does not run/],
    [1, ['send', 'gamma', 'report_load'], /there is no node gamma: known are 1 alpha/],
    [1, ['list', '-a', '127.0.0.1:1'], /cannot reach ws:\/\/127\.0\.0\.1:1\/api\/socket: .*ECONNREFUSED/],
    [1, ['list', '-a', `ws://${address}/elsewhere`], /cannot reach .*: .*response/],
    [2, ['send', '1', 'greet', '{"instance_id":'], /the data is no JSON: /],
    [2, ['send', '1', 'greet', '[7]'], /the data is no JSON object: \[7\]/],
    [2, ['send', '1'], /a word is missing: ed-link send <node> <request> \[data\] \(see ed-link --help\)/],
    [2, [], /say what to do: list, send, watch, token/],
    [2, ['lists'], /Unknown command: lists/],
    [2, ['list', '--count', '3'], /Unknown argument: count/],
    [2, ['list', '--timeout', 'soon'], /--timeout soon is no time/],
    [2, ['watch', '--count', '0'], /--count 0 is no whole number of 1 or more/],
    [2, ['list', '--token-file', '/nowhere'], /--token-file \/nowhere: ENOENT/],
  ];
  await eachOf(cases, async ([expected, words, pattern]) => {
    const { code, out, err } = await edLink(t, words, { ED_LINK_ADDRESS: address });
    t.same([code, out], [expected, ''], `${words.join(' ')}: ${err}`);
    t.match(err, pattern);
    t.equal(err.trim().split('\n').length, 1, 'one line');
  });
  node.child.kill('SIGSTOP');
  const late = await edLink(t, ['send', '1', 'report_load', '-a', address, '--timeout', '4']);
  t.equal(late.code, 1);
  t.match(late.err, /no answer from node 1 \(127\.0\.0\.1:\d+ did not answer within 4 s\)/);
});

t.test('a controller that ed-link cannot talk to is named, with what may help', async t => {
  const communicator = new Communicator();
  const server = linkServer('127.0.0.1:0', { definitions: [], dialect: 'both' });
  communicator.add(server);
  const address = await server.ready;
  await eachOf([['list'], ['watch'], ['list', '--dialect', 'seed'], ['watch', '--dialect', 'seed']], async words => {
    const { code, err } = await edLink(t, [...words, '-a', address]);
    t.equal(code, 1, words.join(' '));
    t.match(err, /does not serve controls such as this one: .*No validator for (list|watch)_nodes_request/);
  });
  await communicator.stop();
  const seed = await startController(t, '--dialect', 'seed');
  const { code, err } = await edLink(t, ['list', '-a', seed.address]);
  t.equal(code, 1);
  t.match(err, /refuses the handshake: .*Invalid handshake \(does it speak another --dialect\?\)/);
});

t.test('the programs explain themselves', async t => {
  await eachOf(['examples/link-controller', 'examples/link-node', 'tools/ed-link'], async path => {
    const help = start(t, path, ['--help']);
    t.same(await help.ended, { code: 0, signal: null });
    t.match(help.out, /Exit codes: 0 done, 1 failed.*2 wrong command line/);
  });
  const help = await edLink(t, ['send', '--help']);
  t.match(
    [help.code, help.out],
    [0, /ed-link send <node> <request> \[data\][\s\S]*Examples:[\s\S]*Exit codes: 0 done/],
  );
  t.match((await edLink(t, ['completion'])).out, /yargs command completion script/);
  t.match((await edLink(t, ['--get-yargs-completions', 'ed-link', ''])).out, /list\nsend\nwatch\ntoken\n/);
});
