import t from 'tap';
import type { Handler, SystemActions } from '../../../lib/dispatcher/index.ts';
import { Dispatcher, systemCommands, unhandled } from '../../../lib/dispatcher/index.ts';
import type { Noted } from './correspondent.ts';
import { correspondent, decoded } from './correspondent.ts';

const commands = [
  'ALIVE',
  'HELP',
  'INVALID',
  'LEAK',
  'LOG_ROTATE',
  'QUITTING',
  'READY',
  'RESTART',
  'SERVICE_UNAVAILABLE',
  'STOP',
  'UNKNOWN',
];

function told(line: string, dispatcher = new Dispatcher().use(systemCommands())): Noted {
  const peer = correspondent();
  dispatcher.dispatch(decoded(line), peer);
  return peer;
}

t.test('knows the eleven commands, at priority 10', async t => {
  const dispatcher = new Dispatcher().use(systemCommands());
  t.same(dispatcher.commands, commands);
  t.same(
    dispatcher.matches,
    commands.map(command => `10 ${command}`),
  );
  t.equal(dispatcher.dispatch(decoded('FOO'), correspondent()), unhandled, 'the catch-all is not among them');
});

t.test('answers ALIVE with ABSOLUTELY, the echo and the time in nine digits', async t => {
  const [plain = ''] = told('ALIVE').said;
  t.match(plain, /^ABSOLUTELY reply_timestamp=\d{10,}\.\d{9}$/);
  const seconds = Number(/=(\d+)\./.exec(plain)?.[1]);
  t.ok(Math.abs(seconds - Date.now() / 1000) < 3600, 'it is the time of now');
  t.match(told('<s:v ALIVE serial=1;timestamp=5.25').said, [
    /^s:v\/ABSOLUTELY reply_timestamp=\d+\.\d{9};serial=1;timestamp=5\.25$/,
  ]);
  t.match(told('ALIVE serial=abc').said, [/^ABSOLUTELY reply_timestamp=\d+\.\d{9};serial=abc$/]);
  t.match(told('ALIVE _request=7').said, [/^ABSOLUTELY _answer=7;reply_timestamp=/]);
});

t.test('echoes the timestamp as it was written', async t => {
  for (const timestamp of ['5', '5.250', '-1', '007']) {
    t.ok(told(`ALIVE timestamp=${timestamp}`).said[0]?.endsWith(`;timestamp=${timestamp}`), timestamp);
  }
});

t.test('refuses an ALIVE whose timestamp is no time', async t => {
  for (const line of ['ALIVE timestamp=abc', 'ALIVE timestamp=']) {
    t.throws(() => told(line), { code: 'INVALID_PARAMETER', command: 'ALIVE' }, line);
  }
});

t.test('answers HELP with all commands that have a rule of their own, sorted', async t => {
  const dispatcher = new Dispatcher().on('QUIT', () => undefined).observe('DAD', () => undefined);
  dispatcher.use(systemCommands()).on(/^X/, () => undefined);
  const list = [...commands, 'DAD', 'QUIT'].toSorted((a, b) => (a < b ? -1 : 1)).join(',');
  t.same(told('<s:v HELP', dispatcher).said, [`s:v/COMMANDS list=${list}`]);
  dispatcher.on('AARDVARK', () => undefined);
  t.same(told('HELP', dispatcher).said, [`COMMANDS list=AARDVARK,${list}`], 'also those that came later');
});

t.test('each of the others is noted in the log by default, with the connection, and not answered', async t => {
  const expected: Readonly<Record<string, readonly [severity: string, words: string | RegExp]>> = {
    READY: ['info', 'READY received'],
    'READY my_address=1.2.3.4:5': ['info', 'READY received'],
    STOP: ['warn', 'STOP received, and nothing is set up for it'],
    QUITTING: ['warn', 'QUITTING received, and nothing is set up for it'],
    RESTART: ['warn', 'RESTART received, and nothing is set up for it'],
    LOG_ROTATE: ['warn', 'LOG_ROTATE received, and nothing is set up for it'],
    LEAK: ['info', /^memory in use: .*heapUsed/],
    'SERVICE_UNAVAILABLE destination_service=a;unsent_command=B': ['warn', 'B did not reach a'],
    'INVALID command=X;message=why': ['error', 'INVALID received about X'],
    UNKNOWN: ['error', 'UNKNOWN received about a message'],
  };
  for (const [line, [severity, message]] of Object.entries(expected)) {
    const { said, logger } = told(line);
    t.same(said, [], line);
    t.equal(logger.lines.length, 1, line);
    t.match(logger.lines[0], { severity, message, fields: { connection: 'peer' } }, line);
  }
  t.equal(told('INVALID command=X;message=why').logger.lines[0]?.fields.reason, 'why');
});

t.test('parameters of the commands are checked', async t => {
  for (const line of ['READY my_address=', 'SERVICE_UNAVAILABLE', 'SERVICE_UNAVAILABLE destination_service=a']) {
    t.throws(() => told(line), { code: 'INVALID_PARAMETER' }, line);
  }
});

t.test('a service says what it does on each', async t => {
  const done: string[] = [];
  const note =
    (name: string): Handler<never> =>
    () => {
      done.push(name);
    };
  const actions: { readonly [K in keyof SystemActions]: string } = {
    ready: 'READY my_address=1.2.3.4:5',
    stop: 'STOP',
    quitting: 'QUITTING',
    restart: 'RESTART',
    logRotate: 'LOG_ROTATE',
    leak: 'LEAK',
    unavailable: 'SERVICE_UNAVAILABLE destination_service=a;unsent_command=B',
    complaint: 'INVALID',
  };
  for (const [action, line] of Object.entries(actions)) {
    const dispatcher = new Dispatcher().use(systemCommands({ [action]: note(action) }));
    t.same(told(line, dispatcher).logger.lines, [], `${line}: the default is not done`);
  }
  t.same(done, Object.keys(actions));
});

t.test('an action that is undefined keeps its default, an unknown one is refused', async t => {
  const dispatcher = new Dispatcher().use(systemCommands({ stop: undefined }));
  t.equal(told('STOP', dispatcher).logger.lines.length, 1);
  const actions = { stop: undefined, stopp: () => undefined };
  t.throws(() => systemCommands(actions), { name: 'UsageError', code: 'UNKNOWN_OPTION' });
});

t.test('a rule of the service goes before the system rule', async t => {
  const done: string[] = [];
  const note = (name: string) => (): void => void done.push(name);
  const dispatcher = new Dispatcher().use(systemCommands({ stop: note('system') }));
  dispatcher.on(/^STOP$/, note('own pattern'));
  told('STOP', dispatcher);
  t.same(done, ['own pattern'], 'also one that was added later');
});

t.test('a service may have its own exact rule for a system command', async t => {
  const done: string[] = [];
  const note = (name: string) => (): void => void done.push(name);
  for (const order of ['before', 'after']) {
    const dispatcher = new Dispatcher();
    if (order === 'before') dispatcher.on('STOP', note(order));
    dispatcher.use(systemCommands({ stop: note('system') }));
    if (order === 'after') dispatcher.on('STOP', note(order));
    told('STOP', dispatcher);
  }
  t.same(done, ['before', 'after']);
});
