// What ed-qio says when something is wrong, and its exit codes.

import t from 'tap';
import { edQio, serveQio } from '../../support/programs.ts';

t.test('what a server refuses, or does not answer, is 1 with a reason', async t => {
  const { url } = await serveQio(t);
  const cases: [words: string[], err: RegExp][] = [
    [
      ['send', url, '/clienttest/error/418', '--callback'],
      /^ed-qio: \/clienttest\/error\/418: 418s are fun! \(418\)$/m,
    ],
    [['send', url, '/no', '--callback'], /\/no: refused \(404\)/],
    [['send', url, '/clienttest/drop-callback', '--callback', '--timeout', '2'], /not answered within 2000 ms/],
    [['send', url, '/clienttest/close', '--callback'], /disconnected \(-1\)/],
    [['on', url, '/no'], /^ed-qio: \/no: refused \(404\)$/m],
    [['on', url, '/clienttest/in-progress', '--timeout', '2'], /not accepted within 2000 ms/],
    [['bench', url, '--path', '/no', '--duration', '100ms', '--clients', '1'], /^$/],
  ];
  const all = await Promise.all(cases.map(async ([words, err]) => ({ words, err, ended: await edQio(t, ...words) })));
  for (const { words, err, ended } of all) {
    t.equal(ended.code, 1, words.join(' '));
    t.match(ended.err, err);
  }
});

t.test('no server is 1 with what the last attempt said', async t => {
  const { server, url } = await serveQio(t);
  server.child.kill('SIGTERM');
  await server.ended;
  const cases = [
    ['on', url, '/a'],
    ['send', url, '/a'],
    ['bench', url, '--clients', '1'],
  ];
  for (const { code, err } of await Promise.all(cases.map(words => edQio(t, ...words, '--timeout', '2')))) {
    t.equal(code, 1);
    t.match(err, /no connection within 2000 ms: .*ECONNREFUSED/);
  }
});

t.test('wrong command lines are 2', async t => {
  const url = 'ws://127.0.0.1:1/';
  const cases: [words: string[], err: RegExp][] = [
    [[], /say what to do: serve, on, send, bench \(see ed-qio --help\)/],
    [['on', url], /a word is missing: ed-qio on <url> <path>/],
    [['send', 'nowhere', '/a'], /"nowhere" is no address of a server/],
    [['send', url, '/a', '{'], /\{ is no JSON/],
    [['send', url, '/a', '1', '2'], /Unknown command: 2/],
    [['send', url, '/a', '--timeout', 'soon'], /--timeout soon is no time/],
    [['on', url, '/a', '--count', '0'], /--count 0 is no whole number of 1 or more/],
    [['on', url, '/a', '--transport', 'udp'], /Invalid values/],
    [['bench'], /a word is missing: ed-qio bench <url>/],
    [['bench', url, '--rate', '5000'], /--rate 5000 is no whole number from 0 to 1000/],
    [['serve', '--apps', 'clienttest,x'], /there is no application "x"/],
  ];
  const all = await Promise.all(cases.map(async ([words, err]) => ({ words, err, ended: await edQio(t, ...words) })));
  for (const { words, err, ended } of all) {
    t.equal(ended.code, 2, `${words.join(' ')}: ${ended.err}`);
    t.match(ended.err, err);
    t.equal(ended.err.trim().split('\n').length, 1, 'in one line');
  }
});

t.test('--help and --version say what there is', async t => {
  const all = await edQio(t, '--help');
  t.equal(all.code, 0);
  for (const word of ['serve', 'on', 'send', 'bench']) {
    t.match(all.out, new RegExp(`ed-qio ${word}`));
    const { code, out } = await edQio(t, word, '--help');
    t.equal(code, 0);
    t.match(out, new RegExp(`^ed-qio ${word}\\s`));
    t.match(out, /Exit codes: 0 done, 1 failed/);
  }
  t.match((await edQio(t, '--version')).out, /^\d+\.\d+\.\d+\n$/);
  t.match((await edQio(t, 'completion')).out, /ed-qio/);
});
