// verify-definitions as a program.

import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { Dispatcher, systemCommands, tls } from '../../../lib/index.ts';
import { authority, serverIdentity } from '../../support/certificate.ts';
import { folderOf } from '../../support/folder.ts';
import { start } from '../../support/programs.ts';
import { stairs, worldOf } from '../stairs.ts';

async function verify(t: Test, ...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const program = start(t, 'tools/verify-definitions', words);
  const { code } = await program.ended;
  return { code, out: program.out, err: program.err };
}

t.test('good files are fine', async t => {
  const place = folderOf(t, { 'EVENT.conf': '[id]\ntype = integer\n', 'DONE.conf': '', 'notes.txt': 'x' });
  t.same(await verify(t, place), { code: 0, out: '2 files, 0 errors, 0 warnings\n', err: '' });
  const { out } = await verify(t, '--path', join(place, 'EVENT.conf'), '--verbose');
  t.match(out, /^\/.*EVENT\.conf\n1 files, 0 errors/);
});

t.test('each error is a line with its place, and the exit code tells', async t => {
  const place = folderOf(t, { 'BAD.conf': '[a]\ntype = int\n', 'ODD.conf': '[a]\nflag = x\n' });
  const { code, out } = await verify(t, place);
  t.equal(code, 1);
  t.match(out, /BAD\.conf:2: error: "int" is no type/);
  t.match(out, /ODD\.conf:2: warning: "flag" is no key/);
  t.match(out, /\n2 files, 1 errors, 1 warnings\n$/);
  t.equal((await verify(t, join(place, 'ODD.conf'))).code, 0, 'a warning is none');
  t.equal((await verify(t, join(place, 'ODD.conf'), '--strict')).code, 1, 'unless it is');
  const json = JSON.parse((await verify(t, place, '--json')).out);
  t.match(json, {
    files: 2,
    problems: [
      { line: 2, severity: 'error' },
      { line: 2, severity: 'warning' },
    ],
  });
});

t.test('wrong use is told in one line', async t => {
  for (const words of [[], ['/nowhere/at/all'], [folderOf(t, {})], ['x', '--timeout', 'soon', '--against', '::']]) {
    const { code, err } = await verify(t, ...words);
    t.equal(code, 2, words.join(' '));
    t.match(err, /^verify-definitions: .*\n$/);
  }
});

t.test('a service is asked what it knows', async t => {
  const place = folderOf(t, { 'DAD.conf': '', 'GONE.conf': '' });
  const { address } = await stairs(t, {
    listen: { dispatcher: new Dispatcher().on('DAD', () => 0).use(systemCommands()) },
  });
  const { code, out } = await verify(t, place, '--against', address);
  t.equal(code, 1);
  t.match(out, /^HELP: tcp:.* knows it, and there is no definition$/m);
  t.match(out, /^GONE: there is a definition, and tcp:.* does not know it$/m);
  t.notMatch(out, /^DAD/m);
  const json = JSON.parse((await verify(t, place, '--against', address, '--json')).out);
  t.same(json.comparison.unknown, ['GONE']);
});

t.test('a service with tls is asked too', async t => {
  const place = folderOf(t, { 'DAD.conf': '' });
  const { communicator } = worldOf(t, { transports: { tls: tls(serverIdentity) } });
  const dispatcher = new Dispatcher()
    .on('DAD', () => 0)
    .on('HELP', (message, peer) => {
      peer.send(message.reply('COMMANDS', { list: 'DAD' }));
    });
  const address = await communicator.listen('tls://127.0.0.1:0', { dispatcher }).ready;
  const ca = join(folderOf(t, { 'ca.pem': authority }), 'ca.pem');
  t.match(await verify(t, place, '--against', address, '--ca', ca), { code: 0, err: '' });
  t.match(await verify(t, place, '--against', address), { code: 1, err: /not trusted here\n$/ });
});

t.test('a service that is not there, or says nothing, is told', async t => {
  const place = folderOf(t, { 'DAD.conf': '' });
  const silent = await stairs(t, { listen: { dispatcher: new Dispatcher().otherwise(() => undefined) } });
  const late = await verify(t, place, '--against', silent.address, '--timeout', '0.3');
  t.equal(late.code, 1);
  t.match(late.err, /did not answer HELP/);
  for (const listener of silent.communicator.connections) listener.stop();
  const gone = await verify(t, place, '--against', silent.address);
  t.equal(gone.code, 1);
  t.match(gone.err, /cannot reach/);
});
