// What the console of ed-message completes, keeps and takes for a message.

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Message } from '../../lib/index.ts';
import { completions, consoleCommands } from '../../tools/ed-message/completion.ts';
import { History, historyPath, longestHistory } from '../../tools/ed-message/history.ts';
import { messageOf, shown } from '../../tools/ed-message/words.ts';
import { folderOf } from '../support/folder.ts';

const known = {
  commands: ['EVENT', 'EVEN', 'HELP', 'STOP'],
  parameters: (command: string): string[] => (command === 'EVENT' ? ['id', 'idle', 'text'] : []),
};

t.test('completes commands, behind a target and a sender too', async t => {
  t.same(completions('', known), [known.commands, '']);
  t.same(completions('EV', known), [['EVENT', 'EVEN'], 'EV']);
  t.same(completions('X', known), [[], 'X']);
  t.same(completions('svc/EVEN', known), [['EVENT', 'EVEN'], 'EVEN']);
  t.same(completions('srv:svc/H', known), [['HELP'], 'H']);
  t.same(completions('<a:b HE', known), [['HELP'], 'HE']);
});

t.test('completes the parameters that are left', async t => {
  t.same(completions('EVENT ', known), [['id=', 'idle=', 'text='], '']);
  t.same(completions('EVENT i', known), [['id=', 'idle='], 'i']);
  t.same(completions('svc/EVENT id=1;', known), [['idle=', 'text='], '']);
  t.same(completions('EVENT id=1;te', known), [['text='], 'te']);
  t.same(completions('EVENT id=1', known), [[], 'id=1'], 'a value is the service’s own');
  t.same(completions('HELP ', known), [[], '']);
});

t.test('completes what is of the console', async t => {
  t.same(completions('.', known), [[...consoleCommands], '.']);
  t.same(completions('.q', known), [['.quit'], '.q']);
});

t.test('a message is what a service would take for one', async t => {
  t.equal(messageOf('svc/EVENT id=1')?.get('id'), '1');
  t.equal(messageOf('  '), undefined);
  t.equal(messageOf('# a comment'), undefined);
  t.throws(() => messageOf('event id=1'), { code: 'INVALID_VALUE', message: /"event" is no command/ });
  t.throws(() => messageOf('EVENT id="open'), { code: 'INVALID_LINE' });
  t.throws(() => messageOf('EVENT a-b=1'), { code: /INVALID/ });
});

t.test('what is shown cannot act on a terminal', async t => {
  const message = Message.of('EVENT', { text: '\u001b[2J' });
  t.notMatch(shown(message, false), '\u001b');
  t.notMatch(shown(message, true), '\u001b[2J');
  t.ok(shown(Message.of('UNKNOWN', { command: 'X' }), true).startsWith('\u001b[31mUNKNOWN command=X'));
});

t.test('the history is a file of its owner', async t => {
  const home = folderOf(t);
  const path = historyPath({ HOME: home });
  t.equal(path, join(home, '.local/state/ed-communicator/ed-message.history'));
  t.equal(historyPath({ HOME: home, XDG_STATE_HOME: '/s' }), '/s/ed-communicator/ed-message.history');
  const troubles: string[] = [];
  const history = new History(path, text => troubles.push(text));
  t.same(history.load(), []);
  for (const line of ['HELP', ' ', 'STOP secret_code=x', 'EVENT id=1']) history.add(line);
  t.equal(readFileSync(path, 'utf8'), 'HELP\nEVENT id=1\n', 'without secrets');
  t.equal(statSync(path).mode & 0o777, 0o600);
  chmodSync(path, 0o644);
  t.same(new History(path, text => troubles.push(text)).load(), ['HELP', 'EVENT id=1']);
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.same(troubles, []);
});

t.test('an old history is cut', async t => {
  const path = join(folderOf(t), 'h');
  const lines = Array.from({ length: longestHistory + 5 }, (_, at) => `EVENT n=${at}`);
  writeFileSync(path, `${lines.join('\n')}\n`);
  const loaded = new History(path, text => t.fail(text)).load();
  t.same([loaded.length, loaded[0]], [longestHistory, 'EVENT n=5']);
  t.equal(readFileSync(path, 'utf8').split('\n').length, longestHistory + 1);
});

t.test('a history that cannot be is told once', async t => {
  const path = join(folderOf(t), 'h');
  mkdirSync(path);
  const troubles: string[] = [];
  const history = new History(path, text => troubles.push(text));
  t.same(history.load(), []);
  history.add('HELP');
  t.equal(troubles.length, 1);
  t.match(troubles[0], /^what is typed is not kept: EISDIR/);
  const none = new History(undefined, text => troubles.push(text));
  none.add('HELP');
  t.same([none.load(), troubles.length], [[], 1]);
});
