// The board as a program: its pages, what its applications refuse, and its options. A browser is in qio-board.test.ts.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import t from 'tap';
import { WebSocket } from 'ws';
import { QioClient, QioError } from '../../../lib/protocol/qio/client.ts';
import type { Program } from '../../support/programs.ts';
import { start } from '../../support/programs.ts';
import { until } from '../../support/world.ts';

interface Hall {
  readonly server: Program;
  readonly address: string;
  visit(): QioClient;
}

async function hall(t: Test, ...words: string[]): Promise<Hall> {
  const server = start(t, 'examples/qio-board', ['--port', '0', ...words]);
  const address = await server.says(/listening on any:\/\/(\S+)/);
  const visit = (): QioClient => {
    const client = new QioClient(`ws://${address}`, { webSocket: WebSocket });
    t.teardown(() => client.close());
    return client;
  };
  return { server, address, visit };
}

/** Subscribes, and waits until that is accepted. */
function comeIn(client: QioClient, name: unknown, key: unknown): Promise<void> {
  return new Promise((accepted, reject) => {
    const error = (code: number, reason: string | null): void => reject(new QioError(code, reason, ''));
    client.on('/people/here', () => undefined, { data: { name, key }, accepted, error });
  });
}

function opened(client: QioClient): Promise<unknown> {
  return new Promise(resolve => client.one('/open', resolve));
}

t.test('the files of the page come from the port of the events, and no others', async t => {
  const { server, address } = await hall(t);
  await until('the address is printed', () => server.out === `The board is at http://${address}/\n`);
  for (const [path, type, text] of [
    ['/', 'text/html', '<title>Board</title>'],
    ['/page.css', 'text/css', '#notes'],
    ['/page.js', 'text/javascript', "from '/qio/client.js'"],
  ] as const) {
    const answer = await fetch(`http://${address}${path}`);
    t.equal(answer.headers.get('content-type'), `${type}; charset=utf-8`);
    t.match(answer.headers.get('content-security-policy'), "default-src 'self'");
    t.ok((await answer.text()).includes(text), path);
  }
  for (const path of ['/room.js', '/page.txt', '/..%2fboard.ts', '/web/page.js', '/%00.js']) {
    t.equal((await fetch(`http://${address}${path}`)).status, 404, path);
  }
});

t.test('names are taken once; who has the key comes back', async t => {
  const { visit } = await hall(t);
  const [ada, again, other] = [visit(), visit(), visit()];
  await comeIn(ada, 'Ada', 'k1');
  await t.rejects(comeIn(other, ' ADA ', 'k2'), { code: 401, err_msg: 'Ada is here already: take another name' });
  for (const name of ['', '   ', 'x'.repeat(21), 7, null]) {
    await t.rejects(comeIn(other, name, 'k2'), { code: 400, err_msg: 'a name has 1 to 20 letters' });
  }
  await comeIn(again, 'Ada', 'k1');
  const lists: { name: string }[][] = [];
  again.on('/people/here', people => lists.push(people as { name: string }[]));
  await comeIn(other, '__proto__', 'k2');
  await until('each is there once', () => lists.at(-1)?.length === 2);
  const before = lists.length;
  ada.close();
  await until('one connection of two is gone', () => lists.length > before);
  t.match(lists.at(-1), [{ name: '__proto__' }, { name: 'Ada' }], 'and Ada is still here');
});

t.test('who has not come in may look, and no more; what is wrong is refused', async t => {
  const { server, visit } = await hall(t);
  const [stranger, ada] = [visit(), visit()];
  await Promise.all([comeIn(ada, 'Ada', 'k1'), opened(stranger)]);
  const note = { text: 'a', x: 0.5, y: 0.5 };
  for (const [path, data] of [
    ['/board/add', note],
    ['/board/move', { id: 1, x: 0, y: 0 }],
    ['/board/remove', 1],
    ['/chat/say', 'hello'],
    ['/people/wave', 'Ada'],
  ] as const) {
    await t.rejects(stranger.request(path, data), { code: 401 }, path);
  }
  for (const [path, data, code] of [
    ['/board/add', null, 400],
    ['/board/add', { ...note, text: ' ' }, 400],
    ['/board/add', { ...note, x: 1.1 }, 400],
    ['/board/add', { ...note, y: 'NaN' }, 400],
    ['/board/move', { id: 99, x: 0, y: 0 }, 404],
    ['/board/remove', '__proto__', 404],
    ['/chat/say', 'x'.repeat(501), 400],
    ['/people/wave', 'Nobody', 404],
    ['/people/wave', 'Ada', 404],
    ['/crossing/cross', null, 404],
  ] as const) {
    await t.rejects(ada.request(path, data), { code }, `${path} ${code}`);
  }
  t.equal(await ada.request('/crossing/elsewhere'), null);
  for (let n = 0; n < 5; n += 1) await ada.request('/chat/say', `line ${n}`);
  await t.rejects(ada.request('/chat/say', 'one more'), { code: 420 });
  for (let n = 0; n < 60; n += 1) await ada.request('/board/add', note);
  await t.rejects(ada.request('/board/add', note), { code: 420, err_msg: /the board is full/ });
  t.notMatch(server.err, /a handler failed/);
});

t.test('a wave is answered by the page of the other, and lost with it', async t => {
  const { visit } = await hall(t);
  const [ada, bo] = [visit(), visit()];
  await Promise.all([comeIn(ada, 'Ada', 'k1'), comeIn(bo, 'Bo', 'k2')]);
  await new Promise<void>(accepted => {
    bo.on('/people/wave', (_from, reply) => reply?.(true), { accepted });
  });
  t.same(await ada.request('/people/wave', 'Bo'), { back: true });
  bo.off('/people/wave').on('/people/wave', () => bo.close());
  await t.rejects(ada.request('/people/wave', 'Bo'), { code: 404, err_msg: 'Bo does not answer' });
});

t.test('notes and lines are kept in a file, and what is no board is refused', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'qio-board-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'board.json');
  const first = await hall(t, '--file', file);
  const ada = first.visit();
  await comeIn(ada, 'Ada', 'k1');
  await ada.request('/board/add', { text: 'kept', x: 0, y: 1 });
  await ada.request('/chat/say', 'said');
  first.server.child.kill('SIGTERM');
  t.equal((await first.server.ended).code, 0);
  t.match(JSON.parse(readFileSync(file, 'utf8')), { notes: [{ text: 'kept' }], lines: [{ text: 'said' }] });
  const bo = (await hall(t, '--file', file)).visit();
  const heard = await Promise.all([
    new Promise(resolve => bo.on('/board/notes', resolve)),
    new Promise(resolve => bo.on('/chat/lines', resolve)),
  ]);
  t.match(heard, [{ all: [{ id: 1, text: 'kept', name: 'Ada', x: 0, y: 1 }] }, [{ text: 'said', name: 'Ada' }]]);
  for (const text of ['{}', 'no JSON', '{"notes":7}']) {
    writeFileSync(file, text);
    const program = start(t, 'examples/qio-board', ['--port', '0', '--file', file]);
    t.equal((await program.ended).code, 2);
    t.match(program.err, /is no board that was kept/);
  }
});

t.test('options that are wrong, and a port that is taken', async t => {
  const { address } = await hall(t);
  const { port } = new URL(`http://${address}`);
  for (const [words, code, text] of [
    [['--port', 'x'], 2, /--port x is no whole number/],
    [['--port', '0', '--peer', '70000'], 2, /--peer 70000 is no whole number/],
    [['--port', port], 1, /cannot listen/],
    [['--port', '0', '--peer', port], 1, /cannot listen/],
  ] as const) {
    const program = start(t, 'examples/qio-board', words);
    t.equal((await program.ended).code, code, words.join(' '));
    t.match(program.err, text);
  }
  const help = start(t, 'examples/qio-board', ['--help']);
  t.equal((await help.ended).code, 0);
  t.match(help.out, /--peer[\s\S]*ED_QIO_BOARD_/);
});
