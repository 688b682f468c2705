import t from 'tap';
import type { Handler } from '../../../lib/dispatcher/index.ts';
import { Dispatcher, priorities, unhandled } from '../../../lib/dispatcher/index.ts';
import { defineMessage, integer } from '../../../lib/message/index.ts';
import { LogBook } from '../../support/world.ts';
import { correspondent, decoded } from './correspondent.ts';

/** Handlers that note their name, and the names noted. */
function notes(): { done: string[]; note: (name: string) => Handler } {
  const done: string[] = [];
  return {
    done,
    note: name => () => {
      done.push(name);
      return name;
    },
  };
}

const send = (dispatcher: Dispatcher, line: string): unknown => dispatcher.dispatch(decoded(line), correspondent());
const duplicate = { name: 'UsageError', code: 'DUPLICATE_RULE' };

t.test('an exact command goes to its rule, with message and connection', async t => {
  const seen: unknown[] = [];
  const dispatcher = new Dispatcher().on('HI', (message, connection) => {
    seen.push(message.get('x'), connection.name);
    return 'done';
  });
  t.equal(dispatcher.dispatch(decoded('HI x=1'), correspondent('me')), 'done');
  t.same(seen, ['1', 'me']);
});

t.test('a message that no rule takes is unhandled', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher().on('HI', note('hi')).on(/^B/, note('b'));
  for (const line of ['HO', 'hi', 'HIGH', 'AB']) t.equal(send(dispatcher, line), unhandled, line);
  t.same(done, []);
  t.equal(send(new Dispatcher(), 'HI'), unhandled);
});

t.test('commands named as what every object has find no rule of their own', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher().on('HI', note('hi'));
  for (const line of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '__proto__ __proto__=1']) {
    t.equal(send(dispatcher, line), unhandled, line);
  }
  dispatcher.otherwise(note('rest'));
  for (const line of ['constructor', '__proto__']) t.equal(send(dispatcher, line), 'rest', line);
  t.same(done, ['rest', 'rest']);
});

t.test('patterns and predicates choose among messages', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher()
    .on(/^SET_/, note('set'))
    .on(message => message.get('urgent') === 'true', note('urgent'))
    .on('SET_TIME', note('time'));
  t.equal(send(dispatcher, 'SET_SIZE'), 'set');
  t.equal(send(dispatcher, 'RUN urgent=true'), 'urgent');
  t.equal(send(dispatcher, 'SET_TIME'), 'set', 'the rule that came first');
  t.equal(send(dispatcher, 'RUN'), unhandled);
});

t.test('a pattern with memory of its own matches each time', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher().on(/A/g, note('g')).on(/B/y, note('y')).on(/c/i, note('i'));
  for (let time = 0; time < 3; time += 1) {
    t.same([send(dispatcher, 'XA'), send(dispatcher, 'XB'), send(dispatcher, 'XC')], ['g', 'y', 'i']);
  }
});

t.test('a definition gives its handler checked values', async t => {
  const EVENT = defineMessage('EVENT', { id: integer() });
  const ids: number[] = [];
  const dispatcher = new Dispatcher().on(EVENT, message => {
    ids.push(message.parameters.id);
  });
  send(dispatcher, 'EVENT id=7');
  t.same(ids, [7]);
  t.throws(() => send(dispatcher, 'EVENT id=x'), { name: 'PeerError', code: 'INVALID_PARAMETER', command: 'EVENT' });
  t.throws(() => send(dispatcher, 'EVENT'), { message: 'parameter id: it is missing' });
  t.same(ids, [7], 'the handler is not called with bad values');
  t.throws(() => dispatcher.on('EVENT', () => undefined), duplicate);
});

t.test('the catch-all comes last, whatever was added after it', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher().otherwise(note('rest')).on('HI', note('hi'), { priority: 15 });
  t.same([send(dispatcher, 'HI'), send(dispatcher, 'HO')], ['hi', 'rest']);
  t.throws(() => dispatcher.otherwise(note('again')), duplicate);
  t.throws(() => dispatcher.otherwiseUnknown(), duplicate);
});

t.test('otherwiseUnknown answers UNKNOWN, and never about an UNKNOWN of UNKNOWN', async t => {
  const dispatcher = new Dispatcher().otherwiseUnknown();
  const peer = correspondent();
  for (const line of ['<a:b FOO x=1', 'lower', 'UNKNOWN command=X', 'UNKNOWN command=UNKNOWN']) {
    dispatcher.dispatch(decoded(line), peer);
  }
  t.same(peer.said, ['a:b/UNKNOWN command=FOO', 'UNKNOWN command=lower', 'UNKNOWN command=UNKNOWN']);
});

t.test('observe acts and lets the search go on', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher().on('HI', note('hi')).observe('HI', note('seen')).observe(/./, note('all'));
  t.equal(send(dispatcher, 'HI'), 'hi', 'the result is that of the rule that took it');
  t.same(done, ['seen', 'all', 'hi']);
});

t.test('what was only observed does not go to the catch-all', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher().observe('HI', note('seen')).otherwise(note('rest'));
  send(dispatcher, 'HI');
  send(dispatcher, 'HO');
  t.same(done, ['seen', 'rest']);
});

t.test('rules go by priority, and in the order of arrival within one', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher();
  const rules: [name: string, priority: number | undefined][] = [
    ['a15', 15],
    ['b7', undefined],
    ['c0', 0],
    ['d7', 7],
    ['e0', 0],
    ['f10', 10],
    ['g7', undefined],
  ];
  for (const [name, priority] of rules) {
    dispatcher.observe(name === 'd7' ? /HI/ : 'HI', note(name), { priority: priority ?? priorities.default });
  }
  dispatcher.observe('HI', note('first'));
  send(dispatcher, 'HI');
  t.same(done, ['c0', 'e0', 'first', 'b7', 'd7', 'g7', 'f10', 'a15'], 'observe stands first by default');
});

t.test('the first rule that takes a message ends the search', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher()
    .observe('HI', note('late'), { priority: 9 })
    .on(/HI/, note('pattern'))
    .on('HI', note('exact'));
  t.equal(send(dispatcher, 'HI'), 'pattern');
  t.same(done, ['pattern']);
});

t.test('a second rule for one command is refused, and changes nothing', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher().on('HI', note('one'));
  t.throws(() => dispatcher.on('HI', note('two')), { ...duplicate, message: /rule for HI/ });
  t.throws(() => dispatcher.on('HI', note('two'), { priority: 0 }), duplicate);
  t.equal(send(dispatcher, 'HI'), 'one');
  t.doesNotThrow(() => dispatcher.observe('HI', note('a')).observe('HI', note('b')), 'any number may observe');
  t.doesNotThrow(() => dispatcher.on(/HI/, note('p')).on(/HI/, note('q')), 'and any number of patterns');
});

t.test('rules are removed by their tag, and by no other', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher()
    .on('HI', note('hi'), { tag: 'mine' })
    .on(/HO/, note('ho'), { tag: 'mine' })
    .on('HA', note('ha'))
    .otherwise(note('rest'));
  t.equal(dispatcher.remove('yours'), 0);
  t.equal(dispatcher.remove('mine'), 2);
  t.equal(dispatcher.remove('mine'), 0);
  t.same([send(dispatcher, 'HI'), send(dispatcher, 'HO'), send(dispatcher, 'HA')], ['rest', 'rest', 'ha']);
  t.doesNotThrow(() => dispatcher.on('HI', note('again')));
  t.equal(send(dispatcher, 'HI'), 'again');
});

t.test('a rule may be added and removed by a handler', async t => {
  const { note, done } = notes();
  const dispatcher = new Dispatcher();
  dispatcher.observe('HI', () => dispatcher.remove('once'), { priority: 1 });
  dispatcher.on('HI', note('hi'), { tag: 'once' });
  send(dispatcher, 'HI');
  send(dispatcher, 'HI');
  t.same(done, ['hi'], 'the message under way goes its way to the end');
});

t.test('options of rules are checked', async t => {
  const none = (): undefined => undefined;
  const dispatcher = new Dispatcher();
  for (const priority of [-1, 16, 1.5, Number.NaN]) {
    t.throws(() => dispatcher.on('A', none, { priority }), { code: 'OUT_OF_RANGE' }, String(priority));
  }
  for (const command of ['', 'lower', 'A B', '1A']) {
    t.throws(() => dispatcher.on(command, none), { code: 'INVALID_NAME' }, command);
  }
  const unknown = { priority: 1, prio: 1 };
  t.throws(() => dispatcher.on('A', none, unknown), { code: 'UNKNOWN_OPTION' });
  t.throws(() => dispatcher.on('A', undefined as unknown as Handler), { code: 'INVALID_VALUE' });
  const options = { trace: true, tracing: true };
  t.throws(() => new Dispatcher(options), { code: 'UNKNOWN_OPTION' });
  t.same(dispatcher.matches, [], 'nothing was added');
});

t.test('tells its commands and its rules', async t => {
  const none = (): undefined => undefined;
  const isOdd = (): boolean => false;
  const dispatcher = new Dispatcher()
    .on('B', none)
    .observe('A', none)
    .observe('B', none)
    .on(/^X/i, none, { priority: 12 })
    .on(isOdd, none)
    .on(() => false, none)
    .on(defineMessage('D', {}), none);
  t.same(dispatcher.commands, ['A', 'B', 'D']);
  const rules = ['0 A (goes on)', '0 B (goes on)', '7 B', '7 isOdd', '7 a predicate', '7 D', '12 /^X/i'];
  t.same(dispatcher.matches, rules);
  t.same(dispatcher.otherwise(none).matches, [...rules, 'everything else']);
});

t.test('showMatches logs each rule that is added', async t => {
  const logger = new LogBook();
  new Dispatcher({ showMatches: true, logger }).on('A', () => undefined).otherwiseUnknown();
  t.same(logger.texts('debug'), ['rule added: A', 'rule added: everything else']);
  new Dispatcher({ logger }).on('A', () => undefined);
  t.equal(logger.lines.length, 2, 'and none unless asked');
});

t.test('a pack adds its rules', async t => {
  const { note } = notes();
  const dispatcher = new Dispatcher().use(one => void one.on('A', note('a')).on('B', note('b')));
  t.same([dispatcher.commands, send(dispatcher, 'B')], [['A', 'B'], 'b']);
});
