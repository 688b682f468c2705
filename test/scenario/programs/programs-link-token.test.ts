// A controller with a secret: whom it lets in.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { eachOf, edLink, startController, startNode } from '../../support/link-programs.ts';
import { start } from '../../support/programs.ts';

t.test('with a secret only who has a token is let in', async t => {
  const folder = t.testdir({});
  const file = (name: string, text: string): string => {
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
  const other = file('other', 'YW5vdGhlciBzZWNyZXQgYW5vdGhlciBzZWNyZXQ=');
  const { out: foreign } = await edLink(t, ['token'], { ED_LINK_SECRET: readFileSync(other, 'utf8') });

  const list = ['list', '--json', '-a', address];
  const right: [string[], Record<string, string>][] = [
    [['--token-file', file('token', token)], {}],
    [['--token', token.trim()], {}],
    [[], { ED_LINK_TOKEN: token.trim() }],
  ];
  await eachOf(right, async ([words, environment]) => {
    const { out, err } = await edLink(t, [...list, ...words], environment);
    t.match(JSON.parse(out), [{ id: 1 }, { id: 2 }], err);
  });
  const wrong: [number, string[], RegExp][] = [
    [1, [...list, '--token', 'guess'], /does not accept the token: .*jwt malformed/],
    [1, [...list, '--token', foreign.trim()], /does not accept the token: .*invalid signature/],
    [1, list, /asks for a token: give --token-file or ED_LINK_TOKEN/],
    [1, ['watch', '--token', 'guess', '-a', address], /does not accept the token: .*jwt malformed/],
    [2, ['token'], /there is no secret/],
    [2, ['token', '--secret-file', file('short', 'abc')], /the secret is too short: make one with openssl/],
    [2, ['token', '--secret-file', secret, '--role', 'node'], /a token for a node needs its --id/],
  ];
  await eachOf(wrong, async ([expected, words, pattern]) => {
    const { code, err } = await edLink(t, words);
    t.equal(code, expected, err);
    t.match(err, pattern);
  });
  const words = ['--controller', address, '--id', '3', '--token-file', join(folder, 'node')];
  const node = start(t, 'examples/link-node', words);
  t.same(await node.ended, { code: 1, signal: null }, 'it does not come back');
  t.match(node.err, /link-node: .*missmatched slave id/);
  const help = await edLink(t, ['list', '--help'], { ED_LINK_TOKEN: token.trim() });
  t.notMatch(help.out, token.trim(), 'help does not show a token');
  t.match(help.out, /default: \$ED_LINK_TOKEN/);
});
