import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { ServiceLoggerOptions, Severity } from '../../../lib/logging/index.ts';
import { serviceLogger, severities, silentLogger } from '../../../lib/logging/index.ts';
import { settled } from '../../../lib/testkit/virtual-clock.ts';

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly timestamp: string;
  readonly [field: string]: unknown;
}

const entriesOf = (path: string): Entry[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as Entry);

const library = new URL('../../../lib/index.js', import.meta.url).href;

/** What a program of its own writes to its standard error, and to its standard output. */
function printed(body: string, options: ServiceLoggerOptions, env: Record<string, string> = {}, tty = false): string[] {
  const program = `
    import { serviceLogger } from ${JSON.stringify(library)};
    if (${tty}) Object.defineProperty(process.stderr, 'isTTY', { value: true });
    const logger = await serviceLogger(${JSON.stringify(options)});
    ${body}`;
  const { PATH = '' } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { PATH, ...env },
  });
  t.equal(stdout, '', 'nothing on the standard output');
  return stderr.split('\n').slice(0, -1);
}

const all = "for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace']) logger.log(level, level);";
const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const escapeCharacter = String.fromCharCode(27);

t.test('severities go from fatal to trace, and info is the finest unless told', async t => {
  t.same(severities, ['fatal', 'error', 'warn', 'info', 'debug', 'trace']);
  for (const [level, finest] of [
    [undefined, 'info'],
    ['fatal', 'fatal'],
    ['debug', 'debug'],
    ['trace', 'trace'],
  ] as const) {
    const path = join(t.testdir(), 'service.log');
    const logger = await serviceLogger({ file: path, console: false, ...(level && { level }) });
    const enabled = severities.slice(0, severities.indexOf(finest) + 1);
    for (const severity of severities) {
      logger.log(severity, severity);
      t.equal(logger.isLevelEnabled(severity), enabled.includes(severity), `${severity} at ${level}`);
    }
    await settled(3);
    t.same(
      entriesOf(path).map(entry => entry.message),
      enabled,
      `${level}`,
    );
    logger.close();
  }
});

t.test('the file has one JSON object a line, with time and fields', async t => {
  const path = join(t.testdir(), 'service.log');
  const logger = await serviceLogger({ file: path, console: false, name: 'svc' });
  logger.log('warn', 'a\nb', { connection: 'peer', count: 3 });
  await settled(3);
  t.match(entriesOf(path), [{ level: 'warn', message: 'a\nb', connection: 'peer', count: 3 }]);
  t.match(entriesOf(path)[0]?.timestamp, new RegExp(`^${time}$`));
  logger.close();
});

t.test('reopen goes on in a new file, and says so', async t => {
  const path = join(t.testdir(), 'service.log');
  const logger = await serviceLogger({ file: path, console: false });
  logger.log('info', 'before');
  renameSync(path, `${path}.1`);
  logger.log('info', 'meanwhile');
  logger.reopen();
  logger.log('info', 'after');
  await settled(3);
  const words = (one: string): string[] => entriesOf(one).map(entry => entry.message);
  t.same(words(`${path}.1`), ['before', 'meanwhile']);
  t.same(words(path), [`log file ${path} reopened`, 'after']);
  logger.close();
});

t.test('a reopen that fails is logged in the old file, which stays in use', async t => {
  const folder = t.testdir({ log: {} });
  const path = join(folder, 'log', 'service.log');
  const logger = await serviceLogger({ file: path, console: false });
  renameSync(join(folder, 'log'), join(folder, 'old'));
  writeFileSync(join(folder, 'log'), 'in the way');
  t.doesNotThrow(() => logger.reopen());
  logger.log('info', 'after');
  await settled(3);
  const entries = entriesOf(join(folder, 'old', 'service.log'));
  t.match(entries, [
    { level: 'error', message: `log file ${path} cannot be reopened, the old one stays in use` },
    { message: 'after' },
  ]);
  logger.close();
});

t.test('a file that cannot be opened is told at once', async t => {
  await t.rejects(serviceLogger({ file: t.testdir(), console: false }), { code: 'EISDIR' });
});

t.test('a logger without console and file is silent, and no error', async t => {
  t.same(printed(all, { console: false }), []);
});

t.test('the console is the standard error, one line each, with time, severity, name and words', async t => {
  const lines = printed(all, { name: 'svc', level: 'trace' });
  t.match(
    lines,
    severities.map(level => new RegExp(`^${time} ${level.padEnd(5)} svc: ${level}$`)),
  );
  t.match(printed("logger.log('info', 'words')", {}), [new RegExp(`^${time} info  words$`)], 'no name, no colon');
});

t.test('fields follow the words', async t => {
  const fields = "{ connection: 'peer 1', count: 3, none: undefined, deep: { a: [1] }, error: new Error('bad') }";
  const [line = ''] = printed(`logger.log('warn', 'words', ${fields})`, {});
  t.match(line, /warn {2}words connection=peer 1 count=3 deep=\{"a":\[1\]\} error="bad"$/);
});

t.test('there are colours on a terminal, and none with NO_COLOR or into a file', async t => {
  const coloured = (env: Record<string, string>, tty: boolean): boolean =>
    printed("logger.log('error', 'words')", {}, env, tty).some(line => line.includes(escapeCharacter));
  t.equal(coloured({ FORCE_COLOR: '1' }, true), true);
  t.equal(coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, true), false);
  t.equal(coloured({ FORCE_COLOR: '1' }, false), false);
});

t.test('what was logged before the process ends is in the file', async t => {
  const path = join(t.testdir(), 'service.log');
  const body = `for (let at = 0; at < 1000; at += 1) logger.log('info', String(at)); process.exit(1);`;
  printed(body, { file: path, console: false });
  t.equal(entriesOf(path).length, 1000);
});

t.test('the silent logger says nothing at any severity', async t => {
  for (const severity of severities as readonly Severity[]) {
    t.equal(silentLogger.isLevelEnabled(severity), false);
    t.equal(silentLogger.log(severity, 'words'), undefined);
  }
});
