// The example daemon where others behave badly, or are gone, and where it is called wrongly.

import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { edSignal, start, startServer } from '../../support/programs.ts';
import { until } from '../../support/world.ts';
import { Raw } from '../raw.ts';

const ports = ['--listen', '127.0.0.1:0', '--log-rotate-listen', '127.0.0.1:0'];

/** Runs the daemon, which has to end by itself, with one line and that code. */
async function refuses(
  t: Test,
  words: readonly string[],
  { code, pattern, environment }: { code: number; pattern: RegExp; environment?: Record<string, string> },
): Promise<void> {
  const program = start(t, 'examples/server', words, environment);
  let state: 'running' | 'ended' = 'running';
  void program.ended.then(() => {
    state = 'ended';
  });
  await until(`an end of: ${words.join(' ')}`, () => state === 'ended', 20_000);
  t.same(await program.ended, { code, signal: null }, words.join(' '));
  t.match(program.err, pattern);
  t.equal(program.err.trimEnd().split('\n').length, 1, `one line: ${program.err}`);
}

t.test('QUIT ends the daemon while a client that reads nothing has several MB of answers waiting', async t => {
  const { address, server } = await startServer(t);
  const [host = '', port = ''] = address.split(':');
  const deaf = connect({ host, port: Number(port) });
  t.teardown(() => deaf.destroy());
  deaf.pause();
  deaf.on('error', () => undefined);
  // The answer to an unknown command names it: as many bytes come back as are sent, and more.
  const request = `${'X'.repeat(1_000)}\n`;
  let taken = 0;
  for (let block = 0; block < 12; block += 1) {
    deaf.write(request.repeat(1_000), () => {
      taken += 1;
    });
  }
  await until('the daemon has taken all requests', () => taken === 12, 30_000);
  const other = await Raw.dial(`tcp://${address}`);
  t.teardown(() => other.destroy());
  t.equal(await other.line(), 'HI\n');
  for (let turn = 0; turn < 50; turn += 1) {
    other.send('DAD\n');
    t.equal(await other.line(), 'CLIMB\n');
  }
  const begin = performance.now();
  other.send('QUIT\n');
  t.same(await server.ended, { code: 0, signal: null });
  const took = performance.now() - begin;
  // It takes about a second; without the limit it is the ten seconds of a drain.
  t.ok(took < 5_000, `it took ${took} ms`);
  t.match(server.err, /abandoned at stop.*"?bytes"?\W+[1-9]\d{5}/, 'there was much to be abandoned');
});

t.test('the daemon goes on when the reader of its standard error goes away', async t => {
  const { address, server } = await startServer(t, '--trace');
  server.child.stderr?.destroy();
  server.child.stdout?.destroy();
  for (let turn = 0; turn < 3; turn += 1) {
    const raw = await Raw.dial(`tcp://${address}`);
    t.teardown(() => raw.destroy());
    t.equal(await raw.line(), 'HI\n');
    for (const [asked, answer] of [
      ['DAD', 'CLIMB'],
      ['TOP', 'WHO'],
    ]) {
      raw.send(`${asked}\n`);
      t.equal(await raw.line(), `${answer}\n`);
    }
    raw.destroy();
  }
  const quit = await edSignal(t, '--server', address, '--type', 'tcp', '--message', 'QUIT');
  t.equal(quit.code, 0, quit.err);
  t.same(await server.ended, { code: 0, signal: null });
});

t.test('a config file that is no object, or holds a value of the wrong type, is exit code 2 with one line', async t => {
  const file = join(t.testdir({}), 'options.json');
  const wrong: [string, RegExp][] = [
    ['[]', /holds no JSON object/],
    ['null', /holds no JSON object/],
    ['5', /holds no JSON object/],
    ['"--trace"', /holds no JSON object/],
    ['{"trace": tru', /options\.json/],
    ['', /options\.json/],
    ['{"trace":"yes"}', /"trace"/],
    ['{"log-file":true}', /"log-file"/],
    ['{"listen":5}', /"listen"/],
    ['{"listen":null}', /"listen"/],
    ['{"listen":["127.0.0.1:0"]}', /"listen"/],
    ['{"bogus":1}', /bogus/],
  ];
  for (const [text, pattern] of wrong) {
    writeFileSync(file, text);
    await refuses(t, ['--log-rotate-listen', '127.0.0.1:0', '--config', file], { code: 2, pattern });
  }
});

t.test('a switch from the environment is true, false, 1 or 0, and nothing else', async t => {
  for (const value of ['yes', 'TRUE', '2', '']) {
    const environment = { ED_SERVER_TRACE: value };
    await refuses(t, ports, { code: 2, pattern: /ED_SERVER_TRACE/, environment });
  }
  for (const [value, traces] of [
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
  ] as const) {
    const server = start(t, 'examples/server', ports, { ED_SERVER_TRACE: value });
    const address = await server.says(/listening on tcp:\/\/(\S+)/);
    const raw = await Raw.dial(`tcp://${address}`);
    t.teardown(() => raw.destroy());
    raw.send('QUIT\n');
    t.same(await server.ended, { code: 0, signal: null }, value);
    t.equal(/received QUIT/.test(server.err), traces, `${value}: ${server.err}`);
  }
});

t.test('an option without its value is exit code 2 with one line', async t => {
  await refuses(t, ['--listen'], { code: 2, pattern: /listen|argument/ });
  await refuses(t, ['--log-file', '--trace'], { code: 2, pattern: /log-file|argument/ });
  await refuses(t, ['--listen', '--trace'], { code: 2, pattern: /listen|argument/ });
});

t.test('a log file where none can be made is exit code 1 with one line', async t => {
  const folder = t.testdir({ plain: 'a file' });
  await refuses(t, [...ports, '--log-file', '/proc/x/y'], { code: 1, pattern: /^server: .*\/proc\/x/ });
  await refuses(t, [...ports, '--log-file', '/proc/x/y/z/server.log'], { code: 1, pattern: /^server: .*\/proc\/x/ });
  await refuses(t, [...ports, '--log-file', join(folder, 'plain', 'x.log')], { code: 1, pattern: /^server: .*plain/ });
});
